"""Questions to git: an answer, or git's own reason."""

import pytest
from planted.checkouts import commit
from planted.checkouts import git as run_git
from planted.odd_git import OF_ANOTHER_OWNER, SLOW_STATUS, odd_git
from sgbench.results.git import GitError, checkout_around, commit_of, git, remedy


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "here"
    (folder / "inside").mkdir(parents=True)
    (folder / "inside" / "a.py").write_text("a = 1\n")
    run_git(folder, "init", "--quiet")
    commit(folder)
    return folder


def why(folder, *arguments, **options):
    with pytest.raises(GitError) as caught:
        git(folder, *arguments, **options)
    return caught.value


def test_an_answer_is_gits_output(here):
    assert git(here, "status", "--porcelain") == ""
    (here / "b.py").write_text("")
    assert git(here, "status", "--porcelain") == "?? b.py"


def test_a_failure_is_gits_own_last_line(here, tmp_path):
    assert "not a git command" in str(why(here, "no-such-verb"))
    error = why(tmp_path, "status")
    assert str(error).startswith("fatal: not a git repository")
    assert error.code == 128


def test_a_checkout_of_another_owner(here, tmp_path, monkeypatch):
    odd_git(tmp_path / "bin", monkeypatch, OF_ANOTHER_OWNER)
    error = why(here, "status")
    assert str(error).startswith("fatal: detected dubious ownership")
    assert f"git config --global --add safe.directory {here}" in remedy(error, here)


def test_git_that_is_missing_or_hangs(here, tmp_path, monkeypatch):
    odd_git(tmp_path / "bin", monkeypatch, SLOW_STATUS)
    error = why(here, "status", "--short", patience=0.2)
    assert (str(error), error.code) == ("git status gave no answer within 0.2 s", None)
    monkeypatch.setenv("PATH", "")
    assert "git is not installed" in str(why(here, "status"))


def test_the_commit_of_a_revision(here):
    assert commit_of(here, "HEAD") == run_git(here, "rev-parse", "HEAD")
    assert commit_of(here, "no-such") is commit_of(here, "--all") is commit_of(here, "") is None


def test_a_failure_is_not_an_unknown_revision(here, tmp_path, monkeypatch):
    odd_git(tmp_path / "bin", monkeypatch, OF_ANOTHER_OWNER)
    with pytest.raises(GitError, match="dubious ownership"):
        commit_of(here, "HEAD")


def test_checkouts_are_found_without_git(here, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert checkout_around(here) == checkout_around(here / "inside") == here.resolve()
    assert checkout_around(tmp_path) is None
