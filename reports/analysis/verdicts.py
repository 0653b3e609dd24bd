"""Does it reproduce? Each place of the paper's table, held against the paper's number.

Only at the paper's own scale: elsewhere a result is not comparable.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ...bench.cell import Cell
from ...results.metrics import results_of, rungs
from ...results.record import LOST
from ...results.statistics import intervals
from .protocol import PAPER
from .select import Selection

REPRODUCED, NOT_REPRODUCED = "reproduced", "not reproduced"
INCONCLUSIVE, NOT_RUN, NOT_COMPARABLE = "inconclusive", "not run", "not comparable"

CONFIDENCE = 0.95
"""Of the intervals that are shown; a place's verdict is by the 90 % interval of
`results.statistics.intervals`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of the paper's table: a configuration's result beside the paper's number.

    Attributes:
        cell: the configuration, as its cell of seed 0.
        result: which of its results, None where it has one only.
        fills: whether its M is the one that the protocol fixes for the place.
        seeds: the number of seeds that the scale has.
        paper: the paper's number, None where it has none; so are `grade` and `margin`.
        grade: its grade of evidence.
        margin: how near to it counts as reproduced.
        interval: ours, None where no seed is ok.
        verdict: one of those above.
        seeds_needed: how many would decide it, where it is inconclusive and that is known.
        lost: the number of seeds that are not ok, by status.
        other_data: the hashes of data that is not the original.
    """

    cell: Cell
    result: str | None
    fills: bool
    seeds: int
    paper: float | None
    grade: str | None
    margin: float | None
    interval: intervals.Interval | None
    verdict: str
    seeds_needed: int | None
    lost: Mapping[str, int]
    other_data: tuple[str, ...]


def places(selection: Selection) -> list[Place]:
    """Return a place for every result of every configuration, in the grid's order."""
    records = dict(list(selection.frame.groupby("configuration")))
    none = selection.frame[:0]
    return [
        _place(selection, cell, result, records.get(n, none))
        for n, cell in enumerate(selection.cells)
        for result in results_of(cell.dataset)
    ]


def _place(selection: Selection, cell: Cell, result: str | None, records: pd.DataFrame) -> Place:
    exhibit = selection.exhibit
    values = selection.values(result)[records.index].dropna().tolist()
    number = exhibit.number(cell, result)
    margin = exhibit.margin(cell.dataset, cell.rule)
    lost = {status: int((records["status"] == status).sum()) for status in LOST}
    fills = selection.fixed(cell)
    verdict, seeds_needed = INCONCLUSIVE if len(records) else NOT_RUN, None
    if selection.scale != PAPER or number is None or margin is None or not fills:
        verdict = NOT_COMPARABLE if len(records) else NOT_RUN
    elif values:
        scaled = rungs(cell.dataset, [*values, number.value])
        judged = intervals.verdict(scaled[:-1], scaled[-1], margin)
        verdict, seeds_needed = judged.status, judged.seeds_needed
        if verdict == REPRODUCED and lost["diverged"]:
            verdict = INCONCLUSIVE  # the seeds that are left are no fair sample
    return Place(
        cell=cell,
        result=result,
        fills=fills,
        seeds=selection.seeds,
        paper=None if number is None else number.value,
        grade=None if number is None else number.grade,
        margin=margin,
        interval=intervals.mean_interval(values, CONFIDENCE) if values else None,
        verdict=verdict,
        seeds_needed=seeds_needed,
        lost=lost,
        other_data=other_data(records),
    )


def other_data(records: pd.DataFrame) -> tuple[str, ...]:
    """Return the hashes of the data that is not the original, of some records."""
    return tuple(sorted(records.loc[~records["data_canonical"], "data_hash"].unique()))
