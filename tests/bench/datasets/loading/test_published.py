"""Published files: found plain or packed, checked, and fetched only where they are not."""

import pytest
from sgbench.bench.datasets.loading import published
from sgbench.bench.errors import DataError
from small_files.folders import packed, sha, write

CONTENTS = {"a": b"one", "b": b"two"}


def read(name, path):
    if path.suffix != ".gz" and path.read_bytes() != CONTENTS[name]:
        raise DataError(f"{path} is corrupt; remove it")


@pytest.fixture
def folders(tmp_path):
    return [tmp_path / "theirs", tmp_path / "own"]


def test_plain_before_packed(folders):
    write(folders[1], {**CONTENTS, **packed(CONTENTS)})
    found = published.locate_all("set", CONTENTS, folders)
    assert found == {name: folders[1] / name for name in CONTENTS}


def test_what_is_missing_is_named(folders):
    write(folders[0], {"a": b"one"})
    with pytest.raises(DataError, match="b not found") as caught:
        published.locate_all("set", CONTENTS, folders)
    assert "sgbench data fetch set" in str(caught.value)
    status = published.status("set", CONTENTS, folders, "files", "0" * 16)
    assert (status.state, status.folder) == ("missing", folders[0])
    write(folders[0], CONTENTS)
    assert published.status("set", CONTENTS, folders, "files", "0" * 16).state == "ready"


def test_each_file_is_checked(folders):
    write(folders[0], {"a": CONTENTS["a"], "b": b"other"})
    hashes = {name: sha(content) for name, content in CONTENTS.items()}
    a, b = published.check("set", hashes, folders, read)
    assert (a.found, a.problem) == (a.expected, None)
    assert b.found is None
    assert "corrupt" in b.problem


def test_files_of_others_are_read_and_kept(folders):
    names = {name: f"{name}.gz" for name in CONTENTS}
    write(folders[0], {"a": CONTENTS["a"]})
    assert list(published.to_fetch(names, folders, read)) == [("b", folders[1] / "b.gz")]
    write(folders[0], {"a": b"other"})
    with pytest.raises(DataError, match="corrupt"):
        list(published.to_fetch(names, folders, read))
