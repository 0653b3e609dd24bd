"""Wilcoxon's signed-rank test, exact, for small samples.

Under the null hypothesis both signs are equally likely, given the absolute values. The distribution
is counted in integers, so ties need no approximation; zeros are left out.
"""

import functools
import itertools
from collections.abc import Sequence


def p_greater(values: Sequence[float]) -> float:
    """Return the one-sided p-value P(W+ >= observed): small where values are above zero.

    It is 1 where all values are zero.
    """
    sized = sorted((abs(value), value > 0) for value in values if value != 0)
    ranks: list[int] = []  # doubled, so that the mean ranks of ties are integers
    for _, group in itertools.groupby(sized, key=lambda pair: pair[0]):
        count = sum(1 for _ in group)
        ranks += [2 * len(ranks) + 1 + count] * count
    observed = sum(rank for rank, (_, positive) in zip(ranks, sized, strict=True) if positive)
    counts = _counts(tuple(ranks))
    return sum(counts[observed:]) / 2 ** len(ranks)


def p_less(values: Sequence[float]) -> float:
    """Return the p-value in the other direction: small where values are below zero."""
    return p_greater([-value for value in values])


@functools.cache
def tails(n: int) -> tuple[float, ...]:
    """Return P(W+ >= w) for w from 0 to n (n + 1) / 2, for n values without ties or zeros."""
    counts = _counts(tuple(range(1, n + 1)))
    return tuple(sum(counts[w:]) / 2**n for w in range(len(counts)))


def attained(n: int, level: float) -> float:
    """Return the largest attainable p-value of n values that is at most `level`; 0 for none."""
    return next((p for p in tails(n) if p <= level), 0.0)


@functools.lru_cache(maxsize=4096)
def _counts(ranks: tuple[int, ...]) -> tuple[int, ...]:
    """Return, for every sum from 0, the number of subsets of `ranks` with that sum."""
    counts = [1]
    for rank in ranks:
        counts += [0] * rank
        for total in range(len(counts) - 1, rank - 1, -1):
            counts[total] += counts[total - rank]
    return tuple(counts)
