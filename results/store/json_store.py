"""A shelf of a store: one JSON file per thing and machine class, each with a checksum inside.

    <folder>/<first two of id>/<id>.<hash of machine class>.json    {"checksum": …, "<kind>": {…}}
    broken/    files that could not be read, moved here so that nothing trips on them again

There are no locks: a file is replaced whole, two runs that finish the same thing write the same.
The checksum is over the thing's canonical JSON, so a file may be reformatted, not changed. A
published shelf is a folder of `*.jsonl` files that hold the same, a thing a line.
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
from ..schema import NewerSchemaError, RecordError
from .atomic_io import make_folder, reason, remove_leftovers, write_atomic, writing

MOST_BYTES = 2**26
"""Of a record's file; one of thousands of evaluations has a hundredth."""
_ID = re.compile(r"[0-9a-f]{16}")
_FOLDERS = ("records", "timings", "studies", "checkpoints", "machines", "broken")
_PUBLISHED = (".jsonl", ".study.json")


class Stored(Protocol):
    """What lies on a shelf."""

    @property
    def id(self) -> str:
        """16 hexadecimal digits."""
        ...

    @property
    def machine_class(self) -> str:
        """What it was found on."""
        ...


T = TypeVar("T", bound=Stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKind(Generic[T]):
    """How things of a kind are kept.

    Attributes:
        folder: where they lie in the store.
        encode: returns the line of JSON that stores one; RecordError if it cannot be stored.
        decode: returns what a line stores; RecordError or NewerSchemaError if that is not usable.
        published: tells whether the published file of a name holds them.
    """

    folder: str
    encode: Callable[[T], bytes]
    decode: Callable[[bytes], T]
    published: Callable[[str], bool]


class JsonStore(Generic[T]):
    """The things of a kind in the folder `path`, which need not exist yet.

    `warnings` collects one line about every file that was not usable, by name. Methods raise
    StoreError where the folder cannot be read or written; a single bad file never raises.
    """

    kind: StoredKind[T]
    """What they are."""

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        self.path = Path(path)
        self.read_only = read_only
        self.warnings: list[str] = []
        self._cleaned = read_only
        existing = next((p for p in (self.path, *self.path.parents) if os.path.lexists(p)), None)
        if existing is not None and not os.path.isdir(existing):
            raise StoreError(f"store {self.path}: {existing} is not a folder; give another --store")

    @classmethod
    def existing(cls, path: Path | str, *, read_only: bool = False) -> Self:
        """Return the store in the folder `path`, for reading: a mistyped name is no empty store.

        Raises UsageError where there is no such folder, or nothing in it is a store's.
        """
        store = cls(path, read_only=read_only)
        problem = "there is no such folder"
        if store.path.is_dir():
            if any(
                name in _FOLDERS or name.endswith(_PUBLISHED) for name in store._list(store.path)
            ):
                return store
            problem = "nothing in that folder is a store's"
        raise UsageError(
            f"{path} is no store: {problem}; give the folder that sgbench run has filled with"
            " --store, or --published for the records that come with sgbench"
        )

    def put(self, thing: T) -> None:
        """Store `thing`, replacing the one of the same id and machine class.

        When this returns, it is durable. Raises StoreError (not writable, full).
        """
        path = self.file_path(thing.id, thing.machine_class)
        data = self.kind.encode(thing)
        if self.read_only:
            raise StoreError(f"store {self.path} holds published records: give another --store")
        with writing(self.path):
            if not self._cleaned:
                remove_leftovers(self.path)
                self._cleaned = True
            self._spare_newer(path)
            write_atomic(path, data)

    def get(self, id: str) -> list[T]:  # noqa: A002
        """Return what has that id, one per machine class."""
        if not _ID.fullmatch(id):
            return []
        if self.read_only:
            return [record for record in self.scan() if record.id == id]
        folder = self.path / self.kind.folder / id[:2]
        paths = (folder / name for name in self._list(folder) if name.startswith(f"{id}."))
        return [record for path in paths if (record := self._read(path))]

    def exists(self, id: str) -> bool:  # noqa: A002
        """Tell whether there is a readable one of that id."""
        return bool(self.get(id))

    def scan(self) -> Iterator[T]:
        """Yield every readable record, in the order of file names.

        A broken file is moved to `broken/` where the store can be written, a record of a newer
        schema stays in place; both are named in `warnings`, and count as not there.
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

    def file_path(self, id: str, machine_class: str) -> Path:  # noqa: A002
        """Return where what has that id, of such a machine, lies."""
        return self.path / self.kind.folder / id[:2] / _file_name(id, machine_class)

    def _list(self, folder: Path) -> list[str]:
        try:
            return sorted(name for name in os.listdir(folder) if not name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StoreError(f"store {self.path} cannot be read: {reason(error)}") from error

    def _read(self, path: Path) -> T | None:
        """Return the record in the file `path`, None if there is none or it is not usable."""
        if path.suffix != ".json":
            return None
        try:
            found = path.stat()
            if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
                self._warn(f"{path} is no file of a record's size; ignored")
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
        """Move the broken file `path`, which held `data`, to `broken/`; say what was done."""
        if self.read_only:
            return "ignored"
        target = self.path / "broken" / f"{path.name}.{secrets.token_hex(4)}"
        try:
            make_folder(target.parent)
            os.replace(path, target)
            if target.read_bytes() != data:
                # Another process has written a good record since it was read here.
                os.replace(target, path)
                return "written anew meanwhile"
        except OSError:
            return "ignored"
        return f"moved to {target}"

    def _spare_newer(self, path: Path) -> None:
        """Move a record that a newer sgbench wrote out of the way of one that takes its name."""
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
    """Write things into the files of `folder` that they `name`; return the files.

    The same things give the same bytes, whatever their order. Raises StoreError.
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
    """Return what stands for a machine class in a file's name."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]
