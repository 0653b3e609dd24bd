"""Folders of JSON files: one file per id and machine class, each with a checksum inside.

    <folder>/<first two of id>/<id>.<hash of machine class>.json    {"checksum": …, "<kind>": {…}}
    broken/    files that could not be read, moved here so that no later scan reads them again

There are no locks: a file is replaced as a whole, and two runs that finish the same cell write the
same content. The checksum is over the canonical JSON, so a file may be reformatted but not changed.
Published files (`*.jsonl`) hold the same JSON, one object a line.
"""

import contextlib
import functools
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, Self, TypeVar

from ...bench.errors import StoreError, UsageError
from ..registered import NamesRuleAndDataset, left_out, missing
from .atomic_io import make_folder, reason, remove_leftovers, write_atomic, writing
from .schema import NewerSchemaError, RecordError

MOST_BYTES = 2**26
"""Largest file that is read; a record of thousands of evaluations has a hundredth of that."""
_ID = re.compile(r"[0-9a-f]{16}")
# What tells a store from another folder: its folders, and the names of published files.
_FOLDERS = ("records", "timings", "studies", "checkpoints", "machines", "broken")
_PUBLISHED = (".jsonl", ".study.json")


class Stored(NamesRuleAndDataset, Protocol):
    """What a store can hold: a record or a timing."""

    @property
    def id(self) -> str:
        """16 hexadecimal digits."""
        ...

    @property
    def machine_class(self) -> str:
        """Machines whose results and times can be compared with it."""
        ...


T = TypeVar("T", bound=Stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKind(Generic[T]):
    """How one kind of object, records or timings, is stored.

    Attributes:
        folder: its folder in the store.
        encode: returns the line of JSON that stores an object; RecordError where it has none.
        decode: returns the object that a line stores; RecordError or NewerSchemaError where the
            line cannot be used.
        published: tells by its name whether a published file holds this kind.
    """

    folder: str
    encode: Callable[[T], bytes]
    decode: Callable[[bytes], T]
    published: Callable[[str], bool]


class JsonStore(Generic[T]):
    """The stored objects of one kind in the folder `path`, which need not exist yet.

    `warnings` collects one line, with the file's name, about every file that could not be used.
    Methods raise StoreError where the folder cannot be read or written; one bad file never raises.
    """

    kind: StoredKind[T]
    """The kind of object, set by each subclass."""

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        self.path = Path(path)
        self.read_only = read_only
        self.warnings: list[str] = []
        self._cleaned = read_only
        existing = next((p for p in (self.path, *self.path.parents) if os.path.lexists(p)), None)
        if existing is not None and not os.path.isdir(existing):
            raise StoreError(f"store {self.path}: {existing} is not a folder; give another --store")

    @classmethod
    def existing(
        cls, path: Path | str, option: str = "--store", *, read_only: bool = False
    ) -> Self:
        """Open the store in the folder `path` for reading, so that a mistyped path is an error.

        Raises UsageError, which names the `option` that gave the path, where the folder does not
        exist or holds no file of a store.
        """
        store = cls(path, read_only=read_only)
        problem = "there is no such folder"
        if store.path.is_dir():
            if any(
                name in _FOLDERS or name.endswith(_PUBLISHED) for name in store._list(store.path)
            ):
                return store
            problem = "that folder holds no file of a store"
        published = ", or --published for the records that come with sgbench"
        raise UsageError(
            f"{option} {path} is no store: {problem}; give a folder that sgbench run has filled"
            + (published if option == "--store" else "")
        )

    def put(self, thing: T) -> None:
        """Store `thing`, replacing the object of the same id and machine class.

        It is durable when this returns. Raises StoreError (not writable, full).
        """
        path = self.file_path(thing.id, thing.machine_class)
        data = self.kind.encode(thing)
        if len(data) > MOST_BYTES:
            raise StoreError(
                f"store {self.path}: {path.name} would have {len(data) / 2**20:,.0f} MiB, and"
                f" {MOST_BYTES / 2**20:.0f} can be read; evaluate less often (evaluate_every)"
            )
        if self.read_only:
            raise StoreError(f"store {self.path} can only be read: give another --store")
        with writing(self.path):
            if not self._cleaned:
                remove_leftovers(self.folders())
                self._cleaned = True
            self._spare_newer(path)
            write_atomic(path, data)

    def folders(self) -> list[Path]:
        """Return the folders that a store has, whether they are there or not."""
        return [self.path / name for name in _FOLDERS]

    def get(self, id: str) -> list[T]:  # noqa: A002
        """Return the objects with that id, one per machine class."""
        if not _ID.fullmatch(id):
            return []
        if self.read_only:
            return [record for record in self.scan() if record.id == id]
        folder = self.path / self.kind.folder / id[:2]
        paths = (folder / name for name in self._list(folder) if name.startswith(f"{id}."))
        return [record for path in paths if (record := self._read(path))]

    def exists(self, id: str) -> bool:  # noqa: A002
        """Tell whether a readable object has that id."""
        return bool(self.get(id))

    def scan(self) -> Iterator[T]:
        """Yield every readable object, in the order of file names.

        A broken file is moved to `broken/` where the store can be written; an object of a newer
        schema stays in place. Both are named in `warnings` and skipped.
        """
        for name in self._list(self.path):
            if name.endswith(".jsonl") and self.kind.published(name):
                yield from self._read_lines(self.path / name)
        records = self.path / self.kind.folder
        for prefix in self._list(records):
            folder = records / prefix
            for name in self._list(folder):
                if record := self._read(folder / name):
                    yield record

    def scan_known(self, about: str | None = None) -> Iterator[T]:
        """Yield, as `scan` does, the objects whose rule and dataset are registered.

        `warnings` then says how many were left out, and the remedy: of the exhibit `about` only,
        where one is named.
        """
        others: list[T] = []
        for thing in self.scan():
            if missing(thing) is None:
                yield thing
            elif about in (None, thing.exhibit):
                others.append(thing)
        for words in left_out(others, self.kind.folder.removesuffix("s")):
            self._warn(f"store {self.path}: {words}")

    def file_path(self, id: str, machine_class: str) -> Path:  # noqa: A002
        """Return the path of the file for that id and machine class."""
        return self.path / self.kind.folder / id[:2] / _file_name(id, machine_class)

    def _list(self, folder: Path) -> list[str]:
        try:
            return sorted(name for name in os.listdir(folder) if not name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StoreError(f"store {self.path} cannot be read: {reason(error)}") from error

    def _read(self, path: Path) -> T | None:
        """Return the object in the file `path`; None where there is none or it cannot be used."""
        if path.suffix != ".json":
            return None
        try:
            found = path.stat()
            if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
                self._warn(f"{path} is not a regular file or is too large; ignored")
                return None
            data = path.read_bytes()
        except FileNotFoundError:  # another process has set it aside since it was listed
            return None
        except OSError as error:
            self._warn(f"{path} cannot be read ({reason(error)}); ignored")
            return None
        try:
            record = self.kind.decode(data)
            if path.name != (name := _file_name(record.id, record.machine_class)):
                raise RecordError(f"it holds the record {name}")
        except NewerSchemaError as error:
            self._warn(f"{path}: {error}; ignored")
        except RecordError as error:
            self._warn(f"{path} is broken ({error}); {self._set_aside(path, data)}")
        else:
            return record
        return None

    def _read_lines(self, path: Path) -> Iterator[T]:
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            self._warn(f"{path} cannot be read ({reason(error)}); ignored")
            return
        for number, line in enumerate(lines, start=1):
            try:
                yield self.kind.decode(line)
            except RecordError as error:
                self._warn(f"{path}, line {number} is broken ({error}); ignored")

    def _set_aside(self, path: Path, data: bytes) -> str:
        """Move the broken file `path`, which held `data`, to `broken/`; return what was done."""
        if self.read_only:
            return "ignored"
        target = self.path / "broken" / f"{path.name}.{secrets.token_hex(4)}"
        try:
            make_folder(target.parent)
            os.replace(path, target)
            if target.read_bytes() != data:
                # Another process has written a good record since it was read here.
                os.replace(target, path)
                return "replaced by another process meanwhile"
        except OSError:
            return "ignored"
        return f"moved to {target}"

    def _spare_newer(self, path: Path) -> None:
        """Move an object of a newer schema to `broken/` before its file is replaced."""
        with contextlib.suppress(OSError, RecordError):
            data = path.read_bytes()
            try:
                self.kind.decode(data)
            except NewerSchemaError as error:
                self._warn(f"{path}: {error}; {self._set_aside(path, data)}")

    def _warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)


def publish_lines(
    things: Iterable[T], folder: Path, name: Callable[[T], str], encode: Callable[[T], bytes]
) -> list[Path]:
    """Write objects into files of `folder`, one a line; return the files.

    The same objects give the same bytes, whatever their order. Raises StoreError.

    Args:
        things: the objects.
        folder: the folder.
        name: gives the name of an object's file.
        encode: gives an object's line.
    """
    lines: dict[str, list[tuple[str, bytes]]] = {}
    for thing in things:
        place = (f"{thing.id}.{thing.machine_class}", encode(thing))
        lines.setdefault(name(thing), []).append(place)
    with writing(folder):
        for file, placed in lines.items():
            write_atomic(folder / file, b"".join(line for _, line in sorted(placed)))
    return [folder / file for file in sorted(lines)]


def _file_name(id: str, machine_class: str) -> str:  # noqa: A002
    return f"{id}.{short_hash(machine_class)}.json"


@functools.cache
def short_hash(text: str) -> str:
    """Return the short hash of a machine class that file names contain."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]
