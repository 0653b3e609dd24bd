"""The plan of a run: what the store has of the wanted cells, and the programs that are missing.

Free of torch: `status` and `run --dry-run` stop here.
"""

import functools
import statistics
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...bench import datasets
from ...bench.cell import Cell
from ...bench.configuration import replica_axes
from ...bench.families.family import family_for
from ...bench.families.feedforward.stages import START_SECONDS
from ...bench.hardware import is_among
from ...bench.outcome import UNFINISHED
from ...bench.registry import RULES
from ...results.record import Record
from .until import Until

STATES = ("done", "missing", "partial", "timeout", "pruned", "stale", "failed", "diverged")
"""done: has a result, or as much of its curve as is wanted; missing: has no record here, perhaps a
checkpoint of an interrupted run; partial: was trained as far as an earlier run wanted; timeout: was
cut short (both go on from their checkpoint); pruned: a study gave it up, a run trains it; stale:
has a result of older code or other data; failed, diverged: run again only with --retry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A wanted cell, its id and its state in the store.

    `data_hash` is that of its data; `until` is the number of updates that are wanted of it: all of
    its iterations, or fewer.
    """

    cell: Cell
    data_hash: str
    id: str
    state: str
    record: Record | None
    until: int

    @property
    def done(self) -> int:
        """The number of updates that its checkpoint has, if that is there."""
        record = self.record
        return record.iterations_done if record and record.status in UNFINISHED else 0

    @property
    def pause_at(self) -> int | None:
        """The number of updates after which training pauses; None where it is to end."""
        return self.until if self.until < self.cell.iterations else None

    @property
    def iterations_left(self) -> int:
        """The number of updates that it is still to do, if its checkpoint is there."""
        return max(0, self.until - self.done)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All wanted cells, and the programs to run, the largest first.

    `programs` hold indices into `cells`.
    """

    cells: tuple[Planned, ...]
    programs: tuple[tuple[int, ...], ...]

    def counts(self) -> dict[str, int]:
        """Return the number of cells in each state that occurs, in the order of `STATES`."""
        found = Counter(planned.state for planned in self.cells)
        return {state: found[state] for state in STATES if found[state]}

    def needed_data(self) -> tuple[tuple[str, str | None], ...]:
        """Return the pairs of dataset and corpus that the programs need, each once."""
        cells = (self.cells[index].cell for program in self.programs for index in program)
        return tuple(dict.fromkeys((cell.dataset, cell.corpus) for cell in cells))


def make_plan(
    cells: Sequence[Cell],
    records: Iterable[Record],
    *,
    machine: str | Collection[str] | None,
    data_dir: str | None = None,
    retry: Sequence[str] = (),
    stack: bool = False,
    until: Until | None = None,
) -> Plan:
    """Hold the wanted cells against the records.

    Args:
        cells: the wanted cells.
        records: what the store has.
        machine: the machine class to run on, or several, whose records count; None counts all.
        data_dir: where data files are.
        retry: states among failed and diverged that are run again.
        stack: whether cells that differ in replica axes only are one program, as is fastest on a
            GPU; otherwise each is a program, as is fastest on a CPU.
        until: how far to train; None for the whole of each cell.
    """
    sources = {(cell.dataset, cell.corpus) for cell in cells}
    hashes = {(n, text): datasets.data_hash(n, data_dir, corpus=text) for n, text in sources}
    by_id: dict[str, Record] = {}
    ids: dict[str, set[str]] = {}
    classes = None if machine is None else classes_of(machine)
    for record in records:
        ids.setdefault(record.key, set()).add(record.id)
        here = classes is None or is_among(record.machine_class, classes)
        if here and not (record.id in by_id and by_id[record.id].status == "ok"):
            by_id[record.id] = record  # of several classes' records, a result before others
    planned = [
        _planned(cell, hashes[cell.dataset, cell.corpus], by_id, ids, until) for cell in cells
    ]
    wanted = [
        index
        for index, item in enumerate(planned)
        if item.state in ("missing", "stale", *UNFINISHED, "pruned", *retry)
    ]
    wanted.sort(key=lambda index: -work(planned[index].cell))
    programs = programs_of([(index, planned[index].cell) for index in wanted], stack)
    return Plan(cells=tuple(planned), programs=programs)


def programs_of(wanted: Iterable[tuple[int, Cell]], stack: bool) -> tuple[tuple[int, ...], ...]:
    """Return the programs of some cells, given with their indices, in the order of their firsts.

    With `stack`, cells that differ in replica axes only are one program; otherwise each is one.
    """
    if not stack:
        return tuple((index,) for index, _ in wanted)
    alike: dict[str, list[int]] = {}
    for index, cell in wanted:
        alike.setdefault(shape(cell, replica_axes()), []).append(index)
    return tuple(
        tuple(some[start : start + MOST_REPLICAS])
        for some in alike.values()
        for start in range(0, len(some), MOST_REPLICAS)
    )


def classes_of(machine: str | Collection[str]) -> frozenset[str]:
    """Return the machine classes that one name, or several, name."""
    return frozenset([machine] if isinstance(machine, str) else machine)


def _planned(
    cell: Cell,
    data_hash: str,
    by_id: Mapping[str, Record],
    ids: Mapping[str, set[str]],
    until: Until | None,
) -> Planned:
    id_, wanted = cell.id(data_hash), cell.iterations if until is None else until.of(cell)
    record = by_id.get(id_)
    if record is not None:
        part = wanted < cell.iterations and record.status in UNFINISHED
        reached = part and record.iterations_done >= wanted
        state = "done" if record.status == "ok" or reached else record.status
    else:
        state = "stale" if ids.get(cell.key, {id_}) != {id_} else "missing"
    return Planned(cell=cell, data_hash=data_hash, id=id_, state=state, record=record, until=wanted)


def work(cell: Cell) -> float:
    """Return about how many multiplications the cell's training takes, to order programs by."""
    return _work(cell.with_seed(0), RULES.generation)


@functools.lru_cache(maxsize=4096)
def _work(cell: Cell, generation: int) -> float:
    """Return the same; it is the same for every seed, and is counted for each cell of a grid."""
    del generation  # a rule of one's own may have changed
    return family_for(cell).work(cell)


def shape(cell: Cell, varied: Sequence[str] | None = None) -> str:
    """Return what cells must share for an update to take the same time: all but a few numbers.

    `varied` are the fields that they may differ in; None for those of `not_shape`.
    """
    if varied is None:
        return _shape(cell.with_seed(0), RULES.generation)
    return repr({k: v for k, v in cell.to_dict().items() if k not in varied})


@functools.lru_cache(maxsize=4096)
def _shape(cell: Cell, generation: int) -> str:
    """Return the shape by the fields of `not_shape`, the seed among them."""
    del generation  # a rule of one's own may have brought a replica axis
    return shape(cell, not_shape())


def not_shape() -> tuple[str, ...]:
    """Return the fields on which the time of an update does not depend.

    Those are the replica axes but p_update, by which layers are idle, and what only the schedule
    and the evaluation ask for.
    """
    return (*(name for name in replica_axes() if name != "p_update"), *_SCHEDULE)


MOST_REPLICAS = 128
"""Cells of a program."""
_SCHEDULE = (
    "iterations",
    "drops",
    "drop_factor",
    "evaluate_every",
    "evaluate_at",
    "split",
    "solve_bits",
    "solve_window",
    "patience",
)


class Speed(NamedTuple):
    """The speed of a record's training.

    Attributes:
        cell: what was trained.
        shape: of the cell's program, by `shape`.
        machine_class: the class of machines that trained it.
        steps_per_second: updates a second; None where they were not measured.
    """

    cell: Cell
    shape: str
    machine_class: str
    steps_per_second: float | None


def speeds(records: Iterable[Record]) -> tuple[Speed, ...]:
    """Return what records tell of speed, of those whose rule and dataset are here."""
    cells = ((record, record.cell) for record in records if record.known)
    return tuple(
        Speed(cell, shape(cell), record.machine_class, record.steps_per_second)
        for record, cell in cells
    )


def seconds_per_step(
    found: Iterable[Speed], machine: str | Collection[str] | None
) -> dict[str, float]:
    """Return {shape: median seconds an update took} on machine classes, on all if None."""
    taken: dict[str, list[float]] = {}
    classes = None if machine is None else classes_of(machine)
    for one in found:
        if one.steps_per_second and (classes is None or is_among(one.machine_class, classes)):
            taken.setdefault(one.shape, []).append(1 / one.steps_per_second)
    return {name: statistics.median(values) for name, values in taken.items()}


def estimate(plan: Plan, per_step: Mapping[str, float], workers: int) -> float | None:
    """Return about how many seconds the plan takes, None where a shape has no known rate."""
    total, longest, staged = 0.0, 0.0, 0.0
    for program in plan.programs:
        planned = plan.cells[program[0]]
        rate = per_step.get(shape(planned.cell))
        if rate is None:
            return None
        seconds = rate * planned.iterations_left * EVALUATION_SHARE
        if planned.cell.stages is not None:  # one at a time, whatever the workers
            staged += seconds + START_SECONDS
        else:
            total, longest = total + seconds, max(longest, seconds)
    return max(total / max(1, workers), longest) + staged


EVALUATION_SHARE = 1.05
"""Time with evaluation over time without, for estimates."""
