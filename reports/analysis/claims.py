"""The paper's claims, each tested on the seeds that have all that it compares.

A claim is an order, or a level for a dataset, so it is tested at every scale.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ...bench.cell import Cell
from ...bench.errors import UsageError
from ...reproductions.exhibits.claims import ClaimTest
from ...results.statistics import intervals
from .protocol import PAPER
from .select import Selection
from .verdicts import (
    CONFIDENCE,
    INCONCLUSIVE,
    NOT_COMPARABLE,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    other_data,
)

ALPHA = 0.05
"""A claim is decided where its one-sided p, adjusted by Holm, is below this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimResult:
    """What the records say of a claim at one place.

    Attributes:
        test: what is compared.
        cells: the configurations that are compared, each as its cell of seed 0.
        wanted: the number of seeds that the scale has.
        values: a number for each seed that has all of the cells: a difference, a slope, a result.
        means: those of what is compared: left and right, or along the claim's `over`.
        paper: the paper's numbers for the same, None where it lacks one.
        interval: of the mean of `values`, None where there are none.
        p: one-sided, after Holm over all of the exhibit's tests; None where it cannot be tested.
        verdict: one of those in `verdicts`.
        seeds_needed: how many would decide it, where it is inconclusive and that is known.
        diverged: the number of records that diverged.
        other_data: the hashes of data that is not the original.
    """

    test: ClaimTest
    cells: tuple[Cell, ...]
    wanted: int
    values: tuple[float, ...]
    means: tuple[float, ...]
    paper: tuple[float, ...] | None
    interval: intervals.Interval | None
    p: float | None
    verdict: str
    seeds_needed: int | None
    diverged: int
    other_data: tuple[str, ...]


def claims(selection: Selection) -> list[ClaimResult]:
    """Return the result of every test that the exhibit's claims make on the scale's grid.

    The claim's one-sided p and that of its contrary are each adjusted by Holm over all tests.
    """
    tests = selection.exhibit.claim_tests(selection.scale)
    compared = {test.claim.result: selection.values(test.claim.result) for test in tests}
    results = {
        result: selection.frame.assign(of=values).pivot(
            index="seed", columns="configuration", values="of"
        )
        for result, values in compared.items()
    }
    found = [_result(selection, results[test.claim.result], test) for test in tests]
    tested = [n for n, one in enumerate(found) if intervals.varies(one.values)]
    for_it, against = ([_p(found[n], contrary) for n in tested] for contrary in (False, True))
    adjusted = zip(tested, for_it, intervals.holm(for_it), intervals.holm(against), strict=True)
    for n, raw, p, contrary in adjusted:
        verdict, needed = found[n].verdict, None
        if contrary < ALPHA:
            verdict = NOT_REPRODUCED
            if selection.scale != PAPER and found[n].test.claim.kind == "reaches":
                verdict = NOT_COMPARABLE  # missing a level on another schedule says nothing of it
        elif p < ALPHA and not found[n].diverged:  # what is left is no fair sample otherwise
            verdict = REPRODUCED
        if p >= ALPHA and verdict == INCONCLUSIVE:
            needed = _seeds_needed(found[n], ALPHA * (raw / p if 0 < p < 1 else 1 / len(tested)))
        found[n] = replace(found[n], p=p, verdict=verdict, seeds_needed=needed)
    return found


def _result(selection: Selection, results: pd.DataFrame, test: ClaimTest) -> ClaimResult:
    """Return a test's result before any p, from the seeds of `results` that have all its cells."""
    compared = _compared(selection, test)
    seeds = results.reindex(columns=compared).dropna()
    paired = seeds.to_numpy(dtype=float).tolist()
    if test.right is not None:
        values = [left - test.claim.factor * right for left, right in paired]
    elif test.claim.over is None:
        values = [left for (left,) in paired]
    else:
        values = intervals.slopes([float(value) for value in test.values], paired)
    records = selection.frame[selection.frame["configuration"].isin(compared)]
    cells = tuple(selection.cells[n] for n in compared)
    numbers = [selection.exhibit.number(cell, test.claim.result) for cell in cells]
    paper = tuple(number.value for number in numbers if number is not None)
    return ClaimResult(
        test=test,
        cells=cells,
        wanted=selection.seeds,
        values=tuple(values),
        means=tuple(seeds.mean()),
        paper=paper if len(paper) == len(compared) else None,
        interval=intervals.mean_interval(values, CONFIDENCE) if values else None,
        p=None,
        verdict=INCONCLUSIVE if records["configuration"].nunique() == len(compared) else NOT_RUN,
        seeds_needed=None,
        diverged=int((records["status"] == "diverged").sum()),
        other_data=other_data(records),
    )


def _compared(selection: Selection, test: ClaimTest) -> list[int]:
    """Return the configurations that a test compares: its sides, or one a value of `over`."""
    if test.claim.over is None:
        sides = [side for side in (test.left, test.right) if side is not None]
    else:
        sides = [{**test.left, test.claim.over: value} for value in test.values]
    return [_one(selection, test, side) for side in sides]


def _one(selection: Selection, test: ClaimTest, fields: Mapping[str, Any]) -> int:
    found = selection.find(fields)
    if len(found) != 1:
        raise UsageError(
            f"{selection.exhibit.file}: claim {test.claim.name!r} compares {len(found)}"
            f" configurations where {dict(fields)}: its fields must leave one"
        )
    return found[0]


def _p(result: ClaimResult, contrary: bool) -> float:
    below = result.test.claim.kind not in ("above", "grows")
    alternative = "less" if below != contrary else "greater"
    return intervals.paired_test(result.values, result.test.margin, alternative)


def _seeds_needed(result: ClaimResult, alpha: float) -> int | None:
    """Return the fewest seeds that would decide a test at its observed mean and deviation."""
    from scipy.special import stdtr

    effect = abs(statistics.fmean(result.values) - result.test.margin) / statistics.stdev(
        result.values
    )
    more = range(len(result.values) + 1, intervals.MOST_SEEDS + 1)
    return next((n for n in more if stdtr(n - 1, -effect * n**0.5) < alpha), None)


def unreproduced(results: Sequence[ClaimResult]) -> list[ClaimResult]:
    """Return the results that are not reproduced, whatever else their verdict is."""
    return [result for result in results if result.verdict != REPRODUCED]
