"""Planned power: how often a number of seeds would reach a verdict, before any of them is run.

Normal values of a known standard deviation are supposed, so a power is a plan, not a result.
"""

import functools
import math

from .many_verdicts import answers, rounded
from .place_verdict import Target

_DRAWS = 10_000


@functools.lru_cache(maxsize=1024)
def place_power(
    n: int, deviation: float, target: Target, grain: float = 0.0, neighbours: int = 0
) -> float:
    """Return how often `n` seeds call a place reproduced if our process is the paper's own.

    The paper's number is then a draw, too, so it differs from our mean by `deviation` √(1 + 1/n)
    (standard deviation). A place of low power is one that nothing but luck would reproduce. It is
    simulated, always with the same draws, to about 0.5 % (standard error).

    Args:
        n: number of seeds.
        deviation: standard deviation of a result over seeds, in the unit of the margin.
        target: the paper's number; its value does not matter.
        grain: as for `place_verdict.judge`.
        neighbours: how many places next to it are judged with it; they have the same spread.

    Raises ValueError where `deviation` is not positive. The power is 0 for one seed.
    """
    if not deviation > 0:
        raise ValueError(f"deviation={deviation} must be positive")
    if n < 2:
        return 0.0
    import numpy as np

    dice = np.random.default_rng(0)
    center = dice.uniform(-0.5, 0.5, (_DRAWS, 1)) * max(grain, 2 * target.rounding)
    values = rounded(center + deviation * dice.standard_normal((_DRAWS, n)), grain)
    theirs = center[:, 0] + deviation * dice.standard_normal(_DRAWS)
    theirs = rounded(theirs, target.grain or 2 * target.rounding)
    beside = rounded(deviation * dice.standard_normal((_DRAWS, neighbours, n)), grain)
    found = answers(values, theirs, target, grain=grain, neighbours=beside)
    return float((found.inside & found.drawn).mean())


def claim_power(n: int, deviation: float, effect: float, level: float) -> float:
    """Return how often a one-sided t-test at `level` rejects, by n - 1 degrees of freedom.

    Args:
        n: number of values whose mean is tested, or of each of two samples.
        deviation: standard deviation of a value, or of the difference of one of each sample.
        effect: how far the true mean lies beyond the margin, towards what is claimed.
        level: of the test.

    Raises ValueError where `deviation` is not positive. The power is 0 for one value.
    """
    if not deviation > 0:
        raise ValueError(f"deviation={deviation} must be positive")
    if n < 2:
        return 0.0
    from scipy.special import nctdtr, ndtr, stdtrit

    limit = float(stdtrit(n - 1, 1 - level))
    center = effect * math.sqrt(n) / deviation
    found = 1 - float(nctdtr(n - 1, center, limit))
    # far from zero nctdtr loses its digits: the normal distribution tells 0 from 1 there
    return found if 0 <= found <= 1 else float(ndtr(center - limit))
