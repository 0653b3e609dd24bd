"""Pruning of a store: stale records and files that are no longer needed, with the reasons."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...bench import datasets
from ...bench.cell import Cell
from ...bench.errors import SgbenchError, StoreError, UsageError
from ..files.atomic_io import LEFTOVER, leftovers, reason, writing
from ..record import ENDED, NewerSchemaError, Record, RecordError
from ..registered import changed, left_out, unregistered
from .store import Store, decode


@dataclass(frozen=True, kw_only=True)
class Stale:
    """A record whose cell has another id here, so that no run would find it; and why.

    Attributes:
        record: the record.
        why: the reasons.
        replaceable: whether it was made by older code of the data that is here. A record of other
            data is kept: the data may be on another machine, and reports count it.
    """

    record: Record
    why: tuple[str, ...]
    replaceable: bool


@dataclass(frozen=True, kw_only=True)
class Waste:
    """A file that is no longer needed."""

    path: Path
    kind: str  # stale record, checkpoint, leftover or broken file
    why: str
    bytes: int
    stamp: tuple[int, int]  # time of change and size: whether it has changed since


def stale(records: Iterable[Record], data_dir: str | None = None) -> Iterator[Stale]:
    """Yield the records whose cell has another id with the code and the data that are here.

    A record whose rule or dataset is not registered has no cell here and is not among them.
    """
    for record in records:
        if unregistered(record):
            continue
        sources = [why for kind in ("rule", "dataset") if (why := changed(kind, record))]
        try:
            cell = record.cell
            versions = cell.versions()
        except UsageError as error:  # other hyperparameters, or a network that is gone
            why = sources or [f"no such cell: {error}"]
            yield Stale(record=record, why=tuple(why), replaceable=False)
            continue
        theirs = record.versions
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
        why += sources  # no version says which source is the older one
        here = _data_hash(cell, data_dir)
        if here is not None and here != record.data_hash:
            why.append(f"data {record.dataset}: {record.data_hash}, here {here}")
        if not why and cell.id(record.data_hash) != record.id:
            why.append("its id is of other code")
        if why:
            yield Stale(
                record=record, why=tuple(why), replaceable=older and here == record.data_hash
            )


def _data_hash(cell: Cell, data_dir: str | None) -> str | None:
    try:
        return datasets.data_hash(cell.dataset, data_dir, corpus=cell.corpus)
    except SgbenchError:  # a corpus that is not on this machine
        return None


def waste(store: Store, records: Iterable[Record] | None = None) -> list[Waste]:
    """Return the files in `store` that are no longer needed, by kind and name.

    Those are records of older code, checkpoints of cells that have ended, temporary files that
    killed processes left more than a day ago, and files that could not be read. Records of a newer
    schema and of other data are not among them. Given `records`, only their files are returned.

    `store.warnings` names records whose rule or dataset is not registered: they are kept. Raises
    StoreError where the store cannot be read.
    """
    found: list[Waste] = []
    ended: dict[Path, str] = {}
    strangers: list[Record] = []
    for record in store.scan() if records is None else records:
        if unregistered(record):
            strangers.append(record)
        checkpoint = store.checkpoint_path(record.id, record.machine_class)
        if record.status in ENDED:
            ended[checkpoint] = "its cell has ended"
        for old in stale([record]):
            path = store.record_path(record.id, record.machine_class)
            if old.replaceable and path.is_file():  # else a line of a published store
                found += _waste(path, "stale record", "; ".join(old.why))
                ended[checkpoint] = "its record is stale"
    store.warnings += left_out(strangers, "record")
    for path in _files(store.path / "checkpoints"):
        if path in ended:
            found += _waste(path, "checkpoint", ended[path])
    if records is None:
        found += _remains(store)
    kinds = ("stale record", "checkpoint", "leftover", "broken file")
    return sorted(found, key=lambda one: (kinds.index(one.kind), one.path))


def _remains(store: Store) -> Iterator[Waste]:
    """Yield the files that belong to no record: temporary ones and broken ones."""
    for path in leftovers(store.folders()):
        yield from _waste(path, "leftover", "a process was killed while writing it")
    for path in _files(store.path / "broken"):
        why = _broken(path)
        if why is not None:
            yield from _waste(path, "broken file", why)


def remove(store: Store, files: Iterable[Waste]) -> list[Waste]:
    """Remove `files` and return those that were removed; one that has changed since stays.

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
    """Return why a file in `broken/` is of no use; None where it can be read after all."""
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
    return None  # it is complete, and had the name of another record


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []
    except OSError as error:
        raise StoreError(f"store {folder} cannot be read: {reason(error)}") from error


def _waste(path: Path, kind: str, why: str) -> Iterator[Waste]:
    """Yield what is to be removed of a file: nothing where it has gone meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        stamp = _stamp(path)
        yield Waste(path=path, kind=kind, why=why, bytes=stamp[1], stamp=stamp)


def _stamp(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_mtime_ns, found.st_size
