"""The store: a folder with one JSON file per cell and machine class. Everything else is derived.

    records/<first two of id>/<id>.<hash of machine class>.json    {"checksum": …, "record": {…}}
    broken/       files that could not be read, moved here so that nothing trips on them again
    checkpoints/  programs that were cut short
    machines/     what was measured once about each machine

There are no locks: a file is replaced whole, two runs that finish the same cell write the same
thing. The checksum is over the record's canonical JSON, so a file may be reformatted, not changed.
A published store is a folder of `*.jsonl` files that hold the same, a record a line.
"""

import contextlib
import functools
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..bench.cell import canonical_json
from ..bench.errors import StoreError
from .durable import make_folder, reason, remove_leftovers, write_atomic, writing
from .record import NewerSchemaError, Record, RecordError

PUBLISHED = Path(__file__).parent / "published"
MOST_BYTES = 2**26
"""Of a record's file; one of thousands of evaluations has a hundredth."""
_ID = re.compile(r"[0-9a-f]{16}")


class Store:
    """The records in the folder `path`, which need not exist yet: an absent store is empty.

    `warnings` collects one line about every file that was not usable, by name. Methods raise
    StoreError where the folder cannot be read or written; a single bad file never raises.
    """

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        self.path = Path(path)
        self.read_only = read_only
        self.warnings: list[str] = []
        self._cleaned = read_only
        existing = next((p for p in (self.path, *self.path.parents) if os.path.lexists(p)), None)
        if existing is not None and not os.path.isdir(existing):
            raise StoreError(f"store {self.path}: {existing} is not a folder; give another --store")

    @classmethod
    def published(cls) -> "Store":
        """Return the records that come with the package; they can only be read."""
        return cls(PUBLISHED, read_only=True)

    def put(self, record: Record) -> None:
        """Store `record`, replacing the one of the same cell and machine class.

        When this returns, the record is durable. Raises StoreError (not writable, full).
        """
        path = self.record_path(record.id, record.machine_class)
        data = encode(record)
        if self.read_only:
            raise StoreError(f"store {self.path} holds published records: give another --store")
        with writing(self.path):
            if not self._cleaned:
                remove_leftovers(self.path)
                self._cleaned = True
            self._spare_newer(path)
            write_atomic(path, data)

    def get(self, id: str) -> list[Record]:  # noqa: A002
        """Return the records of the cell `id`, one per machine class; none if it has not run."""
        if not _ID.fullmatch(id):
            return []
        if self.read_only:
            return [record for record in self.scan() if record.id == id]
        folder = self.path / "records" / id[:2]
        paths = (folder / name for name in self._list(folder) if name.startswith(f"{id}."))
        return [record for path in paths if (record := self._read(path))]

    def exists(self, id: str) -> bool:  # noqa: A002
        """Tell whether there is a readable record of the cell `id`, whatever its status."""
        return bool(self.get(id))

    def scan(self) -> Iterator[Record]:
        """Yield every readable record, in the order of file names.

        A broken file is moved to `broken/` where the store can be written, a record of a newer
        schema stays in place; both are named in `warnings`, and count as not there.
        """
        for name in self._list(self.path):
            if name.endswith(".jsonl"):
                yield from self._read_lines(self.path / name)
        records = self.path / "records"
        for prefix in self._list(records):
            folder = records / prefix
            for name in self._list(folder):
                if record := self._read(folder / name):
                    yield record

    def record_path(self, id: str, machine_class: str) -> Path:  # noqa: A002
        """Return where the record of the cell `id` on such a machine lies."""
        return self.path / "records" / id[:2] / _file_name(id, machine_class)

    def checkpoint_path(self, id: str, machine_class: str) -> Path:  # noqa: A002
        """Return where the checkpoint of the program `id` on such a machine lies."""
        return self.path / "checkpoints" / f"{id}.{_short_hash(machine_class)}.pt"

    def checkpoints(self, machine_class: str | None) -> set[str]:
        """Return the ids of programs with a checkpoint of such a machine, of any where it is None.

        Whether a checkpoint is whole and of this version shows when a run reads it.
        """
        ending = ".pt" if machine_class is None else f".{_short_hash(machine_class)}.pt"
        names = self._list(self.path / "checkpoints")
        return {name.partition(".")[0] for name in names if name.endswith(ending)}

    def machine_file(self, machine: str) -> Path:
        """Return where what was measured about `machine` lies."""
        return self.path / "machines" / f"{_short_hash(machine)}.json"

    def _list(self, folder: Path) -> list[str]:
        try:
            return sorted(name for name in os.listdir(folder) if not name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StoreError(f"store {self.path} cannot be read: {reason(error)}") from error

    def _read(self, path: Path) -> Record | None:
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
            record = decode(data)
            if path.name != (name := _file_name(record.id, record.machine_class)):
                raise RecordError(f"it holds the record {name}")
        except NewerSchemaError as error:
            self._warn(f"{path}: {error}; ignored")
        except RecordError as error:
            self._warn(f"{path} is broken ({error}); {self._set_aside(path, data)}")
        else:
            return record
        return None

    def _read_lines(self, path: Path) -> Iterator[Record]:
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            self._warn(f"{path} cannot be read ({reason(error)}); ignored")
            return
        for number, line in enumerate(lines, start=1):
            try:
                yield decode(line)
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
                decode(data)
            except NewerSchemaError as error:
                self._warn(f"{path}: {error}; {self._set_aside(path, data)}")

    def _warn(self, message: str) -> None:
        if message not in self.warnings:
            self.warnings.append(message)


def publish(records: Iterable[Record], folder: Path) -> list[Path]:
    """Write `records` into `folder`, a file per exhibit and scale; return the files.

    The same records give the same bytes, whatever their order. Raises StoreError.
    """
    lines: dict[str, list[tuple[str, bytes]]] = {}
    for record in records:
        place = (f"{record.id}.{record.machine_class}", encode(record))
        lines.setdefault(f"{record.exhibit}.{record.scale}.jsonl", []).append(place)
    with writing(folder):
        for name, placed in lines.items():
            write_atomic(folder / name, b"".join(line for _, line in sorted(placed)))
    return [folder / name for name in sorted(lines)]


def encode(record: Record) -> bytes:
    """Return the line of JSON that stores `record`. Raises RecordError if it cannot be stored."""
    values = record.to_dict()
    Record.from_dict(values)  # what is written can be read back
    try:
        text = canonical_json(values)
    except ValueError as error:
        raise RecordError(f"record {record.id} holds a number that is not finite") from error
    return f'{{"checksum":"{_checksum(text.encode())}","record":{text}}}\n'.encode()


def decode(data: bytes) -> Record:
    """Return the record that `data` stores.

    Raises RecordError if it is not whole, NewerSchemaError if it is whole and of a newer schema.
    """
    try:
        body = _DECODER.decode(data.decode())
        checksum, values = body["checksum"], body["record"]
        # As `encode` wrote it, the record's text is canonical already: the usual case, and quick.
        whole = checksum == _checksum(data.strip()[_TEXT_START:-1])
        if not whole:
            whole = checksum == _checksum(canonical_json(values).encode())
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise RecordError("it is no whole record") from error
    if not whole:
        raise RecordError("its checksum does not match: it was changed")
    return Record.from_dict(values)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
_TEXT_START = len(f'{{"checksum":"{"0" * 64}","record":')


def _checksum(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _file_name(id: str, machine_class: str) -> str:  # noqa: A002
    return f"{id}.{_short_hash(machine_class)}.json"


@functools.cache
def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
