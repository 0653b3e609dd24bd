"""The cache of contents that take long to make."""

import os
import subprocess
import sys
import textwrap

import pytest
from sgbench.bench.datasets.loading import cache as cache_module
from sgbench.bench.datasets.loading.cache import (
    TEMPORARY,
    cached_contents,
    cached_hashes,
    write_files,
)
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
        assert cached_contents("key", NAMES, make, "key") == CONTENTS
    assert cached_hashes("key", NAMES, make, "key") == [sha(content) for content in CONTENTS]
    assert len(calls) == 1
    cached_contents("another key", NAMES, make, "key")
    assert len(calls) == 2


@pytest.mark.parametrize("damage", ["changed", "missing", "no sums"])
def test_what_is_damaged_is_made_again(cache, damage):
    make, calls = made()
    cached_contents("key", NAMES, make, "key")
    (entry,) = (cache / "converted").iterdir()
    if damage == "changed":
        (entry / "a").write_bytes(b"other")
    else:
        (entry / ("b" if damage == "missing" else "SHA256SUMS")).unlink()
    assert cached_contents("key", NAMES, make, "key") == CONTENTS
    assert len(calls) == 2


@pytest.fixture
def own_temporary(monkeypatch):
    monkeypatch.setenv(TEMPORARY, "")


@pytest.mark.usefixtures("own_temporary")
def test_where_the_cache_cannot_be_written_contents_are_made_once_and_it_is_said(cache, capsys):
    cache.write_bytes(b"a file, so that no folder can be made of it")
    make, calls = made()
    for _ in range(2):
        assert cached_contents("key", NAMES, make, "making") == CONTENTS
    assert cached_hashes("key", NAMES, make, "making") == [sha(content) for content in CONTENTS]
    assert len(calls) == 1
    told = f"making (kept until this command ends: the cache folder {cache} cannot be written)\n"
    assert capsys.readouterr().err == told


@pytest.mark.usefixtures("own_temporary")
def test_where_there_is_no_home_contents_are_made_once(monkeypatch, capsys):
    monkeypatch.setattr(cache_module, "cache_folder", lambda: None)
    make, calls = made()
    for _ in range(2):
        assert cached_contents("key", NAMES, make, "making") == CONTENTS
    assert len(calls) == 1
    assert "no home folder" in capsys.readouterr().err


@pytest.mark.usefixtures("own_temporary")
def test_without_any_folder_contents_are_made_each_time_and_it_is_said(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(cache_module, "cache_folder", lambda: None)
    monkeypatch.setattr(cache_module.tempfile, "tempdir", str(tmp_path / "nowhere"))
    make, calls = made()
    for _ in range(2):
        assert cached_contents("key", NAMES, make, "making") == CONTENTS
    assert len(calls) == 2
    assert "making (not kept: " in capsys.readouterr().err


def test_a_written_cache_is_said_to_be_kept(cache, capsys):
    cached_contents("key", NAMES, made()[0], "making")
    assert capsys.readouterr().err == "making (kept in the cache folder)\n"


def test_processes_share_the_temporary_folder_and_it_goes_with_the_first(tmp_path):
    """A child process finds what its parent has made, and leaves it there."""
    make = textwrap.dedent(
        """
        import os, subprocess, sys
        from sgbench.bench.datasets.loading.cache import TEMPORARY, cached_contents
        def make():
            print("made", flush=True)
            return [b"one"]
        cached_contents("key", ["a"], make, "making")
        if len(sys.argv) == 1:
            print(os.environ[TEMPORARY], flush=True)
            subprocess.run([sys.executable, __file__, "child"], check=True)
            assert os.listdir(os.environ[TEMPORARY]) == ["key"]
        """
    )
    script = tmp_path / "script.py"
    script.write_text(make)
    (tmp_path / "file").touch()
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}
    env.pop(TEMPORARY, None)
    done = subprocess.run(
        [sys.executable, str(script)], env=env, capture_output=True, text=True, check=True
    )
    first, folder = done.stdout.split()
    assert first == "made"
    assert folder.startswith(str(tmp_path))
    assert not os.path.exists(folder)


def test_files_are_written_whole(tmp_path):
    write_files(tmp_path / "new", NAMES, CONTENTS)
    assert [(tmp_path / "new" / name).read_bytes() for name in NAMES] == CONTENTS
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a", "b"]
