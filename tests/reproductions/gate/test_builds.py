"""Which builds the gate compares: revisions, folders, and what it says where there are none."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from planted.checkouts import checkout, commit, git, plant
from planted.odd_git import OF_ANOTHER_OWNER, SLOW_STATUS, odd_git
from sgbench.bench.errors import UsageError
from sgbench.reproductions.gate import builds as gate_builds
from sgbench.reproductions.gate.builds import builds


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A checkout with two commits, the working folder in it."""
    folder = checkout(tmp_path / "clone")
    plant(folder, "bench/profiling/sampler.py", ("WIRE_VERSION = 1\n", "WIRE_VERSION = 2\n"))
    commit(folder, "the second")
    monkeypatch.chdir(folder)
    return folder


def imported(build):
    """Where a build's own process finds the package, and what it has in its sampler."""
    script = "import sgbench; print(sgbench.__file__)"
    done = subprocess.run(**build.command("-c", script), capture_output=True, text=True, check=True)
    folder = Path(done.stdout.strip()).parent
    return folder, int(
        re.findall(r"WIRE_VERSION = (\d)", (folder / "bench/profiling/sampler.py").read_text())[0]
    )


def test_a_revision_and_the_working_tree(here):
    with builds("HEAD~1") as (baseline, candidate):
        assert baseline.words == f"HEAD~1 ({git(here, 'rev-parse', 'HEAD~1')[:7]})"
        assert imported(baseline) == (baseline.parent / "sgbench", 1)
        assert imported(candidate) == (candidate.parent / "sgbench", 2)
        assert (candidate.parent / "sgbench").resolve() == here.resolve()
        assert len(git(here, "worktree", "list").splitlines()) == 2
    assert len(git(here, "worktree", "list").splitlines()) == 1
    assert not baseline.parent.exists()
    assert (here / "cli.py").exists()


def test_it_works_from_a_folder_inside(here, monkeypatch):
    monkeypatch.chdir(here / "bench")
    with builds("HEAD~1") as (baseline, candidate):
        assert (imported(baseline)[1], imported(candidate)[1]) == (1, 2)


def test_two_folders(here, tmp_path, monkeypatch):
    other = checkout(tmp_path / "other")
    monkeypatch.chdir(tmp_path)
    with builds("other", "clone") as (baseline, candidate):
        assert (baseline.words, candidate.words) == ("other", "clone")
        assert (imported(baseline)[1], imported(candidate)[1]) == (1, 2)
    assert (other / "cli.py").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no-such",), "--baseline no-such .*git log"),
        (("--upload-pack=x",), "--baseline --upload-pack=x .*git log"),
        (("HEAD", "nowhere"), "--candidate nowhere .*name a folder"),
        (("./.git",), "--baseline .git .*name a folder"),
    ],
)
def test_what_is_no_build(here, arguments, message):
    with pytest.raises(UsageError, match=message), builds(*arguments):
        pass


def test_changes_that_are_not_committed(here):
    plant(here, "bench/profiling/sampler.py", ("WIRE_VERSION = 2\n", "WIRE_VERSION = 3\n"))
    with (
        pytest.raises(UsageError, match=r"bench/profiling/sampler.py, .*--allow-dirty"),
        builds("HEAD"),
    ):
        pass
    with builds("HEAD", allow_dirty=True) as pair:
        assert [imported(build)[1] for build in pair] == [2, 3]
    git(here, "checkout", "--quiet", ".")
    (here / "notes.txt").write_text("no code")
    with builds("HEAD"):
        pass


def test_a_baseline_that_is_too_old(here):
    first = git(here, "rev-parse", "HEAD~1")
    git(here, "checkout", "--quiet", "--orphan", "old")
    git(here, "rm", "--quiet", "--cached", "bench/sampler.py")
    kept = (here / "bench/sampler.py").read_text()
    (here / "bench/sampler.py").unlink()
    commit(here, "before the gate")
    (here / "bench/sampler.py").write_text(kept)
    second = commit(here, "the gate")
    assert first != second
    with pytest.raises(UsageError) as caught, builds("HEAD~1"):
        pass
    for words in ("--baseline HEAD~1 (", "bench/sampler.py", f"baseline is {second[:7]}"):
        assert words in str(caught.value)


def test_no_checkout_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"--baseline HEAD .*name a folder"), builds("HEAD"):
        pass
    git(tmp_path, "init", "--quiet")  # some other project's
    with pytest.raises(UsageError, match=r"--baseline HEAD .*name a folder"), builds("HEAD"):
        pass


def refusal(*arguments, **options):
    with pytest.raises(UsageError) as caught, builds(*arguments, **options):
        pass
    return str(caught.value)


def test_no_git(here, monkeypatch):
    monkeypatch.setenv("PATH", "")
    words = refusal("HEAD~1")
    assert "git is not installed" in words
    assert "name folders by --baseline DIR" in words


def test_no_git_and_no_checkout(here, tmp_path, monkeypatch):
    shutil.rmtree(here / ".git")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    with builds("./clone", "clone") as pair:  # nothing is known of changes, and nothing can be
        assert [build.words for build in pair] == ["./clone", "clone"]


EDITED = ("bench/profiling/sampler.py", ("WIRE_VERSION = 2\n", "WIRE_VERSION = 3\n"))


@pytest.mark.parametrize("arguments", [("HEAD",), ("./", "."), ("bench", "."), (".", None)])
def test_a_checkout_of_another_owner_is_not_taken_for_a_clean_one(
    here, tmp_path, monkeypatch, arguments
):
    plant(here, *EDITED)
    odd_git(tmp_path / "bin", monkeypatch, OF_ANOTHER_OWNER)
    words = refusal(*arguments)
    assert "dubious ownership" in words
    assert f"git config --global --add safe.directory {here}" in words


def test_a_state_that_is_accepted_is_not_asked_for(here, tmp_path, monkeypatch):
    odd_git(tmp_path / "bin", monkeypatch, OF_ANOTHER_OWNER)
    with builds("./", ".", allow_dirty=True) as pair:
        assert [imported(build)[1] for build in pair] == [2, 2]


def test_a_status_that_takes_too_long_is_not_taken_for_a_clean_one(here, tmp_path, monkeypatch):
    plant(here, *EDITED)
    odd_git(tmp_path / "bin", monkeypatch, SLOW_STATUS)
    monkeypatch.setattr(gate_builds, "STATUS_SECONDS", 0.5)
    words = refusal("HEAD")
    assert "is not known (git status gave no answer within 0.5 s)" in words
    assert "--allow-dirty" in words


def test_a_repository_that_git_cannot_read(here):
    (here / ".git" / "HEAD").write_text("damaged")
    assert "fatal: not a git repository" in refusal("HEAD")
    assert "fatal: not a git repository" in refusal("./", ".")


def test_an_empty_baseline(here):
    assert "$BASE" in refusal("")
    assert "--candidate is empty" in refusal("HEAD", "")


def test_a_shallow_clone(here, tmp_path, monkeypatch):
    first = git(here, "rev-parse", "HEAD~1")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{here}", "shallow")
    monkeypatch.chdir(tmp_path / "shallow")
    for revision in ("HEAD~1", first):
        assert "fetch-depth: 0" in refusal(revision)


def test_hooks_of_the_user_are_not_run(here):
    hook = here / ".git" / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    with builds("HEAD~1") as (baseline, _):
        assert imported(baseline)[1] == 1


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ('case "$*" in *"worktree add"*) {git} "$@"; echo fatal: on fire >&2; exit 9;; esac;'
         ' exec {git} "$@"', "fatal: on fire"),
        ('case "$*" in *"worktree add"*) {git} "$@"; sleep 60;; esac; exec {git} "$@"',
         "no answer within 2 s"),
    ],
    ids=["fails", "hangs"],
)  # fmt: skip
def test_a_worktree_that_fails_leaves_nothing(here, tmp_path, monkeypatch, script, told):
    odd_git(tmp_path / "bin", monkeypatch, script)
    monkeypatch.setattr(gate_builds, "CHECKOUT_SECONDS", 2.0)
    words = refusal("HEAD~1")
    assert told in words
    assert "check it out yourself" in words
    assert len(git(here, "worktree", "list").splitlines()) == 1


def test_a_worktree_that_git_left_locked_is_removed(here, tmp_path):
    """As one is that git was killed over, before it had written the files."""
    at = tmp_path / "left"
    git(here, "worktree", "add", "--quiet", "--lock", "--detach", str(at), "HEAD~1")
    shutil.rmtree(at)
    gate_builds._remove_worktree(here, at)
    assert len(git(here, "worktree", "list").splitlines()) == 1


def test_hooks_do_not_lead_elsewhere(here, tmp_path, monkeypatch):
    """Git hooks run with GIT_DIR set, which would point at the hook's repository."""
    other = checkout(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    with builds("HEAD~1") as (baseline, _):
        assert imported(baseline)[1] == 1


def test_the_builds_run_on_one_thread(here, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    with builds("HEAD") as (baseline, _):
        how = baseline.command("-c", "")
    assert how["args"][0] == sys.executable
    assert how["env"]["OMP_NUM_THREADS"] == "1"
    assert gate_builds.NAMES == ("baseline", "candidate")
