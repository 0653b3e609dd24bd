"""The trials of a study, derived from the records of their cells alone. Free of torch."""

import dataclasses
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ...bench.cell import Cell, canonical_json
from ...bench.errors import StoreError
from ...bench.outcome import UNFINISHED
from ...results.record import Record
from ...results.store.study import Study
from ...results.tuning_objective import Objective, objective_of
from ..exhibits.space import as_json, inside
from .candidates import Arm, trial_cells, untuned_params

STATES = ("complete", "pruned", "diverged", "failed", "open")
"""complete: all seeds have results; pruned: given up at an evaluation; diverged: a seed diverged,
and the trial counts as the worst; failed: a seed failed, and it has no value; open: undecided."""
_STEADY = ("dataset", "network", "rule", "depth", "T", "iterations", "batch_size")
_RANK = {"ok": 0, "diverged": 1, "failed": 2, "pruned": 3, "timeout": 4, "partial": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial and its outcome.

    Attributes:
        number: its position in the order of asking, from 0.
        params: the choice.
        state: one of STATES.
        value: the mean of the objective over seeds: at the end, or where the trial was pruned; the
            worst possible where it diverged; None where nothing is known.
        points: (iteration, mean over seeds) of the evaluations that all seeds have.
        iterations: the updates of all its cells together.
        seconds: their time of training and evaluation; cells of one program share its time.
        records: the records of those cells that have one.
    """

    number: int
    params: Mapping[str, Any]
    state: str
    value: float | None
    points: tuple[tuple[int, float], ...]
    iterations: int
    seconds: float
    records: tuple[Record, ...]

    @property
    def result(self) -> float:
        """The value of a complete trial; ValueError for another, which may have none."""
        if self.state != "complete" or self.value is None:
            raise ValueError(f"trial {self.number} is {self.state}: it has no result")
        return self.value


class RecordIndex:
    """The best record of each cell, by the cell's key.

    Records of other versions of the code do not count, nor those of other data where the data is
    known. Canonical data is preferred to other data, and then the machine class `home`.
    """

    def __init__(
        self,
        records: Iterable[Record],
        hashes: Mapping[tuple[str, str | None], str] | None = None,
        home: str | None = None,
    ) -> None:
        """Index records; `hashes` are those of the data that counts, by dataset and corpus."""
        self._hashes, self._home = hashes, home
        self._found: dict[str, Record] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Index a record where it is better than the one already known of its cell."""
        source = (record.dataset, record.corpus)
        if self._hashes is not None and self._hashes.get(source) != record.data_hash:
            return
        if not current(record):
            return
        other = self._found.get(record.key)
        if other is None or self._rank(record) <= self._rank(other):
            self._found[record.key] = record

    def _rank(self, record: Record) -> tuple[Any, ...]:
        home = (record.machine_class != self._home, record.machine_class)
        return _RANK[record.status], not record.data_canonical, -record.iterations_done, home

    def records_of(self, cells: Iterable[Cell]) -> list[Record]:
        """Return the records of those cells that have one, in the cells' order."""
        found = (self._found.get(cell.key) for cell in cells)
        return [record for record in found if record is not None]

    def forget(self, cells: Iterable[Cell]) -> None:
        """Drop the records of those cells that failed or diverged."""
        for record in self.records_of(cells):
            if record.status in ("failed", "diverged"):
                del self._found[record.key]

    def reached(self, cells: Sequence[Cell], iteration: int | None) -> bool:
        """Tell whether each of the cells has reached an iteration, or ended before it."""
        records = self.records_of(cells)
        return len(records) == len(cells) and all(
            r.status not in UNFINISHED or (iteration is not None and r.iterations_done >= iteration)
            for r in records
        )


def current(record: Record) -> bool:
    """Tell whether a record is of the current versions of rule, dataset and protocol."""
    return record.known and record.cell.versions() == record.versions


def home(records: Iterable[Record], cells: Iterable[Cell]) -> str | None:
    """Return the machine class of most records of `cells`; None without records.

    A study compares pairs of results, so they should come from one machine class.
    """
    keys = {cell.key for cell in cells}
    count = Counter(record.machine_class for record in records if record.key in keys)
    return max(count, key=lambda name: (count[name], name), default=None)


def derive(
    number: int, params: Mapping[str, Any], cells: Sequence[Cell], known: RecordIndex
) -> Trial:
    """Return a trial and its outcome, from the records of its cells."""
    records, objective = known.records_of(cells), objective_of(cells[0].dataset)
    found = {record.status for record in records}
    points = _points(objective, records, cells[0]) if len(records) == len(cells) else []
    if "diverged" in found:
        state, value = "diverged", objective.worst
    elif "failed" in found:
        state, value = "failed", None
    elif "pruned" in found:
        state, value = "pruned", points[-1][1] if points else None
    elif len(records) == len(cells) and found == {"ok"}:
        state, value = "complete", statistics.fmean(_result(objective, r) for r in records)
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


def _points(objective: Objective, records: Sequence[Record], cell: Cell) -> list[tuple[int, float]]:
    """Return (iteration, mean over seeds) of the evaluations that all seeds of a cell have.

    With early stopping the best evaluation so far counts, and a seed that has ended keeps it.
    """
    stopping = bool(cell.patience)
    curves = [dict(objective.seen(record.curve, best=stopping)) for record in records]
    every = sorted({at for curve in curves for at in curve})
    for record, curve in zip(records, curves, strict=True):
        if stopping and record.status == "ok" and curve:
            last = max(curve)
            curve.update((at, curve[last]) for at in every if at > last)
    common = [at for at in every if all(at in curve for curve in curves)]
    return [(at, statistics.fmean(curve[at] for curve in curves)) for at in common]


def _result(objective: Objective, record: Record) -> float:
    """Return the objective of a record that is ok; StoreError where it has none."""
    found = objective.validation_result(record)
    if found is None:
        raise StoreError(
            f"record {record.id} has no {objective.name}; remove its file, and the study trains"
            " its cell again"
        )
    return found


def span(record: Record) -> tuple[datetime, datetime]:
    """Return when a cell's training began and ended, as if it had never been interrupted.

    Raises StoreError where the record has no time.
    """
    try:
        ended = datetime.fromisoformat(record.finished).astimezone(UTC)
        return ended - timedelta(seconds=record.train_seconds + record.evaluation_seconds), ended
    except (ValueError, OverflowError) as error:
        raise StoreError(
            f"record {record.id}: finished={record.finished!r} is no time that its seconds fit;"
            " remove its file, and the study trains its cell again"
        ) from error


def best(trials: Iterable[Trial], objective: Objective) -> Trial | None:
    """Return the complete trial with the best value, the first of equals; None without any."""
    found: Trial | None = None
    for trial in trials:
        if trial.state == "complete" and (
            found is None or objective.better(trial.result, found.result)
        ):
            found = trial
    return found


def rebuilt(study: Study, arms: Sequence[Arm], records: Iterable[Record]) -> Study:
    """Return the study with the trials that its records show, in the order they were begun.

    This is for a lost study file: every record counts whose cell the declaration could ask for.
    Trials are begun in the order in which they were asked for.
    """
    records, asked = list(records), dict[str, list[dict[str, Any]]]()
    for arm in arms:
        steady = [name for name in _STEADY if name not in {d.field for d in arm.space}]
        own = untuned_params(arm)
        own_keys = {cell.key for cell in trial_cells(study, arm, own)}
        choices: dict[str, tuple[dict[str, Any], set[str]]] = {canonical_json(own): (own, own_keys)}
        first: dict[str, tuple[datetime, str]] = {}
        for record in records:
            mine = all(record.value(name) == arm.cell.value(name) for name in steady)
            if not mine or not current(record):
                continue
            params = own if record.key in own_keys else inside(arm.space, record.cell)
            if params is None:
                continue
            values = {name: as_json(value) for name, value in params.items()}
            choice_key = canonical_json(values)
            if choice_key not in choices:
                cells = trial_cells(study, arm, values)
                choices[choice_key] = (values, {cell.key for cell in cells})
            if record.key in choices[choice_key][1]:
                began = (span(record)[0], record.finished)  # cells of a program began together
                first[choice_key] = min(first.get(choice_key, began), began)
        order = sorted(first, key=lambda choice_key: (first[choice_key], choice_key))
        # The untuned protocol comes first, as it did; if its records are lost it is tried again.
        if canonical_json(own) in order or 0 < len(order) < study.trials:
            order = list(dict.fromkeys([canonical_json(own), *order]))
        asked[arm.label] = [choices[choice_key][0] for choice_key in order]
    return dataclasses.replace(study, asked=asked)
