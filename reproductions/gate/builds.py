"""The two builds of sgbench that a gate compares: a git revision, or a folder as it is.

A revision is checked out as a worktree; a folder is linked. Either way the build's code lies in a
temporary folder under the name `sgbench`, which is how Python finds it as the package.
"""

import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...bench.errors import UsageError
from ...bench.paths import expand_home
from ...results.provenance import CODE, git

SAMPLER = "bench/sampler.py"
NAMES = ("baseline", "candidate")
CHECKOUT_SECONDS = 600.0  # for git to write a worktree, on a slow disk


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
            committed, a folder is not sgbench, or a build is too old for the gate.
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
    path = expand_home(text, "--baseline")
    if path.is_dir() and (os.sep in text or not _checkout() or not _commit(_checkout(), text)):
        return path
    return None


def _candidate(candidate: str | None, root: Path, allow_dirty: bool) -> Build:
    if candidate is None:
        top = _checkout()
        if top is None:
            raise UsageError(
                "gate: the working directory is in no git checkout of sgbench: run it inside one,"
                " or name folders by --baseline DIR and --candidate DIR"
            )
        at, words = Path(top), "the working tree"
    else:
        at, words = expand_home(candidate, "--candidate"), candidate
    _link(at, root, "--candidate")
    changed = git(at, "status", "--porcelain", "--", *CODE) or ""
    if changed and not allow_dirty:
        first = changed.splitlines()[0][3:]
        raise UsageError(
            f"{words} has uncommitted changes ({first}, …): commit them, or accept them by"
            " --allow-dirty"
        )
    return Build(name=NAMES[1], words=words, parent=root)


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
            " `git log --oneline` lists the revisions"
        )
    words = f"{revision} ({commit[:7]})"
    if git(top, "cat-file", "-e", f"{commit}:{SAMPLER}") is None:
        log = git(top, "log", "--diff-filter=A", "--format=%h", "--", SAMPLER) or ""
        oldest = log.split()[-1] if log.split() else None
        remedy = f"the oldest possible baseline is {oldest}" if oldest else "no commit has it yet"
        raise UsageError(f"--baseline {words} is too old for the gate (no {SAMPLER}): {remedy}")
    add = ("worktree", "add", "--quiet", "--detach", str(at), commit)
    if git(top, *add, patience=CHECKOUT_SECONDS) is None:
        raise UsageError(f"git cannot make a worktree of {words} in {at.parent}")
    try:
        yield words
    finally:
        git(top, "worktree", "remove", "--force", str(at))


def _checkout() -> str | None:
    """Return the top folder of the sgbench checkout around the working directory, if any."""
    top = git(Path.cwd(), "rev-parse", "--show-toplevel")
    return (
        top if top and (Path(top) / "bench").is_dir() and (Path(top) / "cli.py").exists() else None
    )


def _commit(top: str | None, revision: str) -> str | None:
    """Return the hash of the commit that `revision` names, if any."""
    if not top or revision.startswith("-"):
        return None
    return git(top, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
