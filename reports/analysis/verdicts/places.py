"""Does it reproduce? Each place of the paper's table, held against the paper's number.

Only at the paper's own scale, and by the seeds that the scale declares: elsewhere a result is not
comparable, and further seeds are shown, not judged (`results.statistics.place_verdict`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from ....bench.cell import Cell
from ....reproductions.exhibits.evidence import Intermediate
from ....results.metrics import grain, results_of, rungs
from ....results.record import LOST
from ....results.statistics import intervals
from ....results.statistics.place_verdict import Target, judge
from ....results.statistics.published_mean import PublishedMean, difference
from ..naming import count
from ..selection.protocol import PAPER
from ..selection.select import Selection
from .judging import published_mean, target
from .neighbours import beside

REPRODUCED, NOT_REPRODUCED = "reproduced", "not reproduced"
INCONCLUSIVE, NOT_RUN, NOT_COMPARABLE = "inconclusive", "not run", "not comparable"

CONFIDENCE = 0.95
"""Of the intervals that are shown; a place is judged by those of `place_verdict`."""
FAIR_SAMPLE = "seeds that diverge are no fair sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of the paper's table: a configuration's result beside the paper's number.

    Attributes:
        cell: the configuration, as its cell of seed 0.
        result: which of its results, None where it has one only.
        fills: whether its M is the one that the protocol fixes for the place.
        seeds: the number of seeds that the scale declares.
        paper: the paper's number, None where it has none; so are `grade` and `margin`.
        grade: its grade of evidence.
        margin: how near to it counts as reproduced.
        baseline: the paper's number of the exhibit's baseline, where it lies within the margin too:
            reproducing the place then cannot tell its rule from the baseline. Only at the paper's
            scale.
        interval: ours, of the declared seeds; None where none of them is ok.
        further: that of all seeds, where there are more than the declared ones.
        verdict: one of those above.
        within: whether our mean is within the margin of the paper's number; None if not judged.
        drawn: whether the paper's number is one that our process gives, likewise.
        decides: what would decide it, where it is inconclusive.
        lost: the number of seeds that are not ok, by status; of all seeds, as `further` is, where
            verdicts count the declared ones.
        other_data: the hashes of data that is not the original.
        known: where it is a place before the end of training, the number of the paper's curve; its
            results are those at that time (`intermediate`).
        share: of training that is done by then.
        published: the paper's number as a mean with its spread, where the paper prints one.
        difference: our mean less that, with its 95 % interval, both being uncertain; None where the
            place is not judged.
    """

    cell: Cell
    result: str | None
    fills: bool
    seeds: int
    paper: float | None
    grade: str | None
    margin: float | None
    baseline: float | None
    interval: intervals.Interval | None
    further: intervals.Interval | None
    verdict: str
    within: str | None
    drawn: str | None
    decides: str
    lost: Mapping[str, int]
    other_data: tuple[str, ...]
    known: Intermediate | None = None
    share: float | None = None
    published: PublishedMean | None = None
    difference: intervals.Interval | None = None

    @property
    def iteration(self) -> int | None:
        """The updates that are done at a place before the end of training."""
        return None if self.share is None else round(self.share * self.cell.iterations)

    @property
    def counts(self) -> bool:
        """True for an entry of the paper's table or figure that totals count as a place.

        The networks of a population are not counted: the paper's number beside each is the median
        of its bin, and the bin is counted.
        """
        return self.fills and self.paper is not None and self.cell.p_update is None

    @property
    def side(self) -> str | None:
        """Where the paper's number lies, if it is only known to be `above` or `below` a value."""
        return None if self.known is None or self.known.side == "at" else self.known.side


def places(selection: Selection) -> list[Place]:
    """Return a place for every result of every configuration, in the grid's order.

    Its numbers are of the seeds that are shown, and its verdict of all that is known.
    """
    known = selection.whole.records()
    return [
        _place(
            selection, cell, result, records, _judged(selection.whole, cell, result, known[cell])
        )
        for cell, records in selection.records().items()
        for result in results_of(cell.dataset)
    ]


def target_of(selection: Selection, cell: Cell, result: str | None) -> Target | None:
    """Return what a place is held against, as `rungs` counts; None where it is not judged.

    A network of a population is judged with its bin (`medians`), not by itself.
    """
    exhibit = selection.exhibit
    number, margin = exhibit.number(cell, result), exhibit.margin(cell.dataset, cell.rule)
    judged = selection.scale == PAPER and selection.fixed(cell) and cell.p_update is None
    if number is None or margin is None or not judged:
        return None
    return target(cell, number, margin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict on a place by its declared seeds; `Place` explains the fields."""

    verdict: str
    decides: str = ""
    within: str | None = None
    drawn: str | None = None
    difference: intervals.Interval | None = None


def _judged(whole: Selection, cell: Cell, result: str | None, records: pd.DataFrame) -> Verdict:
    """Return the verdict on a place, by all records of its configuration."""
    if not (records["status"] != "partial").any():
        return Verdict(verdict=NOT_RUN)
    wanted = target_of(whole, cell, result)
    if wanted is None:
        return Verdict(verdict=NOT_COMPARABLE)
    own = records[whole.declared(records)]
    values = whole.values(result)[own.index].dropna().tolist()
    left = seeds_left(whole, len(values), int((own["status"] == "diverged").sum()))
    if left:
        return Verdict(verdict=INCONCLUSIVE, decides=left)
    near = beside(whole, cell, lambda _, some: whole.values(result)[some.index])
    published = published_mean(whole.exhibit.number(cell, result))
    off = None
    if published is not None:
        off = difference(values, published, grain=grain(cell.dataset))
    return replace(judged_values(cell, values, wanted, near), difference=off)


def judged_values(
    cell: Cell, values: Sequence[float], wanted: Target, near: Sequence[Sequence[float]]
) -> Verdict:
    """Return the verdict on a cell's results, by those of its neighbours too."""
    scaled = rungs(cell.dataset, list(values))
    others = [rungs(cell.dataset, list(some)) for some in near]
    found = judge(scaled, wanted, grain=grain(cell.dataset), neighbours=others)
    return Verdict(
        verdict=found.status, decides=found.decides, within=found.within, drawn=found.drawn
    )


def _place(
    selection: Selection, cell: Cell, result: str | None, records: pd.DataFrame, judged: Verdict
) -> Place:
    exhibit = selection.exhibit
    every = selection.values(result)[records.index].dropna()
    values = every[selection.declared(records)[every.index]].tolist()
    number = exhibit.number(cell, result)
    return Place(
        cell=cell,
        result=result,
        fills=selection.fixed(cell),
        seeds=selection.planned,
        paper=None if number is None else number.value,
        grade=None if number is None else number.grade,
        margin=exhibit.margin(cell.dataset, cell.rule),
        baseline=_baseline(selection, cell, result),
        interval=mean_of(values),
        further=mean_of(every.tolist()) if len(every) > len(values) else None,
        verdict=judged.verdict,
        within=judged.within,
        drawn=judged.drawn,
        decides=judged.decides,
        lost={status: int((records["status"] == status).sum()) for status in LOST},
        other_data=other_data(records),
        published=published_mean(number),
        difference=judged.difference,
    )


def seeds_left(selection: Selection, n: int, diverged: int) -> str:
    """Return why seeds are not judged yet, or never; nothing where they are.

    The declared seeds are the plan: a verdict on fewer would be one of several looks. Of
    them `n` have a result, and `diverged` diverged.
    """
    if diverged:
        return FAIR_SAMPLE
    left = selection.planned - n
    return "" if left <= 0 else f"{count(left, 'declared seed')} to come"


def _baseline(selection: Selection, cell: Cell, result: str | None) -> float | None:
    """Return the paper's number of the baseline where it lies within the place's margin."""
    exhibit = selection.exhibit
    number, other = exhibit.number(cell, result), exhibit.baseline_number(cell, result)
    margin = exhibit.margin(cell.dataset, cell.rule)
    if number is None or other is None or margin is None or not selection.fixed(cell):
        return None
    if selection.scale != PAPER:
        return None
    one, two = rungs(cell.dataset, [number.value, other.value])
    near = abs(one - two)
    return other.value if near < margin or math.isclose(near, margin) else None


def mean_of(values: Sequence[float]) -> intervals.Interval | None:
    """Return the mean of some values and the interval that is shown; None where there is none."""
    return intervals.mean_interval(values, CONFIDENCE) if values else None


def other_data(records: pd.DataFrame) -> tuple[str, ...]:
    """Return the hashes of the data that is not the original, of some records."""
    return tuple(sorted(records.loc[~records["data_canonical"], "data_hash"].unique()))
