"""What places and claims are held against, and by which tests: without records, so before any."""

import statistics
from collections.abc import Sequence

from ....bench import datasets
from ....bench.cell import Cell
from ....reproductions.exhibits.claims import ClaimTest
from ....reproductions.exhibits.evidence import Intermediate, Number
from ....reproductions.exhibits.schema import Exhibit
from ....results.metrics import rungs
from ....results.statistics import intervals, two_samples
from ....results.statistics.place_verdict import Target
from ....results.statistics.published_mean import PublishedMean
from ..selection.protocol import PAPER

ALPHA = 0.05
"""A claim is decided where its one-sided p, adjusted by Holm, is below this."""


def target(cell: Cell, number: Number, margin: float) -> Target:
    """Return a number of the paper with its margin, and how exactly it is known."""
    (value,) = rungs(cell.dataset, [number.value])
    if datasets.kind(cell.dataset) == "episodes":  # a rung is all that its rounding can be
        return Target(value=value, margin=margin, grain=1.0)
    return Target(
        value=value, margin=margin, rounding=number.rounding, reading=number.reading
    )  # fmt: skip


def published_mean(number: Number | None) -> PublishedMean | None:
    """Return a number of the paper with its spread over runs; None where it prints none."""
    if number is None or number.deviation is None:
        return None
    return PublishedMean(
        value=number.value,
        deviation=number.deviation,
        runs=number.runs,
        rounding=number.rounding,
    )


def intermediate_target(cell: Cell, known: Intermediate) -> Target:
    """Return a number of the paper's curves: its margin is the error with which it is read."""
    (value,) = rungs(cell.dataset, [known.number.value])
    reading = known.number.reading
    ladder = 1.0 if datasets.kind(cell.dataset) == "episodes" else 0.0
    return Target(value=value, margin=reading, reading=reading, grain=ladder, side=known.side)


def is_judged(scale: str, test: ClaimTest) -> bool:
    """Tell whether a test is made at a scale.

    Away from the paper's those are that do not depend on the schedule: orders, and claims that say
    so.
    """
    return scale == PAPER or test.is_order or test.claim.every_scale


def is_exact(test: ClaimTest, dataset: str) -> bool:
    """Tell whether a test is an exact one: of results on a ladder."""
    return datasets.kind(dataset) == "episodes" and not test.claim.is_slope


def least_p(test: ClaimTest, dataset: str, n: int) -> float:
    """Return the least p that a test of `n` seeds can have: 0 where there is no least."""
    if not is_exact(test, dataset):
        return 0.0
    unpaired = test.claim.pairing == "unpaired"
    return two_samples.least_unpaired(n) if unpaired else two_samples.least_paired(n)


def paper_numbers(
    exhibit: Exhibit, test: ClaimTest, cells: Sequence[Cell]
) -> tuple[float, ...] | None:
    """Return the paper's numbers of what is compared, as `ClaimResult.means`; None without one."""
    if test.claim.quantity is not None:
        return None
    numbers = [exhibit.number(cell, test.claim.result) for cell in cells]
    values = [number.value for number in numbers if number is not None]
    if len(values) < len(cells):
        return None
    if test.claim.is_slope:
        return tuple(values)
    width = len(test.sides()[0])
    return tuple(
        statistics.fmean(values[at : at + width]) for at in range(0, len(values), width)
    )  # fmt: skip


def compared(test: ClaimTest, numbers: Sequence[float]) -> float:
    """Return what a claim compares, of some numbers such as the paper's: a difference, a slope."""
    if test.claim.is_slope:
        return intervals.slopes([float(value) for value in test.values], [numbers])[0]
    return numbers[0] - (test.claim.factor * numbers[1] if len(numbers) == 2 else 0.0)
