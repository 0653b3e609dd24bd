"""Paths that a user gives: in arguments, environment variables and TOML files."""

from pathlib import Path

from .errors import UsageError


def expand_home(path: Path | str, argument: str) -> Path:
    """Return `path`, its `~` replaced; UsageError naming the `argument` where that is nobody's."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UsageError(f"{argument} {path}: there is no such home; write it out") from error


def path_argument(text: str, argument: str) -> Path:
    """Return the path that `text` writes; UsageError naming the `argument` where it is empty."""
    if not text:
        raise UsageError(f"{argument} is empty: write a path, . for the folder you are in")
    return expand_home(text, argument)
