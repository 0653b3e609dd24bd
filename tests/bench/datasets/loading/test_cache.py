"""The cache of contents that take long to make."""

import pytest
from sgbench.bench.datasets.loading.cache import cached_contents, cached_hashes, write_files
from small_files.folders import sha

NAMES, CONTENTS = ("a", "b"), [b"one", b"two"]


def made():
    """A maker, and how often it was called."""
    calls = []

    def make():
        calls.append(1)
        return list(CONTENTS)

    return make, calls


def test_contents_are_made_once(cache):
    make, calls = made()
    for _ in range(3):
        assert cached_contents("key", NAMES, make) == CONTENTS
    assert cached_hashes("key", NAMES, make) == [sha(content) for content in CONTENTS]
    assert len(calls) == 1
    cached_contents("another key", NAMES, make)
    assert len(calls) == 2


@pytest.mark.parametrize("damage", ["changed", "missing", "no sums"])
def test_what_is_damaged_is_made_again(cache, damage):
    make, calls = made()
    cached_contents("key", NAMES, make)
    (entry,) = (cache / "converted").iterdir()
    if damage == "changed":
        (entry / "a").write_bytes(b"other")
    else:
        (entry / ("b" if damage == "missing" else "SHA256SUMS")).unlink()
    assert cached_contents("key", NAMES, make) == CONTENTS
    assert len(calls) == 2


def test_without_a_cache_folder_contents_are_made_each_time(cache):
    cache.write_bytes(b"a file, so that no folder can be made of it")
    make, calls = made()
    for _ in range(2):
        assert cached_contents("key", NAMES, make) == CONTENTS
    assert len(calls) == 2


def test_files_are_written_whole(tmp_path):
    write_files(tmp_path / "new", NAMES, CONTENTS)
    assert [(tmp_path / "new" / name).read_bytes() for name in NAMES] == CONTENTS
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a", "b"]
