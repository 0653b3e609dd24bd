"""Medians over interleaved rounds, by which programs that were timed together are compared."""

from typing import NamedTuple

from .intervals import median_interval

CONFIDENCE = 0.95
LEAST_ROUNDS = 6
"""Smallest number of rounds that have an interval of that confidence."""
WIDE = 0.10
"""Largest width of an interval, relative to the median, at which the median is relied on."""


class Median(NamedTuple):
    """A median over rounds and its 95 % interval: the range, if fewer than `LEAST_ROUNDS`."""

    median: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """Width of the interval, relative to the median; 0 where the median is 0."""
        return (self.high - self.low) / self.median if self.median else 0.0

    @property
    def wide(self) -> bool:
        """Whether the interval is too wide to rely on the median."""
        return self.width > WIDE


def over_rounds(values: list[float]) -> Median:
    """Return the median of one or more values, and its interval."""
    found = median_interval(values, CONFIDENCE)
    if found.low is None or found.high is None:
        return Median(found.median, min(values), max(values))
    return Median(found.median, found.low, found.high)


def ratio(above: list[float], below: list[float]) -> Median:
    """Return the median ratio of two sequences, taken round by round."""
    return over_rounds([a / b for a, b in zip(above, below, strict=True)])
