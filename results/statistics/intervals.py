"""Statistics over seeds: intervals of means and medians, slopes, Holm's adjustment.

These are pure functions of sequences of floats, one value a seed. Means have Student-t intervals,
medians distribution-free ones. Verdicts on the paper's numbers are in `place_verdict`, tests of its
claims in `two_samples`.
"""

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["reproduced", "not reproduced", "inconclusive", "not run"]
Alternative = Literal["less", "greater"]

VERDICT_CONFIDENCE = 0.90

# Equal differences of percentages differ in their last bits by rounding; that is no spread.
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


def varies(values: Sequence[float]) -> bool:
    """Tell whether `values` differ by more than rounding, so that a t-test is meaningful."""
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
    """Return the median of `values` and its shortest interval of order statistics.

    The bounds are the k-th smallest and the k-th largest value, for the largest k at which they
    cover the median of any distribution with at least `confidence`; for a continuous one coverage
    is exactly 1 - 2 P(B < k), B binomial with n and 1/2. At 95 % there are none below n = 6.

    Raises ValueError where there are no values or `confidence` is not in (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence} must be between 0 and 1")
    ordered, n = sorted(values), len(values)
    median, k = statistics.median(ordered), 0
    tails = itertools.accumulate(math.comb(n, fewer) for fewer in range((n + 1) // 2))
    for tail in tails:  # number of the 2**n outcomes, an integer, so that nothing overflows
        if 1 - 2 * tail / 2**n < confidence:
            break
        k += 1
    if k == 0:
        return MedianInterval(median, None, None, n)
    return MedianInterval(median, ordered[k - 1], ordered[n - k], n)


def running_median(
    x: Sequence[float], y: Sequence[float], window: int, confidence: float
) -> list[tuple[float, MedianInterval]]:
    """Return each distinct x, ascending, with the running median of y around it.

    The window of an x holds the values at x and at equally many neighbours on either side, as many
    as fit `window` values; towards the ends it is smaller, so that it stays symmetric and a slope
    does not shift the median. Values that share an x are taken together, whatever their order.

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


def spread_of(values: Sequence[float], grain: float = 0.0) -> float | None:
    """Return the standard deviation of `values`, None where nothing tells it.

    A value with a `grain` stands for an interval of that width, and its standard uncertainty,
    grain / √12, is added.
    """
    if len(values) < 2 or not (grain or varies(values)):
        return None
    return math.hypot(statistics.stdev(values), grain / math.sqrt(12))


def paired_test(
    differences: Sequence[float],
    margin: float = 0.0,
    alternative: Alternative = "less",
    grain: float = 0.0,
) -> float:
    """Return the p-value of a one-sided paired t-test on `differences`, one a seed.

    It is small where the mean difference is below (`less`) or above (`greater`) the `margin`, and
    1 where nothing tells the spread: one seed, or all equal and no `grain` (`spread_of`).
    """
    deviation = spread_of(differences, grain)
    if deviation is None:
        return 1.0
    from scipy.special import stdtr

    n = len(differences)
    t = (statistics.fmean(differences) - margin) / (deviation / math.sqrt(n))
    return float(stdtr(n - 1, t if alternative == "less" else -t))


def slopes(at: Sequence[float], values: Sequence[Sequence[float]]) -> list[float]:
    """Return each seed's least-squares slope: `values` is [seeds][len(at)], `at` the abscissae.

    Raises ValueError where `at` holds fewer than two different numbers.
    """
    return [statistics.linear_regression(at, row).slope for row in values]


def holm(pvalues: Sequence[float]) -> list[float]:
    """Return `pvalues` adjusted by Holm's step-down method, in the order given.

    Rejecting where the adjusted value is below α keeps the family-wise error rate below α.
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
