"""The verdict on a place of the paper: two questions, and what their answers say together.

The paper prints one number, and it seems that one run gave it. So a place is judged twice:

- *within*: does the mean of our process lie within the margin of the paper's number? Yes if its
  interval lies inside, no if it lies wholly outside: each answer is wrong at most 5 % of the time.
- *drawn*: is the paper's number one that a run of our process gives? No if it lies outside the 95 %
  prediction interval, mean ± t s √(1 + 1/n), by more than what it was rounded by and the error of
  reading it off a figure: of an identical process at most 5 % of the time, whatever the margin and
  the number of seeds.

The interval of the mean is the wider of two (`mean_bounds`): Student's at 90 %, by the spread of
the place's own seeds, and one at 95 %, by their spread pooled with that of its neighbours, the
places next to it in the exhibit. The first is exact for normal results of any spread; but a few
results that are not normal lie close together by chance more often, and then it is too narrow. The
second does not shrink with the luck of one place; its 2.5 % a side allow for neighbours of a
smaller spread, down to three quarters. A place without neighbours has its own spread for both, so
an interval at 95 %.

`HEADLINES` has the verdict for each pair of answers. Seeds are a plan: a verdict before all of them
are there would be one of several looks, each with an error of its own.

Results have a grain: an error of 10,000 test images moves by 0.01 points, a result on a ladder by a
rung. A value then stands for an interval of that width, whose standard uncertainty, grain / √12 (a
uniform distribution, as in the Guide to the Expression of Uncertainty in Measurement, F.2.2.1), is
added to the spread of the values. So seeds that all agree can be judged.
"""

import functools
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

POOLED_CONFIDENCE = 0.95
"""Of the interval of the mean by the spread that is pooled with that of the neighbours."""


class Headline(NamedTuple):
    """A verdict, and what would decide it where it is inconclusive."""

    status: Status
    decides: str


MORE_SEEDS = "more seeds, declared before they are trained"
"""All that the scale declares are there when a place or a claim is judged."""

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
        low: lower bound of the interval of the mean, None where there is no spread to tell.
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


def judge(
    values: Sequence[float],
    target: Target,
    *,
    grain: float = 0.0,
    neighbours: Sequence[Sequence[float]] = (),
) -> PlaceVerdict:
    """Return the verdict on a number of the paper, from one value a seed.

    Args:
        values: ours, in the unit of the target.
        target: the paper's number.
        grain: the width of the interval that a value stands for: 0.01 points for an error of 10,000
            images, 1 for a number of rungs, 0 where values are as good as continuous.
        neighbours: the values of the places next to it, of each place one a seed.
    """
    if not values:
        return PlaceVerdict(
            status="not run", decides="", within="undecided", drawn="undecided",
            mean=None, low=None, high=None, drawn_low=None, drawn_high=None,
        )  # fmt: skip
    about = mean_bounds(
        values, grain=grain, target_grain=target.grain, neighbours=neighbours
    )  # fmt: skip
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
    values: Sequence[float],
    *,
    grain: float = 0.0,
    target_grain: float = 0.0,
    neighbours: Sequence[Sequence[float]] = (),
) -> tuple[float, float] | None:
    """Return the interval of the mean of `values`; None where nothing tells their spread.

    `target_grain` is that of a number on the same ladder that the mean is held against: its
    uncertainty is added to that of the mean, and makes the interval by the pooled spread needless.
    """
    deviation = spread_of(values, grain)
    if deviation is None:
        return None
    n = len(values)
    error = math.hypot(deviation / math.sqrt(n), target_grain / math.sqrt(12))
    half = quantile(n - 1, VERDICT_CONFIDENCE) * error
    if not target_grain:
        pooled, freedom = pooled_spread([values, *neighbours], grain)
        half = max(half, quantile(freedom, POOLED_CONFIDENCE) * pooled / math.sqrt(n))
    mean = statistics.fmean(values)
    return mean - half, mean + half


def pooled_spread(groups: Sequence[Sequence[float]], grain: float = 0.0) -> tuple[float, int]:
    """Return the standard deviation within groups, each about its mean, and its degrees of freedom.

    Groups of fewer than two values say nothing of it. A `grain` adds its standard uncertainty.

    Raises statistics.StatisticsError where no group has two values.
    """
    several = [group for group in groups if len(group) > 1]
    freedom = [len(group) - 1 for group in several]
    variances = [statistics.variance(group) for group in several]
    variance = statistics.fmean(variances, freedom)
    return math.hypot(math.sqrt(variance), grain / math.sqrt(12)), sum(freedom)


def prediction(values: Sequence[float], *, grain: float = 0.0) -> tuple[float, float] | None:
    """Return the 95 % prediction interval of one more value; None where nothing tells the spread.

    It is exact for normal values, with any number of them.
    """
    deviation = spread_of(values, grain)
    if deviation is None:
        return None
    n, mean = len(values), statistics.fmean(values)
    half = quantile(n - 1, DRAW_CONFIDENCE) * deviation * math.sqrt(1 + 1 / n)
    return mean - half, mean + half


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


@functools.cache
def quantile(freedom: int, confidence: float) -> float:
    """Return half the width of a two-sided Student-t interval, in standard errors."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + confidence) / 2))
