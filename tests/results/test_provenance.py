"""Which code made a record: the package's own checkout only, and never an error."""

import shutil
import subprocess

import pytest
from planted.odd_git import OF_ANOTHER_OWNER, SLOW_STATUS, odd_git
from sgbench.results import git as asking
from sgbench.results import provenance
from sgbench.results.provenance import Revision, revision_of

UNKNOWN = Revision(None, None)


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):  # set where a hook runs the tests
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "checkout"
    (folder / "bench").mkdir(parents=True)
    (folder / "bench" / "loop.py").write_text("a = 1\n")
    (folder / "notes.md").write_text("notes\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Start")
    return folder


def test_a_clean_checkout_has_its_commit(checkout):
    assert revision_of(checkout) == Revision(git(checkout, "rev-parse", "HEAD"), False)


def test_code_that_differs_is_dirty_and_notes_are_not(checkout):
    (checkout / "notes.md").write_text("more\n")
    (checkout / "figure.png").write_bytes(b"png")
    assert revision_of(checkout).dirty is False
    (checkout / "bench" / "loop.py").write_text("a = 2\n")
    assert revision_of(checkout).dirty is True


@pytest.mark.parametrize("name", ["bench/new.py", "exhibit.toml"])
def test_code_that_is_not_yet_added_is_dirty(checkout, name):
    (checkout / name).write_text("")
    assert revision_of(checkout).dirty is True


def test_a_package_inside_anothers_checkout_has_no_revision(checkout):
    assert revision_of(checkout / "bench") == UNKNOWN


def test_other_folders_have_no_revision(tmp_path, checkout):
    assert revision_of(tmp_path) == UNKNOWN
    assert revision_of(tmp_path / "missing") == UNKNOWN


def test_a_checkout_without_a_commit_has_no_revision_and_says_so(checkout):
    shutil.rmtree(checkout / ".git")
    git(checkout, "init", "-q")
    assert "it has no commit yet" in problem(checkout)


def test_the_environment_of_a_git_hook_does_not_mislead(checkout, tmp_path, monkeypatch):
    commit = git(checkout, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(checkout / ".git"))
    assert revision_of(tmp_path) == UNKNOWN
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert revision_of(checkout).commit == commit


def problem(folder):
    found = revision_of(folder)
    assert (found.commit, found.dirty) == (None, None)
    return found.problem


def test_without_git_a_checkout_has_no_revision_and_says_so(checkout, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "git is not installed" in problem(checkout)
    assert revision_of(tmp_path) == UNKNOWN


def test_git_that_hangs_is_not_waited_for(checkout, tmp_path, monkeypatch):
    monkeypatch.setattr(asking, "PATIENCE", 0.5)
    odd_git(tmp_path / "bin", monkeypatch, SLOW_STATUS)
    assert "no answer within 0.5 s" in problem(checkout)


def test_a_checkout_of_another_owner_has_no_revision_and_says_so(checkout, tmp_path, monkeypatch):
    odd_git(tmp_path / "bin", monkeypatch, OF_ANOTHER_OWNER)
    assert "safe.directory" in problem(checkout)


def test_a_git_folder_that_is_none_is_no_package_inside_anothers_checkout(checkout):
    (checkout / "bench" / ".git").mkdir()
    assert "its .git is no repository" in problem(checkout / "bench")


def test_a_revision_that_is_not_known_is_told_once(monkeypatch):
    monkeypatch.setattr(provenance, "revision", lambda: Revision(None, None, "no revision"))
    monkeypatch.setattr(provenance, "_told", set())
    assert (provenance.warnings(), provenance.warnings()) == (["no revision"], [])
    monkeypatch.setattr(provenance, "revision", lambda: Revision("f" * 40, False))
    assert provenance.warnings() == []


def test_the_release_is_a_version_or_unknown(monkeypatch):
    assert provenance.release()[0].isdigit()

    def missing(name):
        raise provenance.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(provenance.importlib.metadata, "version", missing)
    assert provenance.release.__wrapped__() == "unknown"
