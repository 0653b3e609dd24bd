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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

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


class Pace(NamedTuple):
    """The bottom stage's `updates_per_second` and `staleness`, as in its `StagePrediction`."""

    updates_per_second: float
    staleness: float | None


def simulate(pipeline: Pipeline, updates: int = UPDATES) -> Prediction:
    """Simulate a staged network until the bottom stage has done `updates` after the warm-up.

    The warm-up ends with an update of the bottom stage, when every stage has done `WARM_UP` and, in
    an unlocked schedule, all below the topmost have learned from a target or an error.
    Raises UsageError for values that do not fit.
    """
    run = _Run(pipeline, updates)
    return Prediction(
        updates_per_second=run.rate(0),
        seconds=run.seconds,
        stages=tuple(map(run.stage, range(len(pipeline.stages)))),
        spans=tuple(sorted(itertools.chain(*run.spans), key=lambda one: (one.start, one.stage))),
    )


def pace(pipeline: Pipeline, updates: int = UPDATES) -> Pace:
    """Return the bottom stage's part of what `simulate` says, in about half the time."""
    run = _Run(pipeline, updates, spans=False)
    return Pace(run.rate(0), run.ages(0)["staleness"])


class _Run:
    """A simulated run: its engine, and what each stage did after the warm-up.

    Attributes:
        seconds: that were simulated after the warm-up.
        spans: of each stage, in seconds from the end of the warm-up.
    """

    def __init__(self, pipeline: Pipeline, updates: int, *, spans: bool = True) -> None:
        check(pipeline, updates)
        programs = list(map(pipeline.program, places_of(pipeline)))
        together = together_of(pipeline)
        self._engine = engine = Engine(programs, channels_of(pipeline), together, spans=spans)
        self._ends: list[list[float]] = [[] for _ in programs]
        ends, ages, running = self._ends, engine.ages[: pipeline.late], engine.updates()
        self._run(running, lambda: all(len(one) >= WARM_UP for one in ends) and all(ages))
        engine.recording, self._start, before = True, engine.now, len(ends[0])
        self._old, self._unread = [len(ages) for ages in engine.ages], engine.dropped()
        self._run(running, lambda: len(ends[0]) - before >= updates)
        engine.close()
        self.seconds = engine.now - self._start
        self.spans = [_within(one, self._start, self.seconds) for one in engine.spans]
        self._dropped = engine.dropped()

    def _run(self, running: Iterator[int], done: Callable[[], bool]) -> None:
        """Run until the bottom stage has finished an update after which all is `done`."""
        for stage in running:
            self._ends[stage].append(self._engine.now)
            if stage == 0 and done():
                return

    def stage(self, number: int) -> StagePrediction:
        """Return what there is to say of a stage."""
        return StagePrediction(
            stage=number,
            updates_per_second=self.rate(number),
            **_shares(self.spans[number], self.seconds),
            dropped=self._dropped[number] - self._unread[number],
            **self.ages(number),
        )

    def rate(self, number: int) -> float:
        """Return the updates a second of a stage.

        A stage so slow that one update at most has ended since the warm-up is judged by its last
        two.
        """
        ends = self._ends[number]
        recent = ends[min(bisect.bisect_left(ends, self._start), len(ends) - 2) :]
        return (len(recent) - 1) / (recent[-1] - recent[0])

    def ages(self, number: int) -> dict[str, Any]:
        """Return the mean and the highest age of what a stage learned from."""
        ages = self._engine.ages[number][self._old[number] :]
        mean = sum(ages) / len(ages) if ages else None
        return {"staleness": mean, "staleness_max": max(ages, default=None)}


def _within(spans: list[Span], start: float, seconds: float) -> list[Span]:
    """Return the parts of spans in the `seconds` after `start`, counted from there."""
    parts: list[Span] = []
    for stage, kind, batch, begin, end in spans:
        first, last = max(0.0, begin - start), min(seconds, end - start)
        if last > first:
            parts.append(Span(stage, kind, batch, first, last))
    return parts


def _shares(spans: list[Span], seconds: float) -> dict[str, float]:
    """Return the shares of `seconds` in which a stage is busy, waiting and communicating."""
    kinds = {"busy": COMPUTING, "waiting": (WAITING,), "communicating": (COMMUNICATING,)}
    return {
        share: sum(end - start for _, kind, _, start, end in spans if kind in wanted) / seconds
        for share, wanted in kinds.items()
    }
