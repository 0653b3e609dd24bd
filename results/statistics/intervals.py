"""Statistics over seeds: intervals, verdicts against the paper's numbers, tests of its claims.

Pure functions of sequences of floats, one value a seed. All are Student's t, so they trust the
mean of few seeds no further than their spread allows; where there is no spread to judge by (one
seed, or seeds that all agree), nothing is decided. Medians, of populations, assume no distribution.
"""

import bisect
import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["reproduced", "not reproduced", "inconclusive", "not run"]
Alternative = Literal["less", "greater"]

VERDICT_CONFIDENCE = 0.90
MOST_SEEDS = 1000
"""Nobody runs more: beyond this, how many seeds would decide is not told."""

# Rounding makes equal differences of percentages unequal in their last bits; that is no spread.
_ROUNDING, _LEAST = 1e-9, 1e-12


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over `n` seeds and its confidence interval; no bounds where n is 1."""

    mean: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class MedianInterval:
    """A median over `n` networks and its confidence interval; no bounds where n is too small."""

    median: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a number of the paper reproduces, and on what evidence.

    `low90` and `high90` bound the 90 % interval of the mean, None for fewer than two seeds.
    `seeds_needed`, where inconclusive, is how many seeds in all would decide, were the mean and
    the spread to stay as observed; None where that cannot be told.
    """

    status: Status
    mean: float | None
    low90: float | None
    high90: float | None
    n: int
    seeds_needed: int | None


def varies(values: Sequence[float]) -> bool:
    """Tell whether `values` differ by more than rounding, so that a t-test says something."""
    if len(values) < 2:
        return False
    size = max(abs(value) for value in values)
    return statistics.stdev(values) > max(_LEAST, _ROUNDING * size)


def mean_interval(values: Sequence[float], confidence: float) -> Interval:
    """Return the mean of `values` and its two-sided Student-t interval.

    Raises ValueError where there are no values or `confidence` is not in (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence} must be between 0 and 1")
    mean, n = statistics.fmean(values), len(values)
    if n < 2:
        return Interval(mean, None, None, n)
    half = _half_width(statistics.stdev(values), n, confidence)
    return Interval(mean, mean - half, mean + half, n)


def median_interval(values: Sequence[float], confidence: float) -> MedianInterval:
    """Return the median of `values` and the shortest interval of order statistics about it.

    The bounds are the k-th smallest and the k-th largest value, for the largest k at which they
    hold the median of any distribution with at least `confidence`: exactly 1 - 2 P(B < k) where it
    is continuous, B binomial with n and 1/2. At 95 % there are none below n = 6.

    Raises ValueError where there are no values or `confidence` is not in (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence} must be between 0 and 1")
    ordered, n = sorted(values), len(values)
    median, k = statistics.median(ordered), 0
    tails = itertools.accumulate(math.comb(n, fewer) for fewer in range((n + 1) // 2))
    for tail in tails:  # how many of 2**n outcomes, in integers: nothing overflows
        if 1 - 2 * tail / 2**n < confidence:
            break
        k += 1
    if k == 0:
        return MedianInterval(median, None, None, n)
    return MedianInterval(median, ordered[k - 1], ordered[n - k], n)


def running_median(
    x: Sequence[float], y: Sequence[float], window: int, confidence: float
) -> list[tuple[float, MedianInterval]]:
    """Return each different x, ascending, with the median of y over the networks about it.

    About x are the networks at x and at equally many neighbouring values on either side, as many
    as fit `window` networks; at the ends fewer, so that x stays in their middle and a slope moves
    no median. Networks that share an x go together, whatever their order.

    Raises ValueError where `window` is below 1, or x and y differ in length.
    """
    if window < 1:
        raise ValueError(f"window={window} must be at least 1")
    at: dict[float, list[float]] = {}
    for place, value in sorted(zip(x, y, strict=True)):
        at.setdefault(place, []).append(value)
    places, groups = list(at), list(at.values())
    found: list[tuple[float, MedianInterval]] = []
    for n, place in enumerate(places):
        about = groups[n]
        for aside in range(1, min(n, len(groups) - 1 - n) + 1):
            wider = [*groups[n - aside], *about, *groups[n + aside]]
            if len(wider) > window:
                break
            about = wider
        found.append((place, median_interval(about, confidence)))
    return found


def verdict(values: Sequence[float], target: float, margin: float) -> Verdict:
    """Judge `values` against the paper's `target`, by their 90 % interval and the `margin`.

    Reproduced: the interval lies inside target ± margin. Not reproduced: it lies wholly outside.
    All arguments are in the same unit.
    """
    if not values:
        return Verdict("not run", None, None, None, 0, None)
    interval = mean_interval(values, VERDICT_CONFIDENCE)
    mean, low, high, n = interval.mean, interval.low, interval.high, interval.n
    status: Status = "inconclusive"
    needed = None
    if low is not None and high is not None and varies(values):
        if target - margin <= low and high <= target + margin:
            status = "reproduced"
        elif high < target - margin or low > target + margin:
            status = "not reproduced"
        else:
            to_nearest_edge = abs(abs(mean - target) - margin)
            needed = _seeds_needed(statistics.stdev(values), n, to_nearest_edge)
    return Verdict(status, mean, low, high, n, needed)


def paired_test(
    differences: Sequence[float], margin: float = 0.0, alternative: Alternative = "less"
) -> float:
    """Return the p-value of a one-sided paired t-test on `differences`, one a seed.

    It is small where the mean difference is below (`less`) or above (`greater`) the `margin`.
    Without spread (one seed, all equal) nothing is shown: 1.
    """
    if not varies(differences):
        return 1.0
    from scipy.special import stdtr

    n = len(differences)
    excess = statistics.fmean(differences) - margin
    t = excess / (statistics.stdev(differences) / math.sqrt(n))
    return float(stdtr(n - 1, t if alternative == "less" else -t))


def slopes(at: Sequence[float], values: Sequence[Sequence[float]]) -> list[float]:
    """Return each seed's least-squares slope: `values` is [seeds][len(at)], `at` the abscissae.

    Raises ValueError where `at` holds fewer than two different numbers.
    """
    return [statistics.linear_regression(at, row).slope for row in values]


def holm(pvalues: Sequence[float]) -> list[float]:
    """Return `pvalues` adjusted by Holm's step-down method, in the order given.

    Rejecting where the adjusted value is below α keeps the chance of any false rejection below α.
    Raises ValueError where one is not in [0, 1].
    """
    if not all(0 <= p <= 1 for p in pvalues):
        raise ValueError(f"p-values must be between 0 and 1: {list(pvalues)}")
    order = sorted(range(len(pvalues)), key=lambda i: pvalues[i])
    scaled = (min(1.0, (len(order) - rank) * pvalues[i]) for rank, i in enumerate(order))
    adjusted = dict(zip(order, itertools.accumulate(scaled, max), strict=True))
    return [adjusted[i] for i in range(len(order))]


def _half_width(deviation: float, n: int, confidence: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, (1 + confidence) / 2)) * deviation / math.sqrt(n)


def _seeds_needed(deviation: float, n: int, distance: float) -> int | None:
    """Return the least number of seeds above `n` whose 90 % interval is within `distance`."""

    def decides(seeds: int) -> bool:
        return _half_width(deviation, seeds, VERDICT_CONFIDENCE) <= distance

    more = range(n + 1, MOST_SEEDS + 1)
    place = bisect.bisect_left(more, True, key=decides)
    return more[place] if place < len(more) else None
