"""A cache of file contents that take long to make, in the user's cache folder; it may be absent.

An entry is a folder with the files and, written last, their SHA256SUMS. It is checked whenever it
is read, and made again when it is not as it should be. Where the cache folder cannot be written,
the contents are made anew each time.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from .files import cache_folder

SUMS = "SHA256SUMS"  # as sha256sum writes it, so that `sha256sum -c` reads it


def cached_contents(key: str, names: Sequence[str], make: Callable[[], list[bytes]]) -> list[bytes]:
    """Return the contents of `names`, from the entry `key` or else from `make`, which fills it."""
    entry = _entry(key)
    sums = _sums(entry, names)
    if sums is not None:
        try:
            found = [(entry / name).read_bytes() for name in names]
        except OSError:
            found = []
        if [hashlib.sha256(content).hexdigest() for content in found] == sums:
            return found
    made = make()
    _write(entry, names, made)
    return made


def cached_hashes(key: str, names: Sequence[str], make: Callable[[], list[bytes]]) -> list[str]:
    """Return the SHA-256s of what `cached_contents` returns, unread where it is cached."""
    sums = _sums(_entry(key), names)
    if sums is not None:
        return sums
    return [hashlib.sha256(content).hexdigest() for content in cached_contents(key, names, make)]


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


def _entry(key: str) -> Path:
    return cache_folder() / "converted" / key


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
