"""Questions to git, each with its answer or with the reason why there is none.

A state that git does not tell is never taken for a clean one: whoever asks gets a `GitError`.
"""

import os
import subprocess
from pathlib import Path

PATIENCE = 10.0
"""Seconds for git to answer, so that a record never waits for a hung disk."""
_WORDS = ("fatal: ", "error: ")


class GitError(Exception):
    """git gave no answer; the message is git's own last line, or why git could not be run.

    Attributes:
        code: git's exit code; None where it did not run to its end.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


def git(folder: Path | str, *arguments: str, patience: float | None = None) -> str:
    """Return git's output without trailing line ends; no hook is run.

    Args:
        folder: where git looks from.
        arguments: git's own.
        patience: seconds to wait, PATIENCE if None.

    Raises GitError where git fails, is not installed, or takes longer.
    """
    # GIT_DIR and similar variables, which git hooks set, would point at another repository.
    # Without optional locks, `status` does not disturb a commit that runs at the same time.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "-c", f"core.hooksPath={os.devnull}", "-C", str(folder), *arguments]
    limit = PATIENCE if patience is None else patience
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="surrogateescape",
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=limit,
        )
    except FileNotFoundError as error:
        raise GitError("git is not installed, or not on the PATH") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git {arguments[0]} gave no answer within {limit:g} s") from error
    except (OSError, ValueError) as error:
        raise GitError(f"git cannot be run: {error}") from error
    if done.returncode:
        raise GitError(_last_line(done.stderr), done.returncode)
    return done.stdout.rstrip()


def _last_line(text: str) -> str:
    """Return the last line in which git says what is wrong; hints may follow it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    wrong = [line for line in lines if line.startswith(_WORDS)] or lines
    return wrong[-1] if wrong else ""


def commit_of(folder: Path | str, revision: str) -> str | None:
    """Return the hash of the commit that `revision` names; None where it names none.

    Raises GitError where git cannot tell.
    """
    if not revision or revision.startswith("-"):
        return None
    try:
        return git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except GitError as error:
        if error.code == 1:
            return None
        raise


def checkout_around(folder: Path) -> Path | None:
    """Return the nearest folder that has a `.git`, from `folder` up; None where there is none.

    It is looked for without git, which may be missing or refuse to answer.
    """
    folder = folder.resolve()
    return next((at for at in (folder, *folder.parents) if os.path.lexists(at / ".git")), None)


def remedy(error: GitError, folder: Path | str) -> str:
    """Return what to do about git that does not tell the state of `folder`, as a clause."""
    if "dubious ownership" in str(error):
        return (
            "the checkout is another user's; accept it by `git config --global --add"
            f" safe.directory {folder}`"
        )
    if error.code is None:
        return "mend that"
    return f"`git -C {folder} status` must work first"
