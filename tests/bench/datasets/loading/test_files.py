"""Files of data: how they are found and hashed, and what is said of bad ones."""

import gzip

import platformdirs
import pytest
from sgbench.bench import datasets
from sgbench.bench.datasets.loading import files
from sgbench.bench.errors import DataError, UsageError
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


def test_folders_are_called_so_however_they_are_written(tmp_path):
    for name in ("Penn-Treebank", "penn_treebank", "penntreebanks", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "penntreebank").touch()  # a file is no folder
    found = files.folders_called(tmp_path, {"penntreebank"}.__contains__)
    assert found == [tmp_path / "Penn-Treebank", tmp_path / "penn_treebank"]
    assert files.folders_called(tmp_path / "none", {"penntreebank"}.__contains__) == []


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


@pytest.fixture
def homeless(monkeypatch):
    """A user without a home folder, as of a container's arbitrary uid and `env -i`."""
    monkeypatch.undo()  # of the cache folder that all these tests have

    def none(*_):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr(platformdirs, "user_cache_path", none)
    monkeypatch.delenv("SGBENCH_DATA", raising=False)


def test_older_platformdirs_leave_the_home_as_it_is_written(monkeypatch):
    monkeypatch.undo()
    assert files.cache_folder().is_absolute()
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: files.Path("~/.cache", name))
    assert files.cache_folder() is None


@pytest.mark.usefixtures("homeless")
def test_without_a_home_a_folder_is_asked_for_only_where_files_are_needed():
    assert files.cache_folder() is None
    datasets.fetch("digits")
    assert len(datasets.load("digits").test_labels)
    assert datasets.data_hash("mnist") == datasets.canonical_hash("mnist")
    for name in ("mnist", "cifar10", "ptb"):
        status = datasets.status(name)
        assert (status.state, status.folder) == ("missing", None)
        with pytest.raises(DataError, match=r"there is no home folder .*--data-dir") as caught:
            datasets.load(name)
        assert str(files.NOWHERE) not in str(caught.value)
        with pytest.raises(UsageError, match=r"there is no home folder .*--data-dir"):
            datasets.fetch(name)


@pytest.mark.usefixtures("homeless")
def test_without_a_home_data_is_found_where_it_is_named(tmp_path):
    assert files.resolve(tmp_path) == tmp_path
    with pytest.raises(DataError, match=str(tmp_path)):
        datasets.load("mnist", tmp_path)
