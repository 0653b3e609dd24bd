"""Files of data: how they are found and hashed, and what is said of bad ones."""

import gzip

from sgbench.bench.datasets.loading import files
from small_files.folders import sha


def test_the_first_file_is_found_folder_by_folder(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
    (two / "a").touch()
    (one / "b").touch()
    assert files.find([one, two], ["a", "b"]) == two / "a"
    assert files.find([one], ["a"]) is None
    assert files.find([tmp_path], ["one"]) is None  # a folder is no file


def test_a_changed_file_is_hashed_anew(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    assert files.sha256_once(path) == files.sha256_of(path) == sha(b"one")
    path.write_bytes(b"three")
    assert files.sha256_once(path) == sha(b"three")


def test_one_identity_of_several_hashes():
    assert files.digest(["a", "b"]) != files.digest(["b", "a"])
    assert len(bytes.fromhex(files.digest([]))) == 8


def test_packed_files_are_read_unpacked(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one"))
    for name in ("a", "a.gz"):
        with files.open_maybe_gzip(tmp_path / name) as stream:
            assert stream.read() == b"one"


def test_a_bad_file_has_a_remedy(tmp_path):
    published = str(files.corrupt("mnist", tmp_path / "a", "it is\ncut", "0123"))
    assert "it is cut" in published
    assert "0123" in published
    assert "sgbench data fetch mnist" in published
    own = str(files.corrupt(None, tmp_path / "a", "it is cut"))
    assert "replace it" in own
    assert "fetch" not in own


def test_an_installed_package_is_found_without_its_import():
    (folder,) = files.installed("sklearn", "datasets")
    assert (folder / "data").is_dir()
    assert files.installed("no_such_package") == []
