"""Where exhibits come from: the package, installed packages and files of the user's own.

The package's exhibits are the TOML files beside this module. A path stands wherever a name stands:
what has a slash in it, or ends in `.toml`, is a file. An installed package brings exhibits by entry
points, whose value is the package that has `NAME.toml` in its folder:

    [project.entry-points."sgbench.exhibits"]
    mine = "my_package"          # my_package/mine.toml

An exhibit's name is its file's stem, and the names of this package cannot be taken.
"""

import importlib.metadata
import re
from importlib import resources
from pathlib import Path

from ...bench.errors import UsageError, did_you_mean
from ...bench.paths import expand_home
from .parser import parse
from .schema import Exhibit
from .strict_toml import MOST_CHARACTERS

GROUP = "sgbench.exhibits"
"""The entry-point group of installed packages."""
RESERVED = ("throughput", "tune")
"""What `sgbench report` shows that is no exhibit, by the same argument."""


def names() -> tuple[str, ...]:
    """Return the names of all exhibits but those in files of the user's own, sorted."""
    return tuple(sorted({*builtin_names(), *_installed()}))


def builtin_names() -> tuple[str, ...]:
    """Return the names of the package's own exhibits, sorted."""
    files = (path.name for path in resources.files(__package__ or "").iterdir())
    return tuple(sorted(name[:-5] for name in files if name.endswith(".toml")))


def is_path(name: str) -> bool:
    """Tell whether what stands for an exhibit is a path to its file."""
    return "/" in name or name.endswith(".toml")


def name_of(exhibit: str) -> str:
    """Return the name of an exhibit that is given by its name or by a path."""
    return Path(exhibit).stem if is_path(exhibit) else exhibit


def read(name: str) -> Exhibit:
    """Return the exhibit that a name or a path stands for, as its file has it.

    Raises UsageError where there is none, its file cannot be read or is malformed, or its name is
    taken.
    """
    if is_path(name):
        content = _content(name)
        return parse(_checked_name(name), content, name)
    if name in builtin_names():
        file = resources.files(__package__ or "").joinpath(f"{name}.toml")
        return parse(name, file.read_bytes())
    entry = _installed().get(name)
    if entry is None:
        raise UsageError(f"unknown exhibit {name!r}{did_you_mean(name, names())}")
    return parse(name, _resource(entry), f"{name}.toml of {entry.value}")


def _checked_name(path: str) -> str:
    name = name_of(path)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        raise UsageError(
            f"{path}: the file's name is the exhibit's: letters, digits, - and _, a letter first"
        )
    if name in builtin_names() or name in RESERVED:
        raise UsageError(f"{path}: {name} is a name of sgbench's own; give the file another name")
    if name in _installed():
        raise UsageError(
            f"{path}: the installed {_installed()[name].value} has an exhibit {name}; give the file"
            " another name"
        )
    return name


def _content(path: str) -> bytes:
    file_path = expand_home(path, "exhibit")
    try:
        with file_path.open("rb") as file:
            return file.read(4 * MOST_CHARACTERS + 1)  # what is longer is refused by its length
    except (OSError, ValueError) as error:  # ValueError: no file has such a name
        reason = getattr(error, "strerror", error)
        raise UsageError(
            f"exhibit {path}: {reason}; name a TOML file that can be read, or an exhibit:"
            f" {', '.join(names())}"
        ) from None


def _resource(entry: importlib.metadata.EntryPoint) -> bytes:
    """Return the content of the file that an entry point stands for."""
    what = f"exhibit {entry.name} of {entry.value} (entry point {GROUP})"
    try:
        return resources.files(entry.value).joinpath(f"{entry.name}.toml").read_bytes()
    except FileNotFoundError:
        raise UsageError(
            f"{what}: the package has no file {entry.name}.toml; reinstall it, or tell its author"
        ) from None
    except Exception as error:  # importing the package runs its code
        words = " ".join(f"{type(error).__name__}: {error}".split())
        raise UsageError(f"{what} does not import: {words}") from error


def _installed() -> dict[str, importlib.metadata.EntryPoint]:
    """Return the entry points of installed packages by name; UsageError where a name is taken."""
    found: dict[str, importlib.metadata.EntryPoint] = {}
    for entry in importlib.metadata.entry_points(group=GROUP):
        own = entry.name in builtin_names() or entry.name in RESERVED
        other = found.get(entry.name)
        if own or (other is not None and other.value != entry.value):
            owner = "sgbench's own" if other is None else f"{other.value}'s"
            raise UsageError(
                f"exhibit {entry.name} of {entry.value}: the name is {owner}; uninstall the package"
                f" that brings it (entry point {GROUP})"
            )
        found[entry.name] = entry
    return found
