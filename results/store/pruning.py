"""What of a store is out of date or left over, why, and its removal."""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...bench import datasets
from ...bench.cell import Cell
from ...bench.errors import SgbenchError
from ..record import ENDED, NewerSchemaError, Record, RecordError
from .atomic_io import LEFTOVER, writing
from .store import Store, decode

_DAY = 86400.0  # younger leftovers may be another process's, still being written


@dataclass(frozen=True, kw_only=True)
class Stale:
    """A record that no run here would make again, and why.

    `replaceable` is false where the code is not older than this: its data may be on another
    machine, and reports count it.
    """

    record: Record
    why: tuple[str, ...]
    replaceable: bool


@dataclass(frozen=True, kw_only=True)
class Waste:
    """A file that nobody needs: what it is, and why; `stamp` tells whether it has changed since."""

    path: Path
    kind: str  # stale record, checkpoint, leftover or broken file
    why: str
    bytes: int
    stamp: tuple[int, int]


def stale(records: Iterable[Record], data_dir: str | None = None) -> Iterator[Stale]:
    """Yield the records whose cell, with the code and the data that are here, has another id."""
    for record in records:
        try:
            cell = record.cell
            versions = cell.versions()
        except SgbenchError as error:  # a rule that is gone, or one that is not there yet
            yield Stale(record=record, why=(f"no such cell: {error}",), replaceable=False)
            continue
        theirs = {
            "rule": record.rule_version,
            "dataset": record.dataset_version,
            "protocol": record.protocol_version,
        }
        why = [
            f"{what} {name}: version {theirs[what]}, now {versions[what]}"
            for what, name in (
                ("rule", record.rule),
                ("dataset", record.dataset),
                ("protocol", "of training"),
            )
            if theirs[what] != versions[what]
        ]
        older = bool(why) and all(theirs[what] <= versions[what] for what in theirs)
        here = _data_hash(cell, data_dir)
        if here is not None and here != record.data_hash:
            why.append(f"data {record.dataset}: {record.data_hash}, here {here}")
        if not why and cell.id(record.data_hash) != record.id:
            why.append("its id is of other code")
        if why:
            yield Stale(record=record, why=tuple(why), replaceable=older)


def _data_hash(cell: Cell, data_dir: str | None) -> str | None:
    try:
        return datasets.data_hash(cell.dataset, data_dir, corpus=cell.corpus)
    except SgbenchError:  # a corpus that is not here: nothing can be said of it
        return None


def waste(store: Store, records: Iterable[Record] | None = None) -> list[Waste]:
    """Return the files in `store` that nobody needs, in the order of their kinds and names.

    Those are records of older code, checkpoints of cells that have come to an end, what killed
    processes left more than a day ago, and what could not be read. Records of a newer schema, and
    of data that is not here, are none of it. Given `records`, only files of these are returned.

    Raises StoreError where the store cannot be read.
    """
    found: list[Waste] = []
    ended: dict[Path, str] = {}
    for record in store.scan() if records is None else records:
        checkpoint = store.checkpoint_path(record.id, record.machine_class)
        if record.status in ENDED:
            ended[checkpoint] = "its cell has come to an end"
        for old in stale([record]):
            path = store.record_path(record.id, record.machine_class)
            if old.replaceable and path.is_file():  # else a line of a published store
                found.append(_waste(path, "stale record", "; ".join(old.why)))
                ended[checkpoint] = "its record is stale"
    found += [
        _waste(path, "checkpoint", ended[path])
        for path in _files(store.path / "checkpoints")
        if path in ended
    ]
    if records is None:
        found += _remains(store)
    kinds = ("stale record", "checkpoint", "leftover", "broken file")
    return sorted(found, key=lambda one: (kinds.index(one.kind), one.path))


def _remains(store: Store) -> Iterator[Waste]:
    """Yield the files that belong to no record: unfinished ones, and broken ones."""
    for folder, _, names in os.walk(store.path):
        for path in (Path(folder, name) for name in names if name.endswith(LEFTOVER)):
            if time.time() - path.stat().st_mtime > _DAY:
                yield _waste(path, "leftover", "a process was killed as it wrote")
    for path in _files(store.path / "broken"):
        why = _broken(path)
        if why is not None:
            yield _waste(path, "broken file", why)


def remove(store: Store, files: Iterable[Waste]) -> list[Waste]:
    """Remove `files`, and return those that are gone: what was written anew since stays.

    Raises StoreError where one cannot be removed.
    """
    gone: list[Waste] = []
    with writing(store.path):
        for one in files:
            try:
                if _stamp(one.path) != one.stamp:
                    continue
                one.path.unlink()
            except FileNotFoundError:
                continue
            gone.append(one)
    return gone


def _broken(path: Path) -> str | None:
    """Return why a file that was set aside is of no use; None where it is of some."""
    if path.name.endswith(LEFTOVER):
        return None
    try:
        decode(path.read_bytes())
    except NewerSchemaError:
        return None
    except RecordError as error:
        return str(error)
    except OSError:
        return None
    return None  # it is whole, and was in another's place


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []


def _waste(path: Path, kind: str, why: str) -> Waste:
    return Waste(path=path, kind=kind, why=why, bytes=path.stat().st_size, stamp=_stamp(path))


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size
