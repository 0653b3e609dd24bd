"""Simulation of a staged network: the updates a second of a schedule, from measured times.

    stages = [StageTimes(forward_seconds=1e-3, backward_seconds=2e-3, message_seconds=3e-4)] * 2
    simulate(Pipeline(stages=stages, schedule="locked", delay=10.0)).updates_per_second

What is modelled: each stage does one thing at a time, in the order of its schedule; times are those
given, without scatter; messages arrive while a stage computes, each after its `message_seconds` and
the delay, whatever else is on the way (bandwidth is not shared). M takes its time in every update,
though its topmost one learns only when a target has come.
"""

import bisect
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .engine import COMMUNICATING, COMPUTING, WAITING, Engine, Span
from .pipeline import Pipeline, channels_of, check, places_of, together_of

UPDATES = 200
"""Updates of the bottom stage that are simulated after the warm-up."""
WARM_UP = 20
"""Updates of every stage that are left out first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePrediction:
    """A stage in the steady state; the fields mean what they do in a record's `pipeline`.

    Attributes:
        stage: its number; 0 is the bottom one.
        updates_per_second: its own.
        busy: the share of its time in which it computes; the three shares sum to 1.
        waiting: the share in which it waits for a message, or for a sum of gradients.
        communicating: the share in which it handles messages.
        dropped: messages that it never read.
        staleness: the mean age, in its own updates, of what it learns from; None where nothing
            comes late.
        staleness_max: the highest age.
    """

    stage: int
    updates_per_second: float
    busy: float
    waiting: float
    communicating: float
    dropped: int
    staleness: float | None
    staleness_max: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a simulation says of the steady state.

    Attributes:
        updates_per_second: of the bottom stage.
        seconds: that were simulated after the warm-up.
        stages: bottom first.
        spans: what each stage did, by start; in seconds from the end of the warm-up.
    """

    updates_per_second: float
    seconds: float
    stages: tuple[StagePrediction, ...]
    spans: tuple[Span, ...]

    def timeline(self, seconds: float = 1.0, most: int = 400) -> list[dict[str, Any]]:
        """Return the spans of the first `seconds`, `most` at most, as a record's `timeline`."""
        shown = [span for span in self.spans if span.start < seconds][:most]
        return [{**span._asdict(), "end": min(span.end, seconds)} for span in shown]


def simulate(pipeline: Pipeline, updates: int = UPDATES) -> Prediction:
    """Simulate a staged network until the bottom stage has done `updates` after the warm-up.

    The warm-up ends with an update of the bottom stage, when every stage has done `WARM_UP` and, in
    an unlocked schedule, all below the topmost have learned from a target or an error.
    Raises UsageError for values that do not fit.
    """
    check(pipeline, updates)
    places = places_of(pipeline)
    numbers = range(len(places))
    programs = list(map(pipeline.program, places))
    engine = Engine(programs, channels_of(pipeline), together_of(pipeline))
    ends: list[list[float]] = [[] for _ in numbers]

    def run(done: Callable[[], bool]) -> None:
        """Run until the bottom stage has finished an update after which all is `done`."""
        for stage in running:
            ends[stage].append(engine.now)
            if stage == 0 and done():
                return

    running = engine.updates()
    run(lambda: all(len(one) >= WARM_UP for one in ends) and all(engine.ages[: pipeline.late]))
    engine.recording, start, before = True, engine.now, len(ends[0])
    old, unread = [len(ages) for ages in engine.ages], engine.dropped()
    run(lambda: len(ends[0]) - before >= updates)
    engine.close()
    seconds = engine.now - start
    spans = [_within(one, start, seconds) for one in engine.spans]
    lost = engine.dropped()
    return Prediction(
        updates_per_second=_rate(ends[0], start),
        seconds=seconds,
        stages=tuple(
            StagePrediction(
                stage=n,
                updates_per_second=_rate(ends[n], start),
                **_shares(spans[n], seconds),
                dropped=lost[n] - unread[n],
                **_ages(engine.ages[n][old[n] :]),
            )
            for n in numbers
        ),
        spans=tuple(sorted(itertools.chain(*spans), key=lambda span: (span.start, span.stage))),
    )


def _within(spans: list[Span], start: float, seconds: float) -> list[Span]:
    """Return the parts of spans in the `seconds` after `start`, counted from there."""
    parts = [
        one._replace(start=max(0.0, one.start - start), end=min(seconds, one.end - start))
        for one in spans
    ]
    return [one for one in parts if one.end > one.start]


def _rate(ends: list[float], start: float) -> float:
    """Return the updates a second of a stage from `start` on, by the ends of its updates.

    A stage so slow that one update at most has ended since is judged by its last two.
    """
    recent = ends[min(bisect.bisect_left(ends, start), len(ends) - 2) :]
    return (len(recent) - 1) / (recent[-1] - recent[0])


def _shares(spans: list[Span], seconds: float) -> dict[str, float]:
    """Return the shares of `seconds` in which a stage is busy, waiting and communicating."""
    kinds = {"busy": COMPUTING, "waiting": (WAITING,), "communicating": (COMMUNICATING,)}
    return {
        share: sum(span.end - span.start for span in spans if span.kind in wanted) / seconds
        for share, wanted in kinds.items()
    }


def _ages(ages: list[int]) -> dict[str, Any]:
    mean = sum(ages) / len(ages) if ages else None
    return {"staleness": mean, "staleness_max": max(ages, default=None)}
