"""Medians of a population beside the paper's: by bins of p_update, at each number of iterations.

The paper trained one network for each value of p_update, spread evenly. Here several seeds share
each value, so networks are not independent of one another: the unit is the seed. The networks of a
seed are a curve over p_update, linear between its values; its median over the bin, p_update even,
is one number per seed, judged as any other place is (`place_verdict`). The paper's own median is
one of few networks: whether ours give it is told by all networks of the bin and its ends,
distribution-free.

Where the paper's axis cuts a median off, the test is one-sided. Only at the paper's own scale.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ....bench.cell import Cell
from ....bench.outcome import UNFINISHED
from ....reproductions.exhibits.evidence import Median
from ....results.metrics import grain
from ....results.statistics import intervals
from ....results.statistics.place_verdict import (
    HEADLINES,
    Answer,
    Target,
    is_drawn,
    is_within,
    mean_bounds,
    median_prediction,
)
from ..selection.protocol import PAPER
from ..selection.select import READABLE, Selection
from .places import CONFIDENCE, INCONCLUSIVE, NOT_COMPARABLE, NOT_RUN, seeds_left
from .population import at_fraction

_MOST_ROWS = 12  # of a table, by values of p_update
_FINE = 400  # values of p_update in a bin at which a seed's curve is read


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """The networks of a bin of p_update at a number of iterations, beside the paper's median.

    Attributes:
        paper: the paper's median, and which networks and iterations it is of.
        cells: the configurations in the bin, each as its cell of seed 0.
        support: those that a seed's median is taken from: the cells, and the nearest beyond an end
            of the bin that none of them is at.
        seeds: the number of seeds that the scale declares.
        margin: how near to the paper's median counts as reproduced, None where none is declared.
        found: the mean of the seeds' medians over the bin, None where no seed has all networks.
        networks: of declared seeds, in the bin and at its ends.
        verdict: one of those in `verdicts`.
        within: whether our median is within the margin of the paper's; None if not judged.
        drawn: whether the paper's median is one that as many networks of ours give, likewise.
        decides: what would decide it, where it is inconclusive.
        diverged: the number of networks of `support` that diverged, of declared seeds.
    """

    paper: Median
    cells: tuple[Cell, ...]
    support: tuple[Cell, ...]
    seeds: int
    margin: float | None
    found: intervals.Interval | None
    networks: int
    verdict: str
    within: str | None
    drawn: str | None
    decides: str
    diverged: int

    @property
    def cell(self) -> Cell:
        """One of the configurations."""
        return self.cells[0]


def bins(selection: Selection) -> list[Bin]:
    """Return a bin for each median of the paper that the scale has configurations for."""
    found: list[Bin] = []
    frame = selection.frame[selection.declared(selection.frame)]
    for known in (*selection.exhibit.medians, *selection.exhibit.cut_off):
        panel = {
            n: cell
            for n, cell in enumerate(selection.cells)
            if cell.has(known.where) and cell.p_update is not None and selection.fixed(cell)
        }
        if any(_inside(known, cell) for cell in panel.values()):
            found.append(_bin(selection, frame, known, panel))
    return found


def _inside(known: Median, cell: Cell) -> bool:
    return known.has(cell.p_update)


def _bin(selection: Selection, frame: pd.DataFrame, known: Median, panel: dict[int, Cell]) -> Bin:
    """Return the bin of a median, by the records of `frame`: those of declared seeds."""
    mine = [n for n, cell in panel.items() if _inside(known, cell)]
    cells = tuple(panel[n] for n in mine)
    p_update = {n: cell.p_update or 0.0 for n, cell in panel.items()}
    taken = support(known, p_update)
    records = frame[frame["configuration"].isin(taken)]
    errors = _errors(records, known, panel)
    values = [p_update[n] for n in taken]
    of_seeds = [median_over(known, values, seed) for seed in _complete(errors, taken)]
    every = errors["error"].tolist()
    own = records[records["configuration"].isin(mine)]
    own = own[~own["status"].isin(UNFINISHED) | own["configuration"].isin(errors["configuration"])]
    diverged = int((records["status"] == "diverged").sum())
    margin = selection.exhibit.margin(cells[0].dataset, cells[0].rule)
    verdict, within, drawn, decides = INCONCLUSIVE if len(own) else NOT_RUN, None, None, ""
    if len(own) and (selection.scale != PAPER or margin is None):
        verdict = NOT_COMPARABLE
    elif len(own) and margin is not None:
        decides = seeds_left(selection, len(of_seeds), diverged)
        if not decides:
            target = Target(
                value=known.value, margin=margin, reading=known.reading,
                side="above" if known.censored else "at",
            )  # fmt: skip
            within, drawn = answers(
                of_seeds, every, target, networks=known.networks, grain=grain(cells[0].dataset)
            )
            verdict, decides = HEADLINES[within, drawn]
    return Bin(
        paper=known,
        cells=cells,
        support=tuple(panel[n] for n in taken),
        seeds=selection.planned,
        margin=margin,
        found=intervals.mean_interval(of_seeds, CONFIDENCE) if of_seeds else None,
        networks=len(every),
        verdict=verdict,
        within=within,
        drawn=drawn,
        decides=decides,
        diverged=diverged,
    )


def answers(
    of_seeds: Sequence[float],
    every: Sequence[float],
    target: Target,
    *,
    networks: int,
    grain: float,
) -> tuple[Answer, Answer]:
    """Return whether our median is *within* the paper's margin, and the paper's *drawn* from ours.

    Args:
        of_seeds: the median over the bin of each seed.
        every: the errors of all networks of the bin and its ends.
        target: the paper's median.
        networks: that it is of.
        grain: of an error.
    """
    within = is_within(mean_bounds(of_seeds, grain=grain), target)
    return within, is_drawn(median_prediction(every, networks), target)


def support(known: Median, p_update: Mapping[int, float]) -> list[int]:
    """Return the configurations that a curve over the bin takes, by ascending p_update.

    Those in the bin, and beyond an end that none of them is at, the nearest; `p_update` has the
    value of each configuration.
    """
    p, ordered = p_update, sorted(p_update, key=lambda n: p_update[n])
    below = [n for n in ordered if p[n] <= known.above]
    mine = [n for n in ordered if known.has(p[n])]
    above = [n for n in ordered if p[n] > known.up_to]
    return [*below[-1:], *mine, *(above[:1] if p[mine[-1]] < known.up_to else [])]


def _errors(records: pd.DataFrame, known: Median, panel: dict[int, Cell]) -> pd.DataFrame:
    """Return the errors at the median's fraction of training: seed, configuration, error."""
    rows = [
        (seed, n, at_fraction(panel[n], curve, known.at, "error"))
        for seed, n, curve, status in zip(
            records["seed"], records["configuration"], records["curve"], records["status"],
            strict=True,
        )
        if status in READABLE
    ]  # fmt: skip
    found = [row for row in rows if row[2] is not None]
    return pd.DataFrame(found, columns=["seed", "configuration", "error"])


def _complete(errors: pd.DataFrame, support: Sequence[int]) -> list[list[float]]:
    """Return the errors of each seed that has all of the support, in its order."""
    if errors.empty:  # as most are, while the grid is not run
        return []
    table = errors.pivot(index="seed", columns="configuration", values="error")
    return table.reindex(columns=list(support)).dropna().to_numpy(dtype=float).tolist()


def median_over(known: Median, values: Sequence[float], errors: Sequence[float]) -> float:
    """Return the median over the bin of the curve through a seed's errors, p_update even.

    `values` are those of p_update that the errors are of, ascending, over all of the bin.
    """
    import numpy as np

    width = (known.up_to - known.above) / _FINE
    p = known.above + width * (np.arange(_FINE) + 0.5)
    return float(np.median(np.interp(p, values, errors)))


def replace_table(selection: Selection, found: Sequence[Bin]) -> bool:
    """Tell whether bins replace the table: it would have a row for each of many p_update."""
    return bool(found) and len({cell.p_update for cell in selection.cells}) > _MOST_ROWS
