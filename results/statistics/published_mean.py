"""A published mean ± standard deviation beside our mean: their difference, both being uncertain.

The verdict on a place (`place_verdict`) takes the paper's number as what one run gave, exact but
for its rounding. Where a paper prints mean ± standard deviation, its number is uncertain by itself.
So it is asked beside the verdict whether the two means differ by more than both uncertainties
explain: by the 95 % interval of the difference, from Welch's standard error and a t with the
degrees of freedom of the smaller sample (as in `two_samples`).

A paper that does not say over how many runs its mean is taken leaves the error of that mean open,
between its standard deviation (one run) and nearly nothing. Here it is then the standard deviation,
with the degrees of freedom of our seeds. With five of ours that is cautious for four runs or more;
of three it is about as wide as it should be, of two much too narrow (t has one degree of freedom).
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from .intervals import Interval, spread_of
from .place_verdict import quantile

CONFIDENCE = 0.95
"""Of the interval of the difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedMean:
    """A mean that a paper prints with its spread, all in one unit.

    Attributes:
        value: the mean.
        deviation: the standard deviation over runs.
        runs: over how many, at least 2; None where the paper does not say.
        rounding: half a unit of the mean's last printed decimal.
    """

    value: float
    deviation: float
    runs: int | None = None
    rounding: float = 0.0

    def __post_init__(self) -> None:
        if not self.deviation > 0:
            raise ValueError(f"deviation={self.deviation} must be positive")
        if self.runs is not None and self.runs < 2:
            raise ValueError(f"runs={self.runs} must be at least 2, or None")

    @property
    def error(self) -> float:
        """Its standard error: of sampling, at most, and of rounding."""
        return math.hypot(self.deviation / math.sqrt(self.runs or 1), self.rounding / math.sqrt(3))


def difference(
    values: Sequence[float], published: PublishedMean, *, grain: float = 0.0
) -> Interval:
    """Return the mean of `values` less the published one, with its 95 % interval.

    It has no bounds where nothing tells the spread of our values (`intervals.spread_of`).

    Args:
        values: ours, one a seed.
        published: the paper's.
        grain: as for `place_verdict.judge`.
    """
    n, mean = len(values), statistics.fmean(values) - published.value
    deviation = spread_of(values, grain)
    if deviation is None:
        return Interval(mean, None, None, n)
    error = math.hypot(deviation / math.sqrt(n), published.error)
    freedom = min(n, published.runs or n) - 1
    half = quantile(freedom, CONFIDENCE) * error
    return Interval(mean, mean - half, mean + half, n)


def differs(found: Interval) -> bool | None:
    """Tell whether the interval of a difference excludes 0; None where it has no bounds."""
    if found.low is None or found.high is None:
        return None
    return not found.low <= 0 <= found.high
