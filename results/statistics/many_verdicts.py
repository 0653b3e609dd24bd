"""The answers of `place_verdict.judge` to many places at once: rows of simulated results.

Planned power and the verdicts' operating curve judge thousands of them. A test holds each row
against `judge`.
"""

import math
from typing import TYPE_CHECKING, NamedTuple

from .intervals import VERDICT_CONFIDENCE
from .place_verdict import DRAW_CONFIDENCE, POOLED_CONFIDENCE, Target, quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Answers(NamedTuple):
    """Answers to the two questions, a row per place: `reproduced` is `inside` and `drawn`.

    Attributes:
        inside: whether the mean lies within the margin (*within*: yes).
        outside: whether it does not (*within*: no).
        drawn: whether the paper's number is one that the process gives.
    """

    inside: "NDArray[np.bool_]"
    outside: "NDArray[np.bool_]"
    drawn: "NDArray[np.bool_]"


def answers(
    values: "NDArray[np.float64]",
    numbers: "NDArray[np.float64]",
    target: Target,
    *,
    grain: float = 0.0,
    neighbours: "NDArray[np.float64]",
) -> Answers:
    """Return the answers to places of two seeds or more.

    Args:
        values: [places, seeds].
        numbers: [places], the paper's; they stand for the target's value.
        target: how they are judged; `at` its value, not to a side.
        grain: as for `judge`; positive, or the values of each row vary.
        neighbours: [places, neighbours of each, seeds], none where the second is 0.
    """
    import numpy as np

    n, unit = values.shape[1], grain / math.sqrt(12)
    variance = values.var(axis=1, ddof=1)
    spread = np.hypot(np.sqrt(variance), unit)
    error = np.hypot(spread / math.sqrt(n), target.grain / math.sqrt(12))
    half = quantile(n - 1, VERDICT_CONFIDENCE) * error
    if not target.grain:
        others = neighbours.var(axis=2, ddof=1).sum(axis=1)
        several = 1 + neighbours.shape[1]
        pooled = np.hypot(np.sqrt((variance + others) / several), unit)
        wide = quantile(several * (n - 1), POOLED_CONFIDENCE) * pooled / math.sqrt(n)
        half = np.maximum(half, wide)
    off = np.abs(values.mean(axis=1) - numbers)
    slack = target.rounding + target.reading + target.grain / 2
    reach = quantile(n - 1, DRAW_CONFIDENCE) * spread * math.sqrt(1 + 1 / n) + slack
    return Answers(
        inside=off + half <= target.margin, outside=off - half > target.margin, drawn=off <= reach
    )


def rounded(values: "NDArray[np.float64]", unit: float) -> "NDArray[np.float64]":
    """Return values as multiples of a unit; unchanged where it is 0."""
    import numpy as np

    return np.round(values / unit) * unit if unit else values
