"""What a stage does when: spans of computing, waiting and communicating, on one clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ..outcome import MOST_SPANS, SPAN_KINDS, WINDOW_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType

*_computing, WAITING, COMMUNICATING = SPAN_KINDS
COMPUTING = FORWARD, BACKWARD, MODEL, UPDATE = tuple(_computing)
"""Kinds of spans in which a stage computes; `model`: all work of M, heads and synthetic inputs."""


class Interval(NamedTuple):
    """A span of one stage: `start` and `end` in seconds of the machine's monotonic clock."""

    kind: str
    batch: int
    start: float
    end: float


class Trace:
    """The spans of one stage, in order; none lies within another.

    Args:
        slowdown: the factor by which computing takes longer than it does: the stage spins
            for the rest, which counts as computing.
    """

    def __init__(self, slowdown: float = 1.0) -> None:
        self.slowdown = slowdown
        self.spans: list[Interval] = []

    def span(self, kind: str, batch: int) -> _Open:
        """Return a context manager that adds a span of what runs inside."""
        return _Open(self, kind, batch)

    def seconds(self, kinds: Iterable[str]) -> float:
        """Return how long spans of some kinds took in all."""
        wanted = frozenset(kinds)
        return sum(span.end - span.start for span in self.spans if span.kind in wanted)


class _Open:
    """A span that has begun."""

    __slots__ = ("batch", "kind", "start", "trace")

    def __init__(self, trace: Trace, kind: str, batch: int) -> None:
        self.trace, self.kind, self.batch = trace, kind, batch
        self.start = 0.0

    def __enter__(self) -> None:
        self.start = time.perf_counter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end = time.perf_counter()
        if self.trace.slowdown > 1 and self.kind in COMPUTING:
            until = self.start + (end - self.start) * self.trace.slowdown
            while end < until:  # a sleep would be too coarse
                end = time.perf_counter()
        self.trace.spans.append(Interval(self.kind, self.batch, self.start, end))


def shares(trace: Trace, seconds: float) -> dict[str, float]:
    """Return the shares of `seconds` that a stage was busy, waiting and communicating; sum 1."""
    waiting = min(1.0, trace.seconds([WAITING]) / seconds)
    communicating = min(1.0 - waiting, trace.seconds([COMMUNICATING]) / seconds)
    busy = 1.0 - waiting - communicating
    return {"busy": busy, "waiting": waiting, "communicating": communicating}


def window(stages: Sequence[Sequence[Interval]], start: float) -> list[dict[str, Any]]:
    """Return the spans of a second from `start` on, of all stages.

    A span is a dictionary: stage, kind, batch, and start and end in seconds from the window's
    start. Fewer than a second where that would be more than `MOST_SPANS` spans, or where the
    rest of the run is shorter.
    """
    if not any(stages):
        return []
    last = max(spans[-1].end for spans in stages if spans)
    end = min(last, start + WINDOW_SECONDS)
    found = [
        (span.start, stage, span)
        for stage, spans in enumerate(stages)
        for span in spans
        if span.end > start and span.start < end
    ]
    found.sort(key=lambda item: item[0])
    return [
        {
            "stage": stage,
            "kind": span.kind,
            "batch": span.batch,
            "start": max(0.0, span.start - start),
            "end": min(end, span.end) - start,
        }
        for _, stage, span in found[:MOST_SPANS]
    ]


def chrome_events(name: str, number: int, stages: Sequence[Sequence[Interval]]) -> list[Any]:
    """Return the spans as events of the Chrome trace format, which Perfetto opens.

    Args:
        name: of the run, shown as a process.
        number: of the run, its process id.
        stages: the spans of each stage, shown as threads.
    """
    events: list[Any] = [
        {"ph": "M", "pid": number, "tid": 0, "name": "process_name", "args": {"name": name}}
    ]
    for stage, spans in enumerate(stages):
        label = {"name": f"stage {stage}"}
        events.append(
            {"ph": "M", "pid": number, "tid": stage, "name": "thread_name", "args": label}
        )
        events += [
            {
                "ph": "X",
                "pid": number,
                "tid": stage,
                "name": span.kind,
                "cat": "computing" if span.kind in COMPUTING else span.kind,
                "ts": span.start * 1e6,
                "dur": (span.end - span.start) * 1e6,
                "args": {"batch": span.batch},
            }
            for span in spans
        ]
    return events
