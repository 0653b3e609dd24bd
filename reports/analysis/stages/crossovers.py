"""The delay of a message from which on unlocked stages have an error before those that wait."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from ....results.statistics import intervals
from .rates import HEADLINE, Arm, Network, Seeds, range_words, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossover:
    """The delay from which on an unlocked arm has an error before one that waits.

    Attributes:
        unlocked: the arm that is to overtake.
        waiting: the other.
        level: the error in percent.
        seeds: by seed the delay in milliseconds from which on it stays ahead: 0 where it is ahead
            at every delay, infinite where it is not at the longest that is compared.
        briefly: whether a seed is ahead at some delay, but not at the longest that is compared.
        most: the largest delay at which the two are compared.
        until: the largest delay at which every seed of the unlocked arm has the error, as at all
            below it; None where that is so at every delay that was measured.
        there: whether the unlocked arm has the error at all, at some delay.
        interval: of the seeds' delays, geometric; None where not every seed has one above 0.
    """

    unlocked: Arm
    waiting: Arm
    level: float
    seeds: Seeds
    briefly: bool
    most: float
    until: float | None
    there: bool
    interval: intervals.Interval | None

    @property
    def words(self) -> str:
        """When it overtakes, and up to which delay that is known, in words."""
        if self.until is None or self.start.startswith("behind"):
            return self.start
        return f"{self.start}, up to {self.until:g} ms"

    @property
    def start(self) -> str:
        """When it overtakes, in words."""
        delays = list(self.seeds.values())
        if delays and all(map(math.isinf, delays)):
            return self._behind if self.there else f"does not reach {self.level:g} %"
        there = [delay for delay in delays if not math.isinf(delay)]
        if len(there) < len(delays) or not delays:
            return f"ahead with {len(there)} of {len(delays)} seeds" if delays else "not measured"
        if self.interval is not None:
            return f"from {self.interval.mean:.2g} ms on{range_words(self.interval)}"
        if not any(delays):
            return "ahead without delay"
        return f"from {min(delays):.2g} to {max(delays):.2g} ms on (range over seeds)"

    @property
    def _behind(self) -> str:
        if self.briefly:
            return f"behind at {self.most:g} ms, not at every delay below"
        return f"behind up to {self.most:g} ms" if self.most else "behind without delay"


def crossovers(network: Network, level: float = HEADLINE) -> list[Crossover]:
    """Return when each unlocked arm overtakes each that waits, or is whole."""
    unlocked = [arm for arm in network.arms if arm.unlocked]
    others = [arm for arm in network.arms if not arm.unlocked]
    return [
        _crossover(one, other, level) for one, other in itertools.product(unlocked, others)
    ]  # fmt: skip


def _crossover(one: Arm, other: Arm, level: float) -> Crossover:
    ours, theirs = ({d: arm.seconds(level, d) for d in arm.delays} for arm in (one, other))
    every = [set(by_seed) for by_seed in (*ours.values(), *theirs.values())]
    seeds = every[0].intersection(*every[1:])
    kept = list(
        itertools.takewhile(lambda d: all(ours[d][seed] < math.inf for seed in seeds), ours)
    )
    most = one.delays[-1] if other.whole else min(one.delays[-1], other.delays[-1])
    until = kept[-1] if kept and len(kept) < len(ours) else None
    most = most if until is None else min(most, until)
    gaps = {
        seed: _gaps(
            {d: by_seed[seed] for d, by_seed in ours.items()},
            {d: by_seed[seed] for d, by_seed in theirs.items()},
            most,
        )
        for seed in sorted(seeds)
    }
    found = {seed: _last_crossing(some) for seed, some in gaps.items()}
    return Crossover(
        unlocked=one,
        waiting=other,
        level=level,
        seeds=found,
        briefly=any(found[s] == math.inf and max(gaps[s].values(), default=0) > 0 for s in found),
        most=most,
        until=until,
        there=any(value < math.inf for by_seed in ours.values() for value in by_seed.values()),
        interval=spread(list(found.values())),
    )


def _gaps(
    ours: Mapping[float, float], theirs: Mapping[float, float], most: float
) -> dict[float, float]:
    """Return by how many seconds `ours` is ahead, by delay up to `most`, in ascending order.

    Between two delays seconds are linear: what waits does so for so many delays an update. From
    the first delay on at which `ours` is infinite nothing is compared.
    """
    end = min((d for d, seconds in ours.items() if seconds == math.inf), default=math.inf)
    ours = {d: seconds for d, seconds in ours.items() if d < end}
    if not ours:  # not even without delay
        return {}
    delays = sorted(d for d in {*ours, *theirs} if d <= min(most, max(ours)))
    if math.inf in theirs.values():
        return dict.fromkeys(delays, math.inf)
    return {d: _between(theirs, d) - _between(ours, d) for d in delays}


def _last_crossing(gaps: Mapping[float, float]) -> float:
    """Return the delay from which on all gaps are above 0, interpolated; infinite if none is."""
    delays = list(gaps)
    start = len(delays)
    while start and gaps[delays[start - 1]] > 0:
        start -= 1
    if start == len(delays):
        return math.inf
    if not start:
        return 0.0
    d0, d1 = delays[start - 1 : start + 1]
    return d0 + (d1 - d0) * -gaps[d0] / (gaps[d1] - gaps[d0])


def _between(values: Mapping[float, float], delay: float) -> float:
    """Return a value at a delay, linear between those that were measured."""
    known = sorted(values)
    if delay <= known[0] or len(known) == 1:
        return values[known[0]]
    for d0, d1 in itertools.pairwise(known):
        if delay <= d1:
            return values[d0] + (values[d1] - values[d0]) * (delay - d0) / (d1 - d0)
    return values[known[-1]]
