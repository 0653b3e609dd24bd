"""The verdict on a place of the paper: two questions, and what their answers say together.

The paper prints one number, and it seems that one run gave it. So a place is judged twice:

- *within*: does the mean of our process lie within the margin of the paper's number? Yes if the
  90 % Student-t interval lies inside, no if it lies wholly outside: each answer is wrong at most
  5 % of the time.
- *drawn*: is the paper's number one that a run of our process gives? No if it lies outside the 95 %
  prediction interval, mean ± t s √(1 + 1/n), by more than what it was rounded by and the error of
  reading it off a figure: of an identical process at most 5 % of the time, whatever the margin and
  the number of seeds.

`HEADLINES` has the verdict for each pair of answers. Seeds are a plan: a verdict before all of them
are there would be one of several looks, each with an error of its own.

Results have a grain: an error of 10,000 test images moves by 0.01 points, a result on a ladder by a
rung. A value then stands for an interval of that width, whose standard uncertainty, grain / √12 (a
uniform distribution, as in the Guide to the Expression of Uncertainty in Measurement, F.2.2.1), is
added to the spread of the values. So seeds that all agree can be judged.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from .intervals import VERDICT_CONFIDENCE, Status, spread_of

Answer = Literal["yes", "no", "undecided"]
Side = Literal["at", "above", "below"]
"""Where a number of the paper lies: at the value that is given, or anywhere on one side of it."""

DRAW_CONFIDENCE = 0.95
"""Of the prediction interval. That of the mean is `VERDICT_CONFIDENCE`, two tests at 5 %."""


class Headline(NamedTuple):
    """A verdict, and what would decide it where it is inconclusive."""

    status: Status
    decides: str


MORE_SEEDS = "more planned seeds"
HEADLINES: Mapping[tuple[Answer, Answer], Headline] = {
    ("yes", "yes"): Headline("reproduced", ""),
    ("no", "no"): Headline("not reproduced", ""),
    ("yes", "no"): Headline("inconclusive", "a narrower margin"),
    ("no", "yes"): Headline("inconclusive", "the paper's spread over seeds"),
    ("undecided", "yes"): Headline("inconclusive", MORE_SEEDS),
    ("undecided", "no"): Headline("inconclusive", MORE_SEEDS),
    ("yes", "undecided"): Headline("inconclusive", MORE_SEEDS),
    ("no", "undecided"): Headline("inconclusive", MORE_SEEDS),
    ("undecided", "undecided"): Headline("inconclusive", MORE_SEEDS),
}
"""The verdict by the answers to *within* and *drawn*, written before any run."""
DECIDERS = frozenset(headline.decides for headline in HEADLINES.values() if headline.decides)
"""What would decide a verdict, as nouns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A number of the paper and how exactly it is known, all in one unit.

    Attributes:
        value: the number.
        margin: how near to it our mean must be to reproduce it.
        rounding: half a unit of its last printed decimal.
        reading: the error of reading it off a figure.
        grain: the width of its rung, where it stands on a ladder; 0 otherwise.
        side: whether it is `at` the value, or only known to lie `above` it (where the paper's axis
            cuts it off) or `below` it.
    """

    value: float
    margin: float
    rounding: float = 0.0
    reading: float = 0.0
    grain: float = 0.0
    side: Side = "at"

    def __post_init__(self) -> None:
        if not self.margin > 0:
            raise ValueError(f"margin={self.margin} must be positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceVerdict:
    """The verdict on a place, and the evidence.

    Attributes:
        status: the verdict.
        decides: what would decide it, where it is inconclusive.
        within: whether our mean is within the margin of the paper's number.
        drawn: whether the paper's number is one that our process gives.
        mean: of our values; None where there are none.
        low: lower bound of the 90 % interval of the mean, None where there is no spread to tell.
        high: upper bound.
        drawn_low: lower bound of the 95 % prediction interval of one run, likewise.
        drawn_high: upper bound.
    """

    status: Status
    decides: str
    within: Answer
    drawn: Answer
    mean: float | None
    low: float | None
    high: float | None
    drawn_low: float | None
    drawn_high: float | None


def judge(values: Sequence[float], target: Target, *, grain: float = 0.0) -> PlaceVerdict:
    """Return the verdict on a number of the paper, from one value a seed.

    Args:
        values: ours, in the unit of the target.
        target: the paper's number.
        grain: the width of the interval that a value stands for: 0.01 points for an error of 10,000
            images, 1 for a number of rungs, 0 where values are as good as continuous.
    """
    if not values:
        return PlaceVerdict(
            status="not run", decides="", within="undecided", drawn="undecided",
            mean=None, low=None, high=None, drawn_low=None, drawn_high=None,
        )  # fmt: skip
    about = mean_bounds(values, grain=grain, target_grain=target.grain)
    one = prediction(values, grain=grain)
    within, drawn = is_within(about, target), is_drawn(one, target)
    status, decides = HEADLINES[within, drawn]
    low, high = about or (None, None)
    drawn_low, drawn_high = one or (None, None)
    return PlaceVerdict(
        status=status, decides=decides, within=within, drawn=drawn,
        mean=statistics.fmean(values), low=low, high=high,
        drawn_low=drawn_low, drawn_high=drawn_high,
    )  # fmt: skip


def is_within(bounds: tuple[float, float] | None, target: Target) -> Answer:
    """Return whether a mean with such an interval is within the margin of the paper's number."""
    if bounds is None:
        return "undecided"
    low, high = bounds
    nearest = -math.inf if target.side == "below" else target.value - target.margin
    farthest = math.inf if target.side == "above" else target.value + target.margin
    if nearest <= low and high <= farthest:
        return "yes"
    return "no" if high < nearest or low > farthest else "undecided"


def is_drawn(bounds: tuple[float, float] | None, target: Target) -> Answer:
    """Return whether the paper's number lies inside such a prediction interval, or near enough."""
    if bounds is None:
        return "undecided"
    (low, high), slack = bounds, target.rounding + target.reading + target.grain / 2
    reaches_down = target.side == "above" or low - slack <= target.value
    reaches_up = target.side == "below" or target.value <= high + slack
    return "yes" if reaches_down and reaches_up else "no"


def mean_bounds(
    values: Sequence[float], *, grain: float = 0.0, target_grain: float = 0.0
) -> tuple[float, float] | None:
    """Return the 90 % interval of the mean of `values`; None where nothing tells their spread.

    `target_grain` is that of a number on the same ladder that the mean is held against: its
    uncertainty is added to that of the mean.
    """
    deviation = spread_of(values, grain)
    if deviation is None:
        return None
    error = math.hypot(deviation / math.sqrt(len(values)), target_grain / math.sqrt(12))
    return _about(values, error, VERDICT_CONFIDENCE)


def prediction(values: Sequence[float], *, grain: float = 0.0) -> tuple[float, float] | None:
    """Return the 95 % prediction interval of one more value; None where nothing tells the spread.

    It is exact for normal values, with any number of them.
    """
    deviation = spread_of(values, grain)
    if deviation is None:
        return None
    return _about(values, deviation * math.sqrt(1 + 1 / len(values)), DRAW_CONFIDENCE)


def median_prediction(values: Sequence[float], size: int) -> tuple[float, float]:
    """Return the 95 % prediction interval of the median of `size` further values.

    It is distribution-free: of `len(values)` + `size` exchangeable values each order is equally
    likely, so the number of ours that lie below the j-th of theirs has a known distribution. The
    bounds are the r-th smallest and r-th largest value, for the largest r that covers with 95 %;
    infinite where there is none. An even `size` is taken as one less: fewer values spread more.

    Raises ValueError where there are no values or `size` is below 1.
    """
    if not values or size < 1:
        raise ValueError(f"{len(values)} values and size={size} must be at least 1 each")
    n, ordered = len(values), sorted(values)
    odd = size if size % 2 else size - 1
    middle = (odd + 1) // 2
    outcomes = math.comb(n + odd, odd)
    below, r = 0, 0
    while 2 * (r + 1) <= n:
        below += math.comb(r + middle - 1, r) * math.comb(n - r + odd - middle, n - r)
        if 2 * below > (1 - DRAW_CONFIDENCE) * outcomes:
            break
        r += 1
    return (ordered[r - 1], ordered[n - r]) if r else (-math.inf, math.inf)


def _about(values: Sequence[float], error: float, confidence: float) -> tuple[float, float]:
    from scipy.special import stdtrit

    mean = statistics.fmean(values)
    half = float(stdtrit(len(values) - 1, (1 + confidence) / 2)) * error
    return mean - half, mean + half
