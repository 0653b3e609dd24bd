"""The paper's claims, each tested on the seeds that the scale declares.

At the paper's scale all are judged. At another, what hangs on the schedule (margins, factors,
slopes, levels) is not comparable, and an order says only which way round it is there. The family of
tests is what the exhibit declares at the scale, run or not.
"""

import math
import operator
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ....bench.cell import Cell
from ....bench.errors import UsageError
from ....reproductions.exhibits.claims import ClaimTest
from ....results.metrics import grain, grain_at, quantities
from ....results.statistics import intervals, two_samples
from ....results.statistics.place_verdict import MORE_SEEDS
from ..naming import count
from ..selection.protocol import PAPER
from ..selection.select import Selection
from .judging import ALPHA, is_exact, is_judged, least_p, paper_numbers
from .places import (
    CONFIDENCE,
    INCONCLUSIVE,
    NOT_COMPARABLE,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    other_data,
    seeds_left,
)

SAME_WAY, OTHER_WAY, UNDECIDED = "same way round", "other way round", "undecided"
"""Verdicts of an order away from the paper's scale: they are of that schedule."""
CONFIRMED, CONTRADICTED = "confirmed", "contradicted"
"""Verdicts of a comparison of ours, which has no number of the paper's to reproduce."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimResult:
    """What the records say of a claim at one place.

    Attributes:
        test: what is compared.
        cells: the configurations that are compared, each as its cell of seed 0.
        wanted: the number of seeds that the scale declares.
        sides: by side, a result for each declared seed that has all of the cells: the mean over the
            claim's `over`, where it has one, or the slope along it.
        values: a number for each of those seeds: a difference, a slope, a result.
        means: those of what is compared: left and right, or along the claim's `over`.
        paper: the paper's numbers for the same, None where it lacks one.
        interval: of the mean of `values`, None where there are none.
        p: one-sided, after Holm over the family; None where it is not tested.
        verdict: one of those in `places`, of a comparison of ours, or of an order away from the
            paper's scale.
        decides: what would decide it, where it is not decided.
        diverged: the number of records of declared seeds that diverged.
        other_data: the hashes of data that is not the original.
    """

    test: ClaimTest
    cells: tuple[Cell, ...]
    wanted: int
    sides: tuple[tuple[float, ...], ...]
    values: tuple[float, ...]
    means: tuple[float, ...]
    paper: tuple[float, ...] | None
    interval: intervals.Interval | None
    p: float | None
    verdict: str
    decides: str
    diverged: int
    other_data: tuple[str, ...]

    @property
    def ours(self) -> bool:
        """Whether the comparison is ours: the paper lacks a number of what is compared."""
        return self.paper is None

    @property
    def why_not(self) -> str:
        """What it is that cannot be compared, where the verdict is so: it hangs on the schedule."""
        if self.verdict != NOT_COMPARABLE:
            return ""
        claim = self.test.claim
        if claim.is_slope:
            return "a slope"
        if self.test.right is None:
            return "a level"
        return "a margin" if claim.factor == 1 else "a factor"


def claims(selection: Selection) -> list[ClaimResult]:
    """Return the result of every test that the exhibit's claims make on the scale's grid.

    The claim's one-sided p and that of its contrary are each adjusted by Holm over the family: all
    tests that the exhibit declares at the scale. Those that are not run, or not judged there, have
    p = 1.
    """
    tests = selection.exhibit.claim_tests(selection.scale)
    compared = {_of(test): _compared(selection, test) for test in tests}
    declared = selection.declared(selection.frame)
    results = {
        of: selection.frame.assign(of=values)[declared].pivot(
            index="seed", columns="configuration", values="of"
        )
        for of, values in compared.items()
    }
    found = [_result(selection, results[_of(test)], test) for test in tests]
    ready = [one.verdict == INCONCLUSIVE and not one.decides for one in found]
    for_it, against = (
        intervals.holm([_p(o, contrary) if r else 1.0 for o, r in zip(found, ready, strict=True)])
        for contrary in (False, True)
    )
    for n, p, contrary in zip(range(len(found)), for_it, against, strict=True):
        judged = selection.scale == PAPER or found[n].test.claim.every_scale
        words = (_OURS if found[n].ours else _WORDS) if judged else _ORDERS
        if ready[n]:
            decided = words[0] if p < ALPHA else words[1] if contrary < ALPHA else words[2]
            decides = _decides(found[n], len(found)) if decided == words[2] else ""
            found[n] = replace(found[n], p=p, verdict=decided, decides=decides)
        elif found[n].verdict == INCONCLUSIVE:
            found[n] = replace(found[n], verdict=words[2])
    return found


_WORDS = (REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE)
_OURS = (CONFIRMED, CONTRADICTED, INCONCLUSIVE)
_ORDERS = (SAME_WAY, OTHER_WAY, UNDECIDED)


def _of(test: ClaimTest) -> tuple[str | None, str | None]:
    """Return what a test compares: one of a cell's several results, and a quantity in its place."""
    return test.claim.result, test.claim.quantity


def _compared(selection: Selection, test: ClaimTest) -> "pd.Series[float]":
    """Return what a test compares, of each record; null where it is not ok."""
    name = test.claim.quantity
    if name is None:
        return selection.values(test.claim.result)
    rates = selection.frame["steps_per_second"].where(selection.frame["status"] == "ok")
    return quantities(name, rates)


def _result(selection: Selection, results: pd.DataFrame, test: ClaimTest) -> ClaimResult:
    """Return a test's result before any p, from the seeds of `results` that have all its cells."""
    compared = [[_one(selection, test, fields) for fields in side] for side in test.sides()]
    every = [n for side in compared for n in side]
    seeds = results.reindex(columns=every).dropna()
    rows = seeds.to_numpy(dtype=float).tolist()
    width = len(compared[0])
    parts = [[row[at : at + width] for row in rows] for at in range(0, len(every), width)]
    if test.claim.is_slope:
        sides = [intervals.slopes([float(value) for value in test.values], parts[0])]
        means = tuple(seeds.mean()) if rows else ()
    else:
        sides = [[statistics.fmean(row) for row in part] for part in parts]
        means = tuple(statistics.fmean(side) for side in sides if side)
    values = sides[0]
    if len(sides) == 2:
        pairs = zip(sides[0], sides[1], strict=True)
        values = [left - test.claim.factor * right for left, right in pairs]
    if test.claim.kind == "within":
        values = _apart(sides, test.claim.factor)
    there = selection.frame["configuration"].isin(every) & (selection.frame["status"] != "partial")
    records = selection.frame[there]
    diverged = int((records["status"] == "diverged")[selection.declared(records)].sum())
    verdict = NOT_RUN
    if records["configuration"].nunique() == len(every):
        verdict = NOT_COMPARABLE if not is_judged(selection.scale, test) else INCONCLUSIVE
    cells = tuple(selection.cells[n] for n in every)
    found = ClaimResult(
        test=test,
        cells=cells,
        wanted=selection.planned,
        sides=tuple(map(tuple, sides)),
        values=tuple(values),
        means=means,
        paper=paper_numbers(selection.exhibit, test, cells),
        interval=None,
        p=None,
        verdict=verdict,
        decides=seeds_left(selection, len(values), diverged) if verdict == INCONCLUSIVE else "",
        diverged=diverged,
        other_data=other_data(records),
    )
    return replace(found, interval=_interval(found)) if values else found


def _apart(sides: Sequence[Sequence[float]], factor: float) -> list[float]:
    """Return by how many percent each seed's left, or slope, is off factor * right, or factor."""
    expected = (
        [factor * value for value in sides[1]] if len(sides) == 2 else [factor] * len(sides[0])
    )
    return [100 * (value / due - 1) for value, due in zip(sides[0], expected, strict=True)]


def _one(selection: Selection, test: ClaimTest, fields: Mapping[str, Any]) -> int:
    found = selection.find(fields)
    if len(found) != 1:
        raise UsageError(
            f"{selection.exhibit.file}: claim {test.claim.name!r} compares {len(found)}"
            f" configurations where {dict(fields)}: its fields must leave one"
        )
    return found[0]


def _interval(result: ClaimResult) -> intervals.Interval:
    claim = result.test.claim
    if len(result.sides) == 2 and claim.pairing == "unpaired":
        left, right = result.sides
        return two_samples.welch_interval(left, right, CONFIDENCE, factor=claim.factor)
    return intervals.mean_interval(result.values, CONFIDENCE)


def _p(result: ClaimResult, contrary: bool) -> float:
    """Return the p of a claim, or of its contrary, by the test that it declares."""
    claim, margin = result.test.claim, result.test.margin
    if claim.kind == "within":
        return _p_within(result.values, margin, contrary)
    below = claim.kind not in ("above", "grows")
    alternative = "less" if below != contrary else "greater"
    dataset = result.cells[0].dataset
    exact, unpaired = is_exact(result.test, dataset), claim.pairing == "unpaired"
    if unpaired:
        (left, right), factor = result.sides, claim.factor
        if exact:
            return two_samples.exact_unpaired(left, right, margin, alternative, factor=factor)
        of = grain(dataset)
        return two_samples.welch_test(left, right, margin, alternative, grain=of, factor=factor)
    if exact:
        return two_samples.exact_paired(result.values, margin, alternative)
    return intervals.paired_test(result.values, margin, alternative, _grain(result))


def _grain(result: ClaimResult) -> float:
    """Return the grain of the number that each seed gives: of a result, a difference, a slope."""
    claim, dataset = result.test.claim, result.cells[0].dataset
    if not claim.is_slope:
        width = 1.0 if len(result.sides) == 1 else math.hypot(1, claim.factor)
        return width * grain(dataset)
    x = [float(value) for value in result.test.values]
    off = [value - statistics.fmean(x) for value in x]
    grains = [grain_at(dataset, mean) for mean in result.means]
    return math.hypot(*map(operator.mul, off, grains)) / math.hypot(*off) ** 2


def _p_within(values: Sequence[float], margin: float, contrary: bool) -> float:
    """Return the p of two one-sided tests: that the mean lies within ± margin, or beyond it."""
    if contrary:
        above = intervals.paired_test(values, margin, "greater")
        return min(1.0, 2 * min(above, intervals.paired_test(values, -margin, "less")))
    below = intervals.paired_test(values, margin, "less")
    return max(below, intervals.paired_test(values, -margin, "greater"))


def _decides(result: ClaimResult, family: int) -> str:
    n = len(result.values)
    if n > 1 and _p(result, False) == _p(result, True) == 1:
        return "the seeds do not differ, so that no test can tell"
    least, seeds = least_p(result.test, result.cells[0].dataset, n), count(n, "seed")
    if least >= ALPHA:
        return f"with {seeds} no p below {ALPHA:g} is possible"
    if family * least >= ALPHA:  # Holm's factor falls with every test that is decided before
        return f"with {seeds} p is below {ALPHA:g} only if other tests are decided first"
    return MORE_SEEDS


def unreproduced(results: Sequence[ClaimResult]) -> list[ClaimResult]:
    """Return the results that are not reproduced or confirmed, of an order not the same way round.

    What is not comparable is neither: no run at such a scale could change it.
    """
    fine = (REPRODUCED, CONFIRMED, SAME_WAY, NOT_COMPARABLE)
    return [result for result in results if result.verdict not in fine]
