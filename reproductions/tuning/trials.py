"""What came of a study's trials, from the records of their cells alone. Free of torch."""

import dataclasses
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...bench.cell import Cell, canonical_json
from ...results.metrics import Objective, objective_of
from ...results.record import Record
from ...results.study import Study
from .candidates import Arm, own_choice, trial_cells
from .space import as_json, inside

STATES = ("complete", "pruned", "diverged", "failed", "open")
"""complete: every seed has a result; pruned: given up at a point of evaluation; diverged: a seed
did, the trial counts as the worst; failed: a seed did, it has no value; open: not decided yet."""
_STEADY = ("dataset", "network", "rule", "depth", "T", "iterations", "batch_size")
_RANK = {"ok": 0, "diverged": 1, "failed": 2, "pruned": 3, "timeout": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial and what came of it.

    Attributes:
        number: in the order of asking, from 0.
        params: what was chosen.
        state: one of STATES.
        value: the objective, mean over the seeds: at the end, or of one that was pruned where it
            was; of one that diverged, the worst there is; None where nothing is known.
        points: (iteration, mean over the seeds) of the evaluations that all seeds have.
        iterations: updates of all its cells together.
        seconds: their time of training and evaluation, a stack's shared among its cells.
        records: the cells' records, those that there are.
    """

    number: int
    params: Mapping[str, Any]
    state: str
    value: float | None
    points: tuple[tuple[int, float], ...]
    iterations: int
    seconds: float
    records: tuple[Record, ...]


class RecordIndex:
    """The best record of each cell, by the cell's key.

    Records of other versions of the code, and of other data where that is known, are no record of
    the cell; canonical data goes before other data, and of equals the class `home` of machines.
    """

    def __init__(
        self,
        records: Iterable[Record],
        hashes: Mapping[tuple[str, str | None], str] | None = None,
        home: str | None = None,
    ) -> None:
        """Take records; `hashes` are of the data that counts, by dataset and corpus."""
        self._hashes, self._home = hashes, home
        self._found: dict[str, Record] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Take a record, where it says more than what is known."""
        source = (record.dataset, record.corpus)
        if self._hashes is not None and self._hashes.get(source) != record.data_hash:
            return
        if not current(record):
            return
        other = self._found.get(record.key)
        if other is None or self._rank(record) <= self._rank(other):
            self._found[record.key] = record

    def _rank(self, record: Record) -> tuple[Any, ...]:
        place = (record.machine_class != self._home, record.machine_class)
        return _RANK[record.status], not record.data_canonical, -record.iterations_done, place

    def of(self, cells: Iterable[Cell]) -> list[Record]:
        """Return the records of those cells that have one, in their order."""
        found = (self._found.get(cell.key) for cell in cells)
        return [record for record in found if record is not None]

    def forget(self, cells: Iterable[Cell]) -> None:
        """Know nothing of those cells that failed or diverged."""
        for record in self.of(cells):
            if record.status in ("failed", "diverged"):
                del self._found[record.key]

    def reached(self, cells: Sequence[Cell], iteration: int | None) -> bool:
        """Tell whether all of the cells have come to an iteration, or to an end of their own."""
        records = self.of(cells)
        return len(records) == len(cells) and all(
            r.status != "timeout" or (iteration is not None and r.iterations_done >= iteration)
            for r in records
        )


def current(record: Record) -> bool:
    """Tell whether the code of today made a record."""
    return record.known and record.cell.versions() == record.versions


def home(records: Iterable[Record], cells: Iterable[Cell]) -> str | None:
    """Return the class of machines that most records of `cells` are of; None without any.

    A study's results are paired, so they are to be of one class where the store has several.
    """
    keys = {cell.key for cell in cells}
    count = Counter(record.machine_class for record in records if record.key in keys)
    return max(count, key=lambda name: (count[name], name), default=None)


def derive(
    number: int, params: Mapping[str, Any], cells: Sequence[Cell], known: RecordIndex
) -> Trial:
    """Return what came of a trial, from the records of its cells."""
    records, objective = known.of(cells), objective_of(cells[0].dataset)
    found = {record.status for record in records}
    curves = [dict(objective.seen(record.curve)) for record in records]
    points: list[tuple[int, float]] = []
    if len(records) == len(cells):
        both = [at for at in curves[0] if all(at in curve for curve in curves)]
        points = [(at, statistics.fmean(curve[at] for curve in curves)) for at in both]
    results = [objective.of(record) for record in records]
    if "diverged" in found:
        state, value = "diverged", objective.worst
    elif "failed" in found:
        state, value = "failed", None
    elif "pruned" in found:
        state, value = "pruned", points[-1][1] if points else None
    elif len(records) == len(cells) and found == {"ok"}:
        numbers = [value for value in results if value is not None]
        state, value = "complete", statistics.fmean(numbers)
    else:
        state, value = "open", points[-1][1] if points else None
    return Trial(
        number=number,
        params=params,
        state=state,
        value=value,
        points=tuple(points),
        iterations=sum(record.iterations_done for record in records),
        seconds=sum((r.train_seconds + r.evaluation_seconds) / r.replicas for r in records),
        records=tuple(records),
    )


def best(trials: Iterable[Trial], objective: Objective) -> Trial | None:
    """Return the complete trial of the best value, the first of equals; None without any."""
    found: Trial | None = None
    for trial in trials:
        if trial.state == "complete" and (
            found is None or objective.better(trial.value or 0.0, found.value or 0.0)
        ):
            found = trial
    return found


def rebuilt(study: Study, arms: Sequence[Arm], records: Iterable[Record]) -> Study:
    """Return the study with what its records say was asked for, in the order they were finished.

    For where the study's file is lost: any record whose cell is one that the declaration could
    have asked for counts.
    """
    records, asked = list(records), dict[str, list[dict[str, Any]]]()
    for arm in arms:
        steady = [name for name in _STEADY if name not in {d.field for d in arm.space}]
        own = own_choice(arm)
        own_keys = {cell.key for cell in trial_cells(study, arm, own)}
        choices: dict[str, tuple[dict[str, Any], set[str]]] = {canonical_json(own): (own, own_keys)}
        first: dict[str, str] = {}
        for record in records:
            mine = all(record.value(name) == arm.cell.value(name) for name in steady)
            if not mine or not current(record):
                continue
            params = own if record.key in own_keys else inside(arm.space, record.cell)
            if params is None:
                continue
            values = {name: as_json(value) for name, value in params.items()}
            place = canonical_json(values)
            if place not in choices:
                cells = trial_cells(study, arm, values)
                choices[place] = (values, {cell.key for cell in cells})
            if record.key in choices[place][1]:
                first[place] = min(first.get(place, record.finished), record.finished)
        order = sorted(first, key=lambda place: (first[place], place))
        # The protocol as it is comes first, as it did; if its records are lost it is tried again.
        if canonical_json(own) in order or 0 < len(order) < study.trials:
            order = list(dict.fromkeys([canonical_json(own), *order]))
        asked[arm.label] = [choices[place][0] for place in order]
    return dataclasses.replace(study, asked=asked)
