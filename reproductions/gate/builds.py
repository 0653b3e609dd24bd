"""Two builds of sgbench to compare: a revision of a checkout in a worktree, or a folder as it is.

Python finds a build as the package `sgbench` because its folder has that name: a worktree is made
so, and another folder gets a link of that name. Both lie in a temporary folder.
"""

import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...bench.errors import UsageError, expanded
from ...results.provenance import CODE, git

SAMPLER = "bench/sampler.py"
NAMES = ("baseline", "candidate")
CHECKOUT_SECONDS = 600.0  # for git to write a worktree, on a slow disk
_ADD = ("worktree", "add", "--quiet", "--detach")


@dataclass(frozen=True, kw_only=True)
class Build:
    """A revision's code.

    Attributes:
        name: `baseline` or `candidate`.
        words: how a person knows it: `HEAD~1 (1a2b3c4)` or a folder.
        parent: the folder that has it as `sgbench`.
    """

    name: str
    words: str
    parent: Path

    def command(self, *arguments: str) -> dict[str, Any]:
        """Return the arguments of `subprocess` that run this build by this interpreter."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("SGBENCH_STORE", "COV_"))}
        # One thread each, and hashes that lay objects out alike in either build.
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
    """Yield the baseline and the candidate; worktrees are removed afterwards.

    Args:
        baseline: a revision of the checkout that holds the working folder, or a folder.
        candidate: a folder; None for that checkout as it lies there.
        allow_dirty: take a checkout with changes that are not committed.

    Raises UsageError: no git or no checkout, an unknown revision, changes without `allow_dirty`, a
    folder that is no sgbench, a build that is too old for the gate.
    """
    with tempfile.TemporaryDirectory(prefix="sgbench-gate-") as folder, ExitStack() as stack:
        # Paths of one length: where the stack begins hangs on them, and times hang on that.
        roots = [Path(folder) / name for name in "ab"]
        for root in roots:
            root.mkdir()
        at = _folder(baseline)
        if at is None:
            at, words = stack.enter_context(_worktree(baseline, roots[0] / "sgbench"))
        else:
            words = baseline
            _link(at, roots[0], "--baseline")
        yield (
            Build(name=NAMES[0], words=words, parent=roots[0]),
            _candidate(candidate, roots[1], allow_dirty),
        )


def _folder(text: str) -> Path | None:
    """Return the folder that `text` names, None where it is a revision's name."""
    path = expanded(text, "--baseline")
    if path.is_dir() and (os.sep in text or not _checkout() or not _commit(_checkout(), text)):
        return path
    return None


def _candidate(candidate: str | None, root: Path, allow_dirty: bool) -> Build:
    if candidate is None:
        top = _checkout()
        if top is None:
            raise UsageError(
                "the gate compares a git checkout of sgbench and this folder is in none:"
                " go there, or give folders by --baseline DIR and --candidate DIR"
            )
        at, words = Path(top), "the working tree"
    else:
        at, words = expanded(candidate, "--candidate"), candidate
    _link(at, root, "--candidate")
    changed = git(at, "status", "--porcelain", "--", *CODE) or ""
    if changed and not allow_dirty:
        first = changed.splitlines()[0][3:]
        raise UsageError(
            f"{words} has changes that are not committed ({first}, …): commit them, or give"
            " --allow-dirty to gate what lies there"
        )
    return Build(name=NAMES[1], words=words, parent=root)


def _link(at: Path, root: Path, option: str) -> None:
    """Have the folder `at` be `sgbench` in `root`."""
    if not (at / "cli.py").is_file() or not (at / "bench").is_dir():
        raise UsageError(f"{option} {at} is no checkout of sgbench: it has no cli.py and bench/")
    if not (at / SAMPLER).is_file():
        raise UsageError(f"{option} {at} is too old for the gate: it has no {SAMPLER}")
    (root / "sgbench").symlink_to(at.resolve(), target_is_directory=True)


@contextmanager
def _worktree(revision: str, at: Path) -> Generator[tuple[Path, str]]:
    top = _checkout()
    if top is None:
        raise UsageError(
            f"--baseline {revision} is no folder, and there is no git checkout here to find it in:"
            " run inside a checkout of sgbench, or give a folder"
        )
    commit = _commit(top, revision)
    if commit is None:
        raise UsageError(
            f"--baseline {revision} is neither a folder nor a revision of {top}:"
            " `git log --oneline` lists them"
        )
    words = f"{revision} ({commit[:7]})"
    if git(top, "cat-file", "-e", f"{commit}:{SAMPLER}") is None:
        log = git(top, "log", "--diff-filter=A", "--format=%h", "--", SAMPLER) or ""
        first = log.split()[-1] if log.split() else None
        can = f"the first that can be gated is {first}" if first else "no commit here has it yet"
        raise UsageError(f"--baseline {words} is too old for the gate: it has no {SAMPLER}; {can}")
    if git(top, *_ADD, str(at), commit, patience=CHECKOUT_SECONDS) is None:
        raise UsageError(f"git cannot make a worktree of {words} in {at.parent}")
    try:
        yield at, words
    finally:
        git(top, "worktree", "remove", "--force", str(at))


def _checkout() -> str | None:
    """Return the top of the checkout of sgbench that the working folder is in, if it is in one."""
    top = git(Path.cwd(), "rev-parse", "--show-toplevel")
    return (
        top if top and (Path(top) / "bench").is_dir() and (Path(top) / "cli.py").exists() else None
    )


def _commit(top: str | None, revision: str) -> str | None:
    if not top or revision.startswith("-"):
        return None
    return git(top, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
