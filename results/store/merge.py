"""Merging of stores: the shards of a grid, or the records of several machines.

A result takes the place of a failure or a timeout. Two results of one cell on one class of machines
must be the same but for times; where they differ, that is a conflict, which is reported and left
as it is. Of stages that do not wait for one another no two results are the same, and the first is
taken. The stores are read twice and no record is kept in memory, so their size does not matter.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ...bench.cell import canonical_json
from ...bench.contract import UNREPEATABLE
from ...bench.outcome import UNFINISHED
from ..causes import causes
from ..files.atomic_io import reason, write_atomic, writing
from ..metrics import FINAL
from ..record import ENDED, Record
from .store import Store

COMPARED = ("status", "iterations_done", *FINAL, "progression", "curve")
"""Fields in which two results of a cell must agree; others are circumstances and times."""

Key = tuple[str, str]
"""A cell's id and a machine class."""


class _Candidate(NamedTuple):
    """One store's record of a key: what is needed to choose between records."""

    is_result: bool
    is_unfinished: bool  # goes on at the next run; a failure does not
    iterations: int
    digest: str  # of the fields in COMPARED, where it is a result that can be made again
    finished: str
    source: int  # index of the store; the target is -1


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Results of one cell on one class of machines that differ in more than time.

    `values` has, for each field that differs, the value in each of `stores`; of a list, the first
    row that differs. `causes` says in what the machines differ, or what is not known of them.
    """

    id: str
    machine_class: str
    exhibit: str
    scale: str
    stores: tuple[str, ...]
    values: dict[str, tuple[Any, ...]]
    causes: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Merged:
    """The outcome of a merge: how many records were added, replaced and kept, and conflicts."""

    added: int = 0  # keys that the target did not have
    replaced: int = 0  # failures and timeouts of the target that another record replaced
    kept: int = 0  # keys of the sources of which the target had the same record, or a better one
    checkpoints: int = 0  # files that were copied, here and below
    machines: int = 0
    studies: int = 0  # a study of a name that the target has is not copied
    conflicts: list[Conflict] = field(default_factory=list[Conflict])


def merge(paths: Sequence[Path], into: Store) -> Merged:
    """Copy the records of the stores at `paths` into `into`; records of `into` stay.

    The result does not depend on the order of the stores, and a second merge changes nothing.
    Raises UsageError where a path is no store, StoreError where `into` cannot be written.
    """
    found = [Store.existing(path, "STORE", read_only=True) for path in paths]
    sources = [store for store in found if not _same(store.path, into.path)]
    best: dict[Key, _Candidate] = {}
    differing: dict[Key, None] = {}
    had: set[Key] = set()
    seen: set[Key] = set()
    for number, store in [(-1, into), *enumerate(sources)]:
        for record in store.scan():
            key, found = (record.id, record.machine_class), _candidate(record, number)
            (had if number < 0 else seen).add(key)
            other = best.setdefault(key, found)
            if other.is_result and found.is_result and other.digest != found.digest:
                differing[key] = None
            if _better(found, other):
                best[key] = found
    merged = Merged(conflicts=_conflicts(differing, [into, *sources]))
    chosen = {k: c.source for k, c in best.items() if c.source >= 0 and k not in differing}
    for number, store in enumerate(sources):
        for record in store.scan():
            key = (record.id, record.machine_class)
            if chosen.get(key) == number:
                into.put(record)
                del chosen[key]
                merged.replaced += key in had
                merged.added += key not in had
    merged.kept = len(seen - differing.keys()) - merged.added - merged.replaced
    merged.checkpoints = _copy_checkpoints(sources, into, best)
    merged.machines = sum(_copy(into, path, "machines") for path in _files(sources, "machines"))
    merged.studies = sum(_copy(into, path, "studies") for path in _files(sources, "studies"))
    into.warnings += [w for store in sources for w in store.warnings if w not in into.warnings]
    return merged


def results_of(record: Record) -> dict[str, Any]:
    """Return the fields in which another result of the same cell must agree, without times."""
    values = record.to_dict()
    found = {name: values[name] for name in COMPARED}
    for name in ("curve", "progression"):
        found[name] = [{**row, "seconds": None} for row in values[name]]
    return found


def _candidate(record: Record, source: int) -> _Candidate:
    result = record.status in ENDED
    compared = result and record.schedule not in UNREPEATABLE
    digest = canonical_json(results_of(record)) if compared else ""
    return _Candidate(
        is_result=result,
        is_unfinished=record.status in UNFINISHED,
        iterations=record.iterations_done,
        digest=hashlib.sha256(digest.encode()).hexdigest(),
        finished=record.finished,
        source=source,
    )


def _better(found: _Candidate, other: _Candidate) -> bool:
    """Tell whether a record takes the place of another; of equals the target's stays.

    Of equal results the one that was made first is taken, of others the one that came furthest.
    """
    if found.is_result or other.is_result:
        if found.is_result != other.is_result:
            return found.is_result
        return other.source >= 0 and found.finished < other.finished
    key = (found.is_unfinished, found.iterations), (other.is_unfinished, other.iterations)
    if key[0] != key[1]:
        return key[0] > key[1]
    return other.source >= 0 and found.finished > other.finished


def _conflicts(keys: dict[Key, None], stores: Sequence[Store]) -> list[Conflict]:
    """Return the conflicts of `keys`, with the fields that differ."""
    if not keys:
        return []
    found: dict[Key, dict[str, Record]] = {key: {} for key in keys}
    for store in stores:
        for record in store.scan():
            key = (record.id, record.machine_class)
            if key in found and record.status in ENDED:
                found[key][str(store.path)] = record
    return [
        Conflict(
            id=key[0],
            machine_class=key[1],
            exhibit=next(iter(records.values())).exhibit,
            scale=next(iter(records.values())).scale,
            stores=tuple(records),
            values=_differing([results_of(record) for record in records.values()]),
            causes=tuple(causes(list(records.values()))),
        )
        for key, records in sorted(found.items())
    ]


def _differing(values: Sequence[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    for name in COMPARED:
        column = tuple(row[name] for row in values)
        if any(value != column[0] for value in column):
            found[name] = _first_difference(column) if name in ("curve", "progression") else column
    return found


def _first_difference(column: tuple[list[dict[str, Any]], ...]) -> tuple[Any, ...]:
    """Return the first row in which lists of rows differ; None for a list that is shorter."""
    length = max(map(len, column))
    for place in range(length):
        rows = tuple(rows[place] if place < len(rows) else None for rows in column)
        if any(row != rows[0] for row in rows):
            return rows
    return column


def _copy_checkpoints(sources: Sequence[Store], into: Store, best: Mapping[Key, _Candidate]) -> int:
    """Copy the checkpoints of cells that have not ended; return how many.

    A checkpoint goes with the record that was chosen; others fill what the target lacks.
    """
    ended, chosen = set[str](), dict[str, int]()
    for key, one in best.items():
        store = into if one.source < 0 else sources[one.source]
        name = store.checkpoint_path(*key).name
        if one.is_result:
            ended.add(name)
        else:
            chosen[name] = one.source
    copied = 0
    for number, store in enumerate(sources):
        for path in _files([store], "checkpoints"):
            if path.name not in ended and chosen.get(path.name, number) in (number, -1):
                copied += _copy(into, path, "checkpoints", over=chosen.get(path.name) == number)
    return copied


def _copy(into: Store, path: Path, folder: str, *, over: bool = False) -> bool:
    """Copy a file that the target lacks, or has another of; tell whether it was copied."""
    target = into.path / folder / path.name
    if target.exists() and not over:
        return False
    try:
        content = path.read_bytes()
    except OSError as error:
        into.warnings.append(f"{path} cannot be read ({reason(error)}); left out")
        return False
    with writing(into.path):
        write_atomic(target, content)
    return True


def _files(sources: Sequence[Store], folder: str) -> Iterator[Path]:
    for store in sources:
        there = store.path / folder
        if there.is_dir():
            yield from sorted(p for p in there.iterdir() if not p.name.startswith("."))


def _same(path: Path, other: Path) -> bool:
    return other.exists() and path.samefile(other)
