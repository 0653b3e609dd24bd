"""A cache of file contents that take long to make, in the user's cache folder.

An entry is a folder with the files and, written last, their SHA256SUMS. It is checked whenever it
is read, and made again when it is not as it should be. Where there is no cache folder, or it cannot
be written, contents are kept in a temporary folder until the process that made it ends: it and the
processes that it starts make them once.
"""

import atexit
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from .files import cache_folder

SUMS = "SHA256SUMS"  # as sha256sum writes it, so that `sha256sum -c` reads it
TEMPORARY = "SGBENCH_TEMPORARY_CACHE"
"""The variable by which a process tells those that it starts of its temporary folder."""


def cached_contents(
    key: str, names: Sequence[str], make: Callable[[], list[bytes]], what: str
) -> list[bytes]:
    """Return the contents of `names`, from the entry `key` or else from `make`, which fills it.

    `what` says, on stderr, what takes so long where they are made; where they are kept is added.
    """
    for folder in _folders():
        found = _read(folder / key, names)
        if found is not None:
            return found
    folder, kept = _folder_to_fill()
    print(f"{what} ({kept})", file=sys.stderr)
    made = make()
    if folder is not None:
        _write(folder / key, names, made)
    return made


def cached_hashes(
    key: str, names: Sequence[str], make: Callable[[], list[bytes]], what: str
) -> list[str]:
    """Return the SHA-256s of what `cached_contents` returns, unread where it is cached."""
    for folder in _folders():
        sums = _sums(folder / key, names)
        if sums is not None:
            return sums
    made = cached_contents(key, names, make, what)
    return [hashlib.sha256(content).hexdigest() for content in made]


def write_files(folder: Path, names: Sequence[str], made: Sequence[bytes]) -> None:
    """Write the files `names` into `folder`, each whole or not at all.

    Raises OSError where that cannot be done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in zip(names, made, strict=True):
        handle, partial = tempfile.mkstemp(prefix=f".{name}-", dir=folder)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            os.chmod(partial, 0o644)  # mkstemp's files are private
            os.replace(partial, folder / name)
        except BaseException:
            os.unlink(partial)
            raise


def _folders() -> list[Path]:
    """Return the folders that may have entries."""
    own, temporary = cache_folder(), os.environ.get(TEMPORARY)
    found = [] if own is None else [own / "converted"]
    return found + ([Path(temporary)] if temporary else [])


def _folder_to_fill() -> tuple[Path | None, str]:
    """Return the folder for a new entry, None where there is none, and how long it is kept."""
    own = cache_folder()
    if own is None:
        why = "there is no home folder for a cache"
    elif _can_fill(folder := own / "converted"):
        return folder, "kept in the cache folder"
    else:
        why = f"the cache folder {own} cannot be written"
    temporary = _temporary_folder()
    if temporary is None:
        return None, f"not kept: {why}"
    return temporary, f"kept until this command ends: {why}"


def _can_fill(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _temporary_folder() -> Path | None:
    """Return a folder that is gone when the process that made it ends; None where it cannot be."""
    there = os.environ.get(TEMPORARY)
    if there and _can_fill(Path(there)):
        return Path(there)
    try:
        folder = tempfile.mkdtemp(prefix="sgbench-cache-")
    except OSError:
        return None
    os.environ[TEMPORARY] = folder
    atexit.register(_remove, folder, os.getpid())
    return Path(folder)


def _remove(folder: str, owner: int) -> None:
    if os.getpid() == owner:  # not in a fork
        shutil.rmtree(folder, ignore_errors=True)


def _read(entry: Path, names: Sequence[str]) -> list[bytes] | None:
    """Return the contents of an entry; None where it is not there, or not as it should be."""
    sums = _sums(entry, names)
    if sums is None:
        return None
    try:
        found = [(entry / name).read_bytes() for name in names]
    except OSError:
        return None
    return found if [hashlib.sha256(one).hexdigest() for one in found] == sums else None


def _sums(entry: Path, names: Sequence[str]) -> list[str] | None:
    """Return what SHA256SUMS says of `names`; None where there is no such entry."""
    try:
        lines = (entry / SUMS).read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    sums = {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
    return [sums[name] for name in names] if all(name in sums for name in names) else None


def _write(entry: Path, names: Sequence[str], made: Sequence[bytes]) -> None:
    """Fill the entry, its SHA256SUMS last: without them, or with old ones, it counts as absent."""
    lines = [
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in zip(names, made, strict=True)
    ]
    with contextlib.suppress(OSError):  # no cache, then
        write_files(entry, [*names, SUMS], [*made, "".join(lines).encode()])
