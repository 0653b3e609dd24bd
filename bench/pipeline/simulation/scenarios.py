"""Scenarios past the machine: more stages, longer ways, and the delay at which one arm overtakes.

All of it is simulated from what two stages or more took on one machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ...errors import UsageError
from .prediction import pace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .pipeline import Pipeline, StageTimes

COUNTS = (4, 8, 16, 64)
"""Numbers of stages."""

DELAYS = {"rack": 0.1, "region": 1.0, "continent": 30.0, "intercontinental": 75.0}
"""One-way delays in milliseconds: half of round trips, in round numbers (grade O).

Of a rack 0.2 ms: less than the 0.5 ms within a data centre of J. Dean, "Designs, Lessons and Advice
from Building Large Distributed Systems" (LADIS 2009, "Numbers everyone should know"). Between the
zones of a region 2 ms: AWS's are 0.25 to 3.4 ms apart (K. Anderson, "Measuring AWS Region and AZ
Latency", xkyle.com). Across a continent 60 ms: 75 ms from New York to San Francisco ("Latency",
graphql.guide). Between continents 150 ms: California to the Netherlands and back (Dean, as above).
"""

UPDATES = 40
"""Simulated updates of a scenario: stages are alike, so that the steady state is soon there."""
MOST_DELAY = 1000.0
"""Milliseconds up to which a crossover is looked for."""
WITHIN = 1e-3
"""Milliseconds to which it is found."""


class Scenario(NamedTuple):
    """What is predicted of the bottom one of some stages at a named delay, in milliseconds.

    `staleness` is the mean age, in updates, of what it learns from; None where nothing comes late.
    """

    stages: int
    distance: str
    delay: float
    updates_per_second: float
    staleness: float | None


def scenarios(
    pipeline: Pipeline,
    counts: Sequence[int] = COUNTS,
    delays: Mapping[str, float] = DELAYS,
    updates: int = UPDATES,
) -> list[Scenario]:
    """Return what is predicted with more stages and other delays.

    The work of a stage is as measured: more stages are a deeper network (`deeper`), not the same
    one cut finer, since a network of a few layers can't be cut into 64 and a layer's time is known.

    Args:
        pipeline: measured times; its delay is replaced.
        counts: of stages.
        delays: of a message one way, in milliseconds, by name.
        updates: that are simulated.
    """
    found: list[Scenario] = []
    for count in counts:
        stages = deeper(pipeline.stages, count, pipeline.schedule)
        for name, delay in delays.items():
            one = pace(replace(pipeline, stages=stages, delay=delay), updates)
            found.append(Scenario(count, name, delay, *one))
    return found


def deeper(stages: Sequence[StageTimes], count: int, schedule: str) -> tuple[StageTimes, ...]:
    """Return `count` stages of a deeper network, from the times of one that was measured.

    The topmost stage, which has the classifier, stays so; those below it are repeated in turn. In
    `data_parallel` each process has the deeper network on a smaller share of the batch, so that
    only the optimiser has more to do; the 2 (S - 1) messages of an all-reduce stay as large.

    Raises UsageError for fewer than two measured stages, which say nothing of messages, and for a
    count below 1.
    """
    if len(stages) < 2:
        raise UsageError("stages has one stage: measure two at least, whose messages take time")
    if count < 1:
        raise UsageError(f"count is {count}: give at least 1 stage")
    if schedule != "data_parallel":
        below = stages[:-1]
        return (*(below[number % len(below)] for number in range(count - 1)), stages[-1])
    process = replace(
        stages[0],
        update_seconds=stages[0].update_seconds * count / len(stages),
        message_seconds=stages[0].message_seconds * (count - 1) / (len(stages) - 1),
    )
    return (process,) * count


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A staged network that is trained to an error.

    Attributes:
        pipeline: its times and schedule; the delay is replaced.
        updates: that it needs to reach the error; a function of the delay in milliseconds where
            that matters, infinite where it never does.
    """

    pipeline: Pipeline
    updates: float | Callable[[float], float]

    def seconds(self, delay: float) -> float:
        """Return the seconds to the error at a delay in milliseconds."""
        updates = self.updates(delay) if callable(self.updates) else self.updates
        return updates / pace(replace(self.pipeline, delay=delay)).updates_per_second


def crossover(
    first: Arm, second: Arm, most: float = MOST_DELAY, within: float = WITHIN
) -> float | None:
    """Return the delay in milliseconds from which on `second` reaches the error before `first`.

    0.0 where it does without delay, None where it doesn't at the delay `most` either. Between the
    two it is taken to overtake once: the delay is found by bisection.
    """

    def overtaken(delay: float) -> bool:
        return second.seconds(delay) < first.seconds(delay)

    if overtaken(0.0):
        return 0.0
    if not overtaken(most):
        return None
    low, high = 0.0, most
    while high - low > within:
        middle = (low + high) / 2
        low, high = (low, middle) if overtaken(middle) else (middle, high)
    return (low + high) / 2
