"""Provenance of records: the release of the package, and the git revision of a checkout."""

import functools
import importlib.metadata
import os
from dataclasses import dataclass
from pathlib import Path

from .git import GitError, commit_of, git, remedy

PACKAGE = Path(__file__).resolve().parent.parent
CODE = ("*.py", "*.toml")  # what can change a result; notes and figures cannot
_told: set[str] = set()


@dataclass(frozen=True, slots=True)
class Revision:
    """The commit of the code, and whether its files differ from it; None where it has none.

    `problem` says why the revision of a checkout is not known.
    """

    commit: str | None
    dirty: bool | None
    problem: str | None = None


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


def warnings() -> list[str]:
    """Return the line about a checkout whose revision is not known, once a process."""
    problem = revision().problem
    if problem is None or problem in _told:
        return []
    _told.add(problem)
    return [problem]


def revision_of(folder: Path) -> Revision:
    """Return the revision of the checkout whose top level is `folder`."""
    if not os.path.lexists(folder / ".git"):
        return Revision(None, None)
    try:
        top = git(folder, "rev-parse", "--show-toplevel")
        if Path(top).resolve() != folder.resolve():
            why = "its .git is no repository: remove that, or mend it"
        elif commit := commit_of(folder, "HEAD"):
            return Revision(commit, bool(git(folder, "status", "--porcelain", "--", *CODE)))
        else:
            why = "it has no commit yet"
    except GitError as error:
        why = f"{error}: {remedy(error, folder)}"
    return Revision(None, None, f"the git revision of {folder} goes into no record: {why}")
