"""Atomic writing of files: a crash leaves either the old file or the new one, complete."""

import contextlib
import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from ...bench.errors import StoreError

LEFTOVER = ".tmp"
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{12}" + re.escape(LEFTOVER))  # as `write_atomic` names it
_DAY = 86400.0  # a younger one may still be being written, by another process
_STREAMS = ("/dev/", "/proc/")
# Some network file systems cannot synchronise a folder; there the rename is as durable as it gets.
_NO_FSYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}


def write_atomic(path: Path, data: bytes) -> None:
    """Write `data` to the file `path`, durably: a power cut after the return does not undo it.

    Writes a temporary file beside it, synchronises it, renames it over `path` and synchronises the
    folder, which is created if it is missing. Raises OSError, and leaves `path` as it was then.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}{LEFTOVER}")
    try:
        # Not tempfile: its mode of 0600 would hide the file from others who share the folder.
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    fsync_dir(path.parent)


def write_file(path: Path, data: bytes) -> None:
    """Write `data` to the file that `path` names, completely or not at all.

    A symbolic link is followed. A pipe or a device is written into, and so is what `/dev/stdout`
    and the like stand for. Raises OSError.
    """
    try:
        special = not stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        special = False
    if special or os.fspath(path.absolute()).startswith(_STREAMS):
        with open(path, "ab") as file:  # a stream's earlier content stays
            file.write(data)
    else:
        write_atomic(path.resolve(), data)


def make_folder(path: Path) -> None:
    """Create the folder `path` and its parents, durably. Raises OSError."""
    if path.is_dir() or path == path.parent:
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    fsync_dir(path.parent)


def fsync_dir(path: Path) -> None:
    """Synchronise the folder `path`, so that its entries survive a power cut. Raises OSError."""
    if os.name == "nt":  # a folder cannot be opened there
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FSYNC:
            raise
    finally:
        os.close(handle)


def remove_leftovers(folders: Iterable[Path]) -> None:
    """Remove what `leftovers` finds. A file that cannot be removed stays."""
    for path in list(leftovers(folders)):
        with contextlib.suppress(OSError):
            path.unlink()


def leftovers(folders: Iterable[Path]) -> Iterator[Path]:
    """Yield the temporary files that killed processes left under some folders over a day ago."""
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for path in (Path(parent, name) for name in names if _TEMPORARY.fullmatch(name)):
                with contextlib.suppress(OSError):  # it has gone meanwhile
                    if time.time() - path.lstat().st_mtime > _DAY:
                        yield path


def reason(error: OSError) -> str:
    """Return the operating system's words for an error."""
    return error.strerror or str(error)


@contextlib.contextmanager
def writing(folder: Path) -> Generator[None]:
    """Turn an OSError raised inside into a StoreError that names `folder` and the remedy."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "free some space" if full else "make it writable or give another --store"
        raise StoreError(f"store {folder} cannot be written: {reason(error)}; {remedy}") from error
