"""The runs that a verdict rests on: the records of a configuration, one a seed."""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import pandas as pd

from ....bench.cell import Cell
from ....results.metrics import METRIC_BY_RESULT
from ....results.tuning_objective import objective_of
from ..selection.select import Selection
from ..verdicts.intermediate import value_at

_COLUMNS = (
    *("configuration", "seed", "status", "id", "machine_class", "finished", "curve", "value"),
    *("progression", "iterations_done"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One record of a configuration.

    Attributes:
        seed: its seed.
        value: the result, None unless it is ok; or that at a share of training, None where it did
            not get so far.
        status: of the record.
        record: the record's id.
        machine_class: what it ran on.
        finished: when it ended, ISO 8601, UTC.
        curve: iterations and the result at each evaluation.
        cosines: of the synthetic and the true gradient at the last evaluation, by hidden layer
            from the bottom; none where there is no M.
        losses: M's regression losses, likewise.
        held_cosines: cosines on held-out examples, likewise; none where none was read.
    """

    seed: int
    value: float | None
    status: str
    record: str
    machine_class: str
    finished: str
    curve: tuple[tuple[float, float], ...]
    cosines: tuple[float | None, ...]
    losses: tuple[float | None, ...]
    held_cosines: tuple[float | None, ...] = ()


class Runs:
    """The runs of a selection by configuration, read once from its frame."""

    def __init__(self, selection: Selection) -> None:
        self.index = {cell: n for n, cell in enumerate(selection.cells)}
        self.rows: dict[int, list[dict[str, Any]]] = {}
        names = [*_COLUMNS, *METRIC_BY_RESULT]
        for row in cast("list[dict[str, Any]]", selection.frame[names].to_dict("records")):
            self.rows.setdefault(row["configuration"], []).append(row)

    def of(self, cell: Cell, result: str | None, at: float | None = None) -> list[Run]:
        """Return the runs of a configuration, by seed.

        Args:
            cell: the configuration.
            result: which of its results.
            at: the share of training at which its results are read; the end if None.
        """
        y = result or objective_of(cell.dataset).point[0]
        rows = sorted(self.rows.get(self.index[cell], ()), key=lambda row: row["seed"])
        found = [_run(row, result or "value", y) for row in rows]
        if at is None:
            return found
        values = [value_at(cell, row, result, at) for row in rows]
        return [replace(run, value=value) for run, value in zip(found, values, strict=True)]


def _run(row: Mapping[str, Any], result: str, y: str) -> Run:
    curve, ok = row["curve"], row["status"] == "ok"
    last: dict[str, Any] = curve[-1] if curve else {}
    return Run(
        seed=int(row["seed"]),
        value=float(row[result]) if ok and not pd.isna(row[result]) else None,
        status=row["status"],
        record=row["id"],
        machine_class=row["machine_class"],
        finished=row["finished"],
        curve=tuple((p["iteration"], float(p[y])) for p in curve if p[y] is not None),
        cosines=tuple(last.get("sg_cosine") or ()),
        losses=tuple(last.get("sg_loss") or ()),
        held_cosines=tuple(last.get("sg_held_cosine") or ()),
    )


def by_layer(
    runs: Iterable[Run], name: Literal["cosines", "held_cosines", "losses"]
) -> list[float]:
    """Return the mean over the seeds that are ok of M's number at each hidden layer, bottom first.

    Empty where there is no M, or some layer has no number.
    """
    rows = [getattr(run, name) for run in runs if run.status == "ok" and getattr(run, name)]
    columns = zip(*rows, strict=True) if rows else ()
    known = [[value for value in column if value is not None] for column in columns]
    return [statistics.fmean(some) for some in known] if all(known) else []
