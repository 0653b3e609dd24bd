"""One-sided tests of two rules against each other: Welch's, exact ones, and their least p.

Rules share their seeds: the initial weights and the order of the data. Pairing helps where results
are correlated over seeds, and costs where they go against one another, so a claim says beforehand
which it is. Results on a ladder are compared by exact permutation tests, which need no
spread; others by t-tests, to whose variance the grain of a result is added. Paired t-tests are in
`intervals`.
"""

import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from .intervals import VERDICT_CONFIDENCE, Alternative, Interval, spread_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_PERMUTATIONS = 20_000  # beyond, so many are drawn at random, always the same


def welch_test(
    left: Sequence[float],
    right: Sequence[float],
    margin: float,
    alternative: Alternative,
    *,
    grain: float = 0.0,
    factor: float = 1.0,
) -> float:
    """Return the one-sided p of Welch's t of mean(left) - factor * mean(right) against `margin`.

    The degrees of freedom are those of the smaller sample (Hsu), which never errs by more than the
    level. Those that are estimated (Satterthwaite) do where one of a few seeds' spreads is far the
    larger: with standard deviations of 0.9 and 0.1 and three seeds, a family of 16 tests that Holm
    holds at 5 % erred 9.7 % of the time.
    """
    error, freedom = _error(left, right, grain, factor), min(len(left), len(right)) - 1
    if error is None:
        return 1.0
    from scipy.special import stdtr

    t = (statistics.fmean(left) - factor * statistics.fmean(right) - margin) / error
    return float(stdtr(freedom, t if alternative == "less" else -t))


def welch_interval(
    left: Sequence[float],
    right: Sequence[float],
    confidence: float = VERDICT_CONFIDENCE,
    *,
    grain: float = 0.0,
    factor: float = 1.0,
) -> Interval:
    """Return mean(left) - factor * mean(right) and its interval; `n` is the smaller number."""
    from scipy.special import stdtrit

    mean = statistics.fmean(left) - factor * statistics.fmean(right)
    n = min(len(left), len(right))
    error = _error(left, right, grain, factor)
    if error is None:
        return Interval(mean, None, None, n)
    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * error
    return Interval(mean, mean - half, mean + half, n)


def exact_paired(differences: Sequence[float], margin: float, alternative: Alternative) -> float:
    """Return the p of the exact sign-flip test of paired differences against `margin`.

    Under the null hypothesis each difference is as likely to lie as far on the other side of the
    margin. The least p of n pairs is 2^-n (`least_paired`).
    """
    excess = [value - margin for value in differences]
    return _permuted((excess,), "samples", alternative)


def exact_unpaired(
    left: Sequence[float],
    right: Sequence[float],
    margin: float,
    alternative: Alternative,
    *,
    factor: float = 1.0,
) -> float:
    """Return the p of the exact permutation test of left against factor * right + margin.

    Under the null hypothesis all values are exchangeable. The least p is `least_unpaired`.
    """
    return _permuted(
        (list(left), [factor * value + margin for value in right]), "independent", alternative
    )


def least_paired(n: int) -> float:
    """Return the least p that the sign-flip test of n pairs can have: 2^-n."""
    return 2.0**-n


def least_unpaired(n: int) -> float:
    """Return the least p that the permutation test of n against n values can have."""
    return 1 / math.comb(2 * n, n)


def _error(
    left: Sequence[float], right: Sequence[float], grain: float, factor: float
) -> float | None:
    """Return the standard error of the difference of means; None where nothing tells it."""
    if min(len(left), len(right)) < 2:
        return None
    found = math.hypot(
        (spread_of(left, grain) or 0.0) / math.sqrt(len(left)),
        factor * (spread_of(right, grain) or 0.0) / math.sqrt(len(right)),
    )
    return found or None


def _permuted(
    samples: tuple[Sequence[float], ...],
    kind: Literal["samples", "independent"],
    alternative: Alternative,
) -> float:
    if min(map(len, samples)) < 2:  # as for a t-test: one value tells nothing
        return 1.0
    import numpy as np
    from scipy.stats import permutation_test

    def statistic(*sides: "NDArray[np.float64]", axis: int = -1) -> "NDArray[np.float64]":
        means = [side.mean(axis=axis) for side in sides]
        return means[0] - means[1] if len(means) == 2 else means[0]

    found = permutation_test(
        [np.asarray(sample, dtype=float) for sample in samples],
        statistic,
        permutation_type=kind,
        alternative=alternative,
        n_resamples=_MOST_PERMUTATIONS,
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)
