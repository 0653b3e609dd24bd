"""Published data files, plain or gzipped, known by their SHA-256: looking for them, checking them.

Files are looked for in several folders; the last of these is where `fetch` puts them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ...errors import DataError
from .files import find, missing
from .kinds import FileCheck, Status

Read = Callable[[str, Path], object]
"""Reads the file of a name at a path; DataError where it is not the published one."""


def locate(name: str, folders: Sequence[Path]) -> Path | None:
    """Return the file `name`, plain or gzipped; None where it is in none of `folders`."""
    return find(folders, _spellings(name))


def _spellings(name: str) -> list[str]:
    """Return how archives write the name of a file; some have it in a folder of that name."""
    names = dict.fromkeys((name, name.replace("-idx", ".idx")))
    return [f"{one}{tail}" for one in names for tail in ("", ".gz", f"/{one}")]


def locate_all(dataset: str, names: Iterable[str], folders: Sequence[Path]) -> dict[str, Path]:
    """Return {name: path}; DataError where a file is in none of `folders`."""
    found = {name: locate(name, folders) for name in names}
    absent = [name for name, path in found.items() if path is None]
    if absent:
        raise missing(dataset, absent, folders)
    return {name: path for name, path in found.items() if path is not None}


def status(
    dataset: str, names: Iterable[str], folders: Sequence[Path], what: str, canonical: str
) -> Status:
    """Tell which of the files are in `folders`; `what` they are, `canonical` their data's hash."""
    found = {name: locate(name, folders) for name in names}
    absent = [name for name, path in found.items() if path is None]
    here = next((path.parent for path in found.values() if path), folders[-1])
    return Status(
        name=dataset,
        state="missing" if absent else "ready",
        source=f"missing {', '.join(absent)}" if absent else what,
        folder=here,
        data_hash=canonical,
        canonical=True,
    )


def check(
    dataset: str, sha256s: Mapping[str, str], folders: Sequence[Path], read: Read
) -> list[FileCheck]:
    """Read and hash the files of {name: published SHA-256}; those that are missing say so alike."""
    paths = {name: locate(name, folders) for name in sha256s}
    absent = [name for name, path in paths.items() if path is None]
    why = str(missing(dataset, absent, folders)) if absent else None
    return [
        FileCheck(dataset=dataset, file=name, expected=sha256, problem=why)
        if path is None
        else _check(dataset, name, sha256, path, read)
        for (name, path), sha256 in zip(paths.items(), sha256s.values(), strict=True)
    ]


def _check(dataset: str, name: str, expected: str, path: Path, read: Read) -> FileCheck:
    found, problem = expected, None
    try:
        read(name, path)
    except DataError as error:
        found, problem = None, str(error)
    return FileCheck(
        dataset=dataset, file=name, path=path, expected=expected, found=found, problem=problem
    )


def to_fetch(
    names: Mapping[str, str], folders: Sequence[Path], read: Read
) -> Iterable[tuple[str, Path]]:
    """Yield each name that has to be fetched, and where to.

    A file that is there and not `fetch`'s own is read instead: DataError where it is corrupt, as
    it is not `fetch`'s to replace.

    Args:
        names: {name: the name under which it is served and kept}.
        folders: where files may be.
        read: reads one of them.
    """
    for name, served in names.items():
        path, own = locate(name, folders), folders[-1] / served
        if path is not None and path != own:
            read(name, path)
        else:
            yield name, own
