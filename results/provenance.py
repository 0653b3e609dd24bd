"""Provenance of records: the release of the package, and the git revision of a checkout."""

import functools
import importlib.metadata
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
CODE = ("*.py", "*.toml")  # what can change a result; notes and figures cannot
_PATIENCE = 10.0  # seconds for git to answer, so that a record never waits for a hung disk


@dataclass(frozen=True, slots=True)
class Revision:
    """The commit of the code, and whether its files differ from it; None where it has none."""

    commit: str | None
    dirty: bool | None


@functools.cache
def release() -> str:
    """Return the version of the installed package, `unknown` where it is not installed."""
    try:
        return importlib.metadata.version("sgbench")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


@functools.cache
def revision() -> Revision:
    """Return the revision of the code as it was at the first call. Never fails.

    An installed package may lie inside another project's checkout (in its virtual environment), so
    only a checkout whose top level is this package counts.
    """
    return revision_of(PACKAGE)


def revision_of(folder: Path) -> Revision:
    """Return the revision of the checkout whose top level is `folder`."""
    top = git(folder, "rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != folder.resolve():
        return Revision(None, None)
    commit = git(folder, "rev-parse", "--verify", "HEAD")
    changes = git(folder, "status", "--porcelain", "--", *CODE)
    if not commit or changes is None:
        return Revision(None, None)
    return Revision(commit, bool(changes))


def git(folder: Path | str, *arguments: str, patience: float | None = None) -> str | None:
    """Return git's output without trailing line ends; None where git fails or is not installed."""
    # GIT_DIR and similar variables, which git hooks set, would point at another repository.
    # Without optional locks, `status` does not disturb a commit that runs at the same time.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            check=True,
            encoding="utf-8",
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=patience or _PATIENCE,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return answer.stdout.rstrip()
