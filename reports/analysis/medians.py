"""A population beside the paper's medians: bin by bin of p_update, at each number of iterations.

A bin is judged as a place is, by its median in place of a mean: no distribution is assumed. Only
at the paper's own scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...bench.cell import Cell
from ...reproductions.exhibits.schema import Median
from ...results.statistics import intervals
from ..tables.exhibit import paper, verdict
from ..tables.table import Entry, Grid, entry
from .population import at_fraction, fits, iterations
from .protocol import PAPER
from .select import Selection
from .verdicts import CONFIDENCE, INCONCLUSIVE, NOT_COMPARABLE, NOT_REPRODUCED, NOT_RUN, REPRODUCED

_MOST_ROWS = 12
NOTE = (
    "Median and 95 % interval by order statistics over the networks of a bin of p_update, none"
    " below 6 (number of networks). Verdicts are those of the other tables, by the 90 % interval."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The networks of a bin of p_update at a number of `iterations`, beside the paper's median.

    `cell` is one of its configurations; `found` is None where no network is ok.
    """

    paper: Median
    cell: Cell
    iterations: str
    margin: float | None
    found: intervals.MedianInterval | None
    verdict: str
    diverged: int


def bins(selection: Selection) -> list[Bin]:
    """Return a bin for each median of the paper that the scale has configurations for."""
    records = dict(list(selection.frame.groupby("configuration")))
    made: list[Bin] = []
    for known in selection.exhibit.medians:
        mine = [
            n
            for n, cell in enumerate(selection.cells)
            if fits(cell, known.where)
            and known.above < (cell.p_update or 0.0) <= known.up_to
            and selection.fixed(cell)
        ]
        if mine:
            cell = selection.cells[mine[0]]
            margin = selection.exhibit.margin(cell.dataset, cell.rule)
            found = [records[n] for n in mine if n in records]
            made.append(_bin(selection, known, cell, margin, found))
    return made


def _bin(
    selection: Selection, known: Median, cell: Cell, margin: float | None, records: Sequence[Any]
) -> Bin:
    ok = [some[some["status"] == "ok"] for some in records]
    read = (at_fraction(cell, curve, known.at, "error") for some in ok for curve in some["curve"])
    values = [value for value in read if value is not None]
    diverged = sum(int((some["status"] == "diverged").sum()) for some in records)
    word = INCONCLUSIVE if records else NOT_RUN
    if records and (selection.scale != PAPER or margin is None):
        word = NOT_COMPARABLE
    elif values and margin is not None:
        word = _judged(values, known.value, margin)
        if word == REPRODUCED and diverged:
            word = INCONCLUSIVE  # the networks that are left are no fair sample
    return Bin(
        paper=known,
        cell=cell,
        iterations=iterations(cell, known.at),
        margin=margin,
        found=intervals.median_interval(values, CONFIDENCE) if values else None,
        verdict=word,
        diverged=diverged,
    )


def _judged(values: Sequence[float], target: float, margin: float) -> str:
    found = intervals.median_interval(values, intervals.VERDICT_CONFIDENCE)
    if found.low is None or found.high is None or not intervals.varies(values):
        return INCONCLUSIVE
    if target - margin <= found.low and found.high <= target + margin:
        return REPRODUCED
    apart = found.high < target - margin or found.low > target + margin
    return NOT_REPRODUCED if apart else INCONCLUSIVE


def grid(selection: Selection, found: Sequence[Bin]) -> Grid:
    """Return the table of the bins, a column for each rule and what is decoupled."""
    label = selection.exhibit.label
    columns: dict[tuple[str, ...], None] = {}
    rows: dict[tuple[str, ...], dict[tuple[str, ...], Entry]] = {}
    for one in sorted(found, key=lambda one: (one.paper.at, one.paper.above)):
        ends = f"{one.paper.above:g} to {one.paper.up_to:g}"
        row = label("dataset", one.cell.dataset), one.iterations, ends
        column = label("decoupled", one.cell.decoupled), label("rule", one.cell.rule)
        columns[column] = None
        rows.setdefault(row, {})[column] = _entry(one)
    order = dict.fromkeys(
        (label("decoupled", c.decoupled), label("rule", c.rule)) for c in selection.cells
    )
    shown = [column for column in order if column in columns]
    return Grid(
        caption=(
            f"Median error in percent by bins of p_update, {selection.exhibit.name} at scale"
            f" {selection.scale}"
        ),
        stubs=("dataset", "iterations", "p_update"),
        columns=tuple(shown),
        rows=tuple(
            (row, tuple(some.get(column, entry()) for column in shown))
            for row, some in rows.items()
        ),
    )


def _entry(one: Bin) -> Entry:
    if one.verdict == NOT_RUN:
        return entry(NOT_RUN)
    first = ""
    if one.found is not None:
        low, high = one.found.low, one.found.high
        spread = "" if low is None or high is None else f" [{low:.2f}, {high:.2f}]"
        first = f"{one.found.median:.2f}{spread} ({one.found.n})"
    lost = f"{one.diverged} diverged" if one.diverged else ""
    return entry(first, lost, f"paper {paper(one.paper.value)}", verdict(one.verdict, None, 2))


def instead(selection: Selection, found: Sequence[Bin]) -> bool:
    """Tell whether there are more values of p_update than a table has rows for: bins stand in."""
    return bool(found) and len({cell.p_update for cell in selection.cells}) > _MOST_ROWS
