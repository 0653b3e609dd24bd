"""Calibration of a scale: what it tells of the paper's scale, where both have been run.

The same network, data, rule and seed is trained by both schedules; the difference of the results
is paired by seed. A scale whose differences are small beside the margins is a stand-in for the
paper's.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ....bench.cell import Cell
from ....results.metrics import Measure, measure_of, results_of
from ....results.statistics.intervals import Interval, mean_interval
from ..selection.select import Selection
from .places import CONFIDENCE

_SCHEDULE = (
    *("iterations", "batch_size", "learning_rate", "drops", "drop_factor", "evaluate_every"),
    *("evaluate_at", "sg_scale", "solve_bits", "solve_window", "patience"),
)
"""Fields in which two scales may differ and still train the same thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A configuration that both scales have results of, seed by seed.

    Attributes:
        cell: the configuration at the scale, as its cell of seed 0.
        measure: of the result.
        here: the mean at the scale, over the seeds that both have.
        paper: the mean at the paper's scale, over the same seeds.
        difference: of here minus paper, with its 95 % interval; no bounds for one seed.
    """

    cell: Cell
    measure: Measure
    here: float
    paper: float
    difference: Interval


def calibrate(here: Selection, paper: Selection) -> list[Calibration]:
    """Return every configuration that both selections have results of, in the order of `here`."""
    theirs: dict[tuple[Any, ...], list[int]] = {}
    for n, cell in enumerate(paper.cells):
        theirs.setdefault(_same(cell), []).append(n)
    ours = [_same(cell) for cell in here.cells]
    number = Counter(ours)
    found: list[Calibration] = []
    for n, cell in enumerate(here.cells):
        twins = theirs.get(ours[n], [])
        if len(twins) != 1 or number[ours[n]] != 1:  # the schedule is what they are about
            continue
        for result in results_of(cell.dataset):
            both = (_by_seed(here, n, result), _by_seed(paper, twins[0], result))
            seeds = sorted(both[0].keys() & both[1].keys())
            if seeds:
                found.append(_calibration(cell, result, *(([v[s] for s in seeds]) for v in both)))
    return found


def _calibration(
    cell: Cell, result: str | None, here: Sequence[float], paper: Sequence[float]
) -> Calibration:
    differences = [a - b for a, b in zip(here, paper, strict=True)]
    return Calibration(
        cell=cell,
        measure=measure_of(cell.dataset, result),
        here=sum(here) / len(here),
        paper=sum(paper) / len(paper),
        difference=mean_interval(differences, CONFIDENCE),
    )


def _same(cell: Cell) -> tuple[Any, ...]:
    values = cell.to_dict()
    return tuple(
        (name, str(value)) for name, value in values.items() if name not in (*_SCHEDULE, "seed")
    )


def _by_seed(selection: Selection, configuration: int, result: str | None) -> dict[int, float]:
    rows = selection.frame["configuration"] == configuration
    values = selection.values(result)[rows].dropna()
    seeds = selection.frame.loc[values.index, "seed"]
    return dict(zip(map(int, seeds.tolist()), map(float, values.tolist()), strict=True))
