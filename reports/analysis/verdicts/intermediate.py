"""Places before the end of training: what the first part of a schedule says of the paper's curves.

Until training ends nothing depends on when it does, so a record that was trained in part answers
what its curve has reached. Each is judged as a place of the table is, by the declared seeds and at
the paper's own scale; its margin is the error with which the paper's curve can be read. At another
scale our result is shown at the same share of training, and compared with nothing.
"""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ....bench import datasets
from ....bench.cell import Cell
from ....bench.outcome import UNFINISHED
from ....reproductions.exhibits.evidence import Intermediate
from ....results.metrics import lengths, rungs
from ....results.record import LOST
from ....results.tuning_objective import objective_of
from ..selection.protocol import PAPER
from ..selection.select import READABLE, Selection
from .judging import intermediate_target
from .neighbours import beside
from .places import (
    INCONCLUSIVE,
    NOT_COMPARABLE,
    NOT_RUN,
    Place,
    Verdict,
    judged_values,
    mean_of,
    other_data,
    seeds_left,
)
from .population import at_fraction


def intermediate(selection: Selection) -> list[Place]:
    """Return a place for each number before the end that the scale's cells are to give.

    They are in the grid's order, and of a configuration in the order of the exhibit's file. Away
    from the paper's scale they are those that have a result.
    """
    every = selection.whole.records()
    found = [
        _place(selection, cell, known, records, _judged(selection.whole, cell, known, every[cell]))
        for cell, records in selection.records().items()
        if selection.fixed(cell)
        for known in selection.exhibit.intermediate_of(cell)
    ]
    return [one for one in found if selection.scale == PAPER or one.interval is not None]


def share(selection: Selection, known: Intermediate) -> float:
    """Return at what share of the paper's training a number of its curves was read."""
    theirs = next(cell for cell in selection.paper_cells if cell.has(known.where))
    return known.iteration(theirs) / theirs.iterations


def value_at(cell: Cell, record: Mapping[Any, Any], result: str | None, at: float) -> float | None:
    """Return the result of a record at a share of training; None where it did not get so far.

    Args:
        cell: its configuration.
        record: its fields `curve`, `progression`, `status` and `iterations_done`.
        result: which of the cell's several results; None where it has one.
        at: the share. Nothing is interpolated: errors are those of the evaluation there, a length
            is that of the last level solved by then, 0 before the first.
    """
    if record["status"] not in READABLE:
        return None
    if datasets.kind(cell.dataset) == "episodes":
        done = at * cell.iterations
        if record["status"] in UNFINISHED and record["iterations_done"] < done:
            return None
        solved = (level["length"] for level in record["progression"] if level["iteration"] <= done)
        return float(max(solved, default=0))
    return at_fraction(cell, record["curve"], at, result or objective_of(cell.dataset).point[0])


def read_between(dataset: str, known: Intermediate) -> tuple[float, float, float]:
    """Return the bounds within which a number was read, and between them the number.

    A bound is infinite on a side that is open.
    """
    (value,) = rungs(dataset, [known.number.value])
    reading = known.number.reading
    low, high = lengths(dataset, [value - reading, value + reading])
    low = -math.inf if known.side == "below" else low
    return low, known.number.value, math.inf if known.side == "above" else high


def _judged(whole: Selection, cell: Cell, known: Intermediate, records: pd.DataFrame) -> Verdict:
    """Return the verdict on a number, by all records of its configuration."""
    at = share(whole, known)
    every = _values(cell, records, known.result, at)
    reached, declared = every.notna(), whole.declared(records)
    if not (reached | ~records["status"].isin(UNFINISHED)).any():
        return Verdict(verdict=NOT_RUN)
    if whole.scale != PAPER:
        return Verdict(verdict=NOT_COMPARABLE)
    values = every[reached & declared].tolist()
    diverged = (records["status"] == "diverged") & ~reached & declared
    left = seeds_left(whole, len(values), int(diverged.sum()))
    if left:
        return Verdict(verdict=INCONCLUSIVE, decides=left)
    near = beside(whole, cell, lambda one, some: _values(one, some, known.result, at))
    return judged_values(cell, values, intermediate_target(cell, known), near)


def _place(
    selection: Selection, cell: Cell, known: Intermediate, records: pd.DataFrame, judged: Verdict
) -> Place:
    at = share(selection, known)
    every = _values(cell, records, known.result, at)
    reached = every.notna()
    values = every[reached & selection.declared(records)].tolist()
    return Place(
        cell=cell,
        result=known.result,
        fills=True,
        seeds=selection.planned,
        paper=known.number.value,
        grade=known.number.grade,
        margin=known.number.reading,
        baseline=None,
        interval=mean_of(values),
        further=mean_of(every[reached].tolist()) if reached.sum() > len(values) else None,
        verdict=judged.verdict,
        within=judged.within,
        drawn=judged.drawn,
        decides=judged.decides,
        lost={name: int(((records["status"] == name) & ~reached).sum()) for name in LOST},
        other_data=other_data(records),
        known=known,
        share=at,
    )


def _values(cell: Cell, records: pd.DataFrame, result: str | None, at: float) -> "pd.Series[float]":
    names = ["curve", "progression", "status", "iterations_done"]
    found = [value_at(cell, row, result, at) for row in records[names].to_dict("records")]
    return pd.Series(found, index=records.index, dtype=float)


def when(place: Place) -> str:
    """Return how far training is at a place: `after 300,000 updates`; of the end, nothing."""
    if place.known is None or place.iteration is None:
        return ""
    cell, known, unit = place.cell, place.known, "updates"
    number, own = place.iteration, round(known.iteration(cell)) == place.iteration
    if known.unit == "data_steps":
        number, unit = number * cell.data_steps, "steps of data"
    return f"after {known.at if own else number:,} {unit}"  # T may not divide the paper's own
