"""The two builds of sgbench that a gate compares: a git revision, or a folder as it is.

A revision is checked out as a worktree; a folder is linked. Either way the build's code lies in a
temporary folder under the name `sgbench`, which is how Python finds it as the package.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...bench.errors import UsageError
from ...bench.paths import expand_home, path_argument
from ...results.git import GitError, checkout_around, commit_of, git, remedy
from ...results.provenance import CODE

SAMPLER = "bench/sampler.py"
NAMES = ("baseline", "candidate")
CHECKOUT_SECONDS = 600.0  # for git to write a worktree, on a slow disk
STATUS_SECONDS = 60.0  # for git to find what has changed


@dataclass(frozen=True, kw_only=True)
class Build:
    """One version of sgbench's code.

    Attributes:
        name: `baseline` or `candidate`.
        words: how messages call it: `HEAD~1 (1a2b3c4)`, or a folder.
        parent: the folder that contains it as `sgbench`.
    """

    name: str
    words: str
    parent: Path

    def command(self, *arguments: str) -> dict[str, Any]:
        """Return the arguments of `subprocess` that run Python on this build's code."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SGBENCH_STORE", "COV_"))}
        # One thread each, and the same hash seed: dictionaries are laid out alike in both builds.
        fixed = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        return {
            "args": [sys.executable, *arguments],
            "cwd": self.parent,
            "env": {**kept, **fixed, "PYTHONPATH": str(self.parent)},
        }


@contextmanager
def builds(
    baseline: str, candidate: str | None = None, *, allow_dirty: bool = False
) -> Generator[tuple[Build, Build]]:
    """Yield the baseline and the candidate; remove worktrees afterwards.

    Args:
        baseline: a revision of the git checkout around the working directory, or a folder.
        candidate: a folder; None for that checkout as it is.
        allow_dirty: accept uncommitted changes in the candidate.

    Raises:
        UsageError: git or a checkout is missing, the revision is unknown, changes are not
            committed or git cannot tell, a folder is not sgbench, or a build is too old for the
            gate.
    """
    with tempfile.TemporaryDirectory(prefix="sgbench-gate-") as folder, ExitStack() as stack:
        # Paths of equal length: the path's length shifts the stack, which shifts timings.
        roots = [Path(folder) / name for name in "ab"]
        for root in roots:
            root.mkdir()
        at = _folder(baseline)
        if at is None:
            words = stack.enter_context(_worktree(baseline, roots[0] / "sgbench"))
        else:
            words = baseline
            _link(at, roots[0], "--baseline")
        yield (
            Build(name=NAMES[0], words=words, parent=roots[0]),
            _candidate(candidate, roots[1], allow_dirty),
        )


def _folder(text: str) -> Path | None:
    """Return the folder that `text` names; None where it names a revision."""
    if not text:
        raise UsageError(
            "--baseline is empty: name a revision or a folder (is a variable in its place, such as"
            " $BASE, set?)"
        )
    path = expand_home(text, "--baseline")
    if not path.is_dir():
        return None
    if os.sep in text:
        return path
    top = _checkout()
    return path if top is None or _commit(top, text) is None else None


def _candidate(candidate: str | None, root: Path, allow_dirty: bool) -> Build:
    if candidate is None:
        top = _checkout()
        if top is None:
            raise UsageError(
                "gate: the working directory is in no git checkout of sgbench: run it inside one,"
                " or name folders by --baseline DIR and --candidate DIR"
            )
        at, words = top, "the working tree"
    else:
        at, words = path_argument(candidate, "--candidate"), candidate
    _link(at, root, "--candidate")
    if not allow_dirty:
        _refuse_changes(at, words)
    return Build(name=NAMES[1], words=words, parent=root)


def _refuse_changes(at: Path, words: str) -> None:
    """Raise UsageError unless the code at `at` is that of a commit, or in no checkout at all."""
    if checkout_around(at) is None:
        return
    try:
        changed = git(at, "status", "--porcelain", "--", *CODE, patience=STATUS_SECONDS)
    except GitError as error:
        raise UsageError(
            f"whether {words} has uncommitted changes is not known ({error}):"
            f" {remedy(error, at.resolve())}, or take the code as it is by --allow-dirty"
        ) from error
    if changed:
        first = changed.splitlines()[0][3:]
        raise UsageError(
            f"{words} has uncommitted changes ({first}, …): commit them, or accept them by"
            " --allow-dirty"
        )


def _link(at: Path, root: Path, option: str) -> None:
    """Link the folder `at` as `sgbench` into `root`."""
    if not (at / "cli.py").is_file() or not (at / "bench").is_dir():
        raise UsageError(
            f"{option} {at} is not a checkout of sgbench (no cli.py or no bench/): name a folder"
            " that is one"
        )
    if not (at / SAMPLER).is_file():
        raise UsageError(
            f"{option} {at} is too old for the gate (no {SAMPLER}): name a later version"
        )
    (root / "sgbench").symlink_to(at.resolve(), target_is_directory=True)


@contextmanager
def _worktree(revision: str, at: Path) -> Generator[str]:
    """Check the revision out at `at`; yield how messages call it."""
    top = _checkout()
    if top is None:
        raise UsageError(
            f"--baseline {revision} is not a folder, and the working directory is in no git"
            " checkout of sgbench: run the gate inside one, or name a folder"
        )
    commit = _commit(top, revision)
    if commit is None:
        raise UsageError(
            f"--baseline {revision} is neither a folder nor a revision of {top}:"
            f" {_where_revisions_are(top)}"
        )
    words = f"{revision} ({commit[:7]})"
    if not _ask(top, "ls-tree", "--name-only", commit, "--", SAMPLER):
        log = _ask(top, "log", "--diff-filter=A", "--format=%h", "--", SAMPLER)
        oldest = log.split()[-1] if log.split() else None
        remedy = f"the oldest possible baseline is {oldest}" if oldest else "no commit has it yet"
        raise UsageError(f"--baseline {words} is too old for the gate (no {SAMPLER}): {remedy}")
    try:
        add = ("worktree", "add", "--quiet", "--detach", str(at), commit)
        try:
            git(top, *add, patience=CHECKOUT_SECONDS)
        except GitError as error:
            raise UsageError(
                f"git cannot make a worktree of {words} in {at.parent} ({error}): mend that, or"
                " check it out yourself and name its folder, --baseline DIR"
            ) from error
        yield words
    finally:
        _remove_worktree(top, at)


def _remove_worktree(top: Path, at: Path) -> None:
    """Remove a worktree, what git left of one that it could not finish too."""
    with suppress(GitError):
        git(top, "worktree", "remove", "--force", "--force", str(at), patience=CHECKOUT_SECONDS)
        return
    shutil.rmtree(at, ignore_errors=True)
    for words in (("unlock", str(at)), ("prune",)):
        with suppress(GitError):
            git(top, "worktree", *words)


def _checkout() -> Path | None:
    """Return the top folder of the sgbench checkout around the working directory, if any.

    Raises UsageError where there is a checkout, of whatever, that git cannot read.
    """
    at = checkout_around(Path.cwd())
    if at is None:
        return None
    top = Path(_ask(at, "rev-parse", "--show-toplevel"))
    return top if (top / "bench").is_dir() and (top / "cli.py").exists() else None


def _commit(top: Path, revision: str) -> str | None:
    """Return the hash of the commit that `revision` names, if any."""
    try:
        return commit_of(top, revision)
    except GitError as error:
        raise _unreadable(top, error) from error


def _where_revisions_are(top: Path) -> str:
    """Return the remedy for a revision that the checkout does not have."""
    if _ask(top, "rev-parse", "--is-shallow-repository") == "true":
        return (
            "this clone is shallow; fetch the rest by `git fetch --unshallow` (in GitHub's"
            " actions/checkout, fetch-depth: 0)"
        )
    return "`git log --oneline` lists the revisions"


def _ask(top: Path, *arguments: str) -> str:
    """Return git's answer. Raises UsageError where there is none."""
    try:
        return git(top, *arguments)
    except GitError as error:
        raise _unreadable(top, error) from error


def _unreadable(top: Path, error: GitError) -> UsageError:
    return UsageError(
        f"gate: git cannot read the checkout {top} ({error}): {remedy(error, top)}, or name folders"
        " by --baseline DIR and --candidate DIR"
    )
