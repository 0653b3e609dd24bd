"""Whether data support a sentence: exact and conservative tests on few seeds. Knows no figure."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from scipy import stats

LEVEL = 0.05
"""At which data support a sentence, whatever it could have said (which rule, up or down)."""
STEADY = 0.8
"""Kendall's tau of the means from which on they grow or fall: of up to five, all in order."""


def extreme(places: Sequence[Mapping[str, Sequence[float]]], *, lowest: bool) -> str | None:
    """Return what has the lowest (or else the highest) values at every place, None where nothing.

    Each of its seeds must be beyond each seed of all others. Where all values at a place came from
    one distribution, n of N would be so with probability 1 / C(N, n). The product over places,
    times the number of those that could have won, is held against `LEVEL`.

    Args:
        places: the values at each place, of the same two things or more.
        lowest: whether the lowest are looked for.
    """
    if not places or len(places[0]) < 2:
        return None
    for one in places[0]:
        chance = float(len(places[0]))
        for place in places:
            mine = place.get(one, ())
            others = [value for name, some in place.items() if name != one for value in some]
            chance *= _apart(mine, others) if lowest else _apart(others, mine)
        if chance <= LEVEL:
            return one
    return None


def _apart(low: Sequence[float], high: Sequence[float]) -> float:
    """Return how likely it is by chance that all of `low` lie below all of `high`; inf if not."""
    if not low or not high or max(low) >= min(high):
        return math.inf
    return 1 / math.comb(len(low) + len(high), len(low))


def trend(series: Sequence[Mapping[float, Sequence[float]]]) -> int:
    """Return 1 where values grow with x in every series, -1 where they fall, 0 where neither.

    In each series the means must be in order (`STEADY`), and Kendall's tests of single values
    against x, one-sided and combined by Fisher's method, must be significant in that direction.

    Args:
        series: values by x.
    """
    several = [dict(one) for one in series if len(one) > 1]
    if not several or len(several) < len(series):
        return 0
    sides: tuple[tuple[int, Literal["greater", "less"]], ...] = ((1, "greater"), (-1, "less"))
    for sign, side in sides:
        if all(sign * _tau(one) >= STEADY for one in several):
            chances = [_kendall(one, side) for one in several]
            if stats.combine_pvalues(chances).pvalue <= LEVEL / 2:
                return sign
    return 0


def _tau(one: Mapping[float, Sequence[float]]) -> float:
    means = [math.fsum(values) / len(values) for values in one.values()]
    found = stats.kendalltau([*one], means).statistic
    return 0.0 if math.isnan(found) else float(found)


def _kendall(one: Mapping[float, Sequence[float]], side: Literal["greater", "less"]) -> float:
    pairs = [(x, value) for x, values in one.items() for value in values]
    x, y = zip(*pairs, strict=True)
    return float(stats.kendalltau(x, y, alternative=side).pvalue)


def optimum(series: Sequence[Mapping[float, Sequence[float]]]) -> list[float] | None:
    """Return the x of the lowest mean of each series, where all surely lie within their ranges.

    The seeds there must all lie below those at both ends, which has a probability of 1 / C(N, n) by
    chance; the product over series, times the number of inner x of each, is held against `LEVEL`.
    """
    found: list[float] = []
    chance = 1.0 if series else math.inf
    for one in series:
        low, high = min(one), max(one)
        x = min(one, key=lambda at, of=one: math.fsum(of[at]) / len(of[at]))
        if x in (low, high):
            return None
        chance *= _apart(one[x], [*one[low], *one[high]]) * (len(one) - 2)
        found.append(x)
    return found if chance <= LEVEL else None
