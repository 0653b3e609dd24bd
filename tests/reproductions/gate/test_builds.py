"""Which builds the gate compares: revisions, folders, and what it says where there are none."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from planted.checkouts import checkout, commit, git, plant
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


def test_no_git(here, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match=r"--baseline HEAD~1 .*name a folder"), builds("HEAD~1"):
        pass


def test_hooks_do_not_lead_elsewhere(here, tmp_path, monkeypatch):
    """Git hooks run with GIT_DIR set, which would point at the hook's repository."""
    other = checkout(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    with builds("HEAD~1") as (baseline, _):
        assert imported(baseline)[1] == 1


def test_the_builds_run_on_one_thread(here):
    with builds("HEAD") as (baseline, _):
        how = baseline.command("-c", "")
    assert how["args"][0] == sys.executable
    assert how["env"]["OMP_NUM_THREADS"] == "1"
    assert gate_builds.NAMES == ("baseline", "candidate")
