"""Which code made a record: the release, and the git revision where the package is a checkout."""

import functools
import importlib.metadata
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
CODE = ("*.py", "*.toml")  # what can change a result; notes and figures cannot
_PATIENCE = 10.0  # seconds for git to answer: a record must never wait on a hung disk


@dataclass(frozen=True, slots=True)
class Revision:
    """The commit of the code and whether its files differ from it; None: not a checkout."""

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
    """Return the revision of the code as it was when first asked. Never fails.

    An installed package may lie inside some other project's checkout (its virtual environment):
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
    """Return what git says, without its last line ends; None where it fails or is not there."""
    # GIT_DIR and its like would point at another repository (they are set inside git hooks);
    # without optional locks, `status` does not disturb a commit that runs at the same time.
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
