"""Medians of a population beside the paper's: by bins of p_update, at each number of iterations.

A bin is judged as a place of the table is, by its median instead of a mean: no distribution is
assumed. Only at the paper's own scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...bench.cell import Cell
from ...reproductions.exhibits.schema import Median
from ...results.statistics import intervals
from .population import at_fraction, fits
from .protocol import PAPER
from .select import Selection
from .verdicts import CONFIDENCE, INCONCLUSIVE, NOT_COMPARABLE, NOT_REPRODUCED, NOT_RUN, REPRODUCED

_MOST_ROWS = 12  # of a table, by values of p_update


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The networks of a bin of p_update at a number of iterations, beside the paper's median.

    Attributes:
        paper: the paper's median, and which networks and iterations it is of.
        cells: the configurations in the bin, each as its cell of seed 0.
        margin: how near to the paper's median counts as reproduced, None where none is declared.
        found: our median, None where no network is ok.
        verdict: one of those in `verdicts`.
        diverged: the number of networks that diverged.
    """

    paper: Median
    cells: tuple[Cell, ...]
    margin: float | None
    found: intervals.MedianInterval | None
    verdict: str
    diverged: int

    @property
    def cell(self) -> Cell:
        """One of the configurations."""
        return self.cells[0]


def bins(selection: Selection) -> list[Bin]:
    """Return a bin for each median of the paper that the scale has configurations for."""
    found: list[Bin] = []
    for known in selection.exhibit.medians:
        mine = [
            n
            for n, cell in enumerate(selection.cells)
            if fits(cell, known.where) and known.has(cell.p_update) and selection.fixed(cell)
        ]
        if mine:
            found.append(_bin(selection, known, mine))
    return found


def _bin(selection: Selection, known: Median, configurations: Sequence[int]) -> Bin:
    cells = tuple(selection.cells[n] for n in configurations)
    records = selection.frame[selection.frame["configuration"].isin(configurations)]
    curves = records.loc[records["status"] == "ok", "curve"]
    read = (at_fraction(cells[0], curve, known.at, "error") for curve in curves)
    values = [value for value in read if value is not None]
    diverged = int((records["status"] == "diverged").sum())
    margin = selection.exhibit.margin(cells[0].dataset, cells[0].rule)
    verdict = INCONCLUSIVE if len(records) else NOT_RUN
    if len(records) and (selection.scale != PAPER or margin is None):
        verdict = NOT_COMPARABLE
    elif values and margin is not None:
        verdict = _judged(values, known.value, margin)
        if verdict == REPRODUCED and diverged:
            verdict = INCONCLUSIVE  # the networks that are left are no fair sample
    return Bin(
        paper=known,
        cells=cells,
        margin=margin,
        found=intervals.median_interval(values, CONFIDENCE) if values else None,
        verdict=verdict,
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


def replace_table(selection: Selection, found: Sequence[Bin]) -> bool:
    """Tell whether bins replace the table: it would have a row for each of many p_update."""
    return bool(found) and len({cell.p_update for cell in selection.cells}) > _MOST_ROWS
