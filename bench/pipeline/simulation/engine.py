"""Discrete-event engine: programs of stages that compute, send and receive, on one clock.

A program is a generator of operations. A stage does one at a time, and each is given back what it
received: the number of a batch, or None.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

FORWARD, BACKWARD, MODEL, UPDATE = "forward", "backward", "model", "update"
COMPUTING = (FORWARD, BACKWARD, MODEL, UPDATE)
"""Kinds of spans in which a stage computes; `model`: all work of M, heads and synthetic inputs."""
WAITING, COMMUNICATING = "waiting", "communicating"


class Compute(NamedTuple):
    """Work on a batch; `age` is that of what is learned from, in the stage's own updates."""

    kind: str
    batch: int
    seconds: float
    age: int | None = None


class Send(NamedTuple):
    """A message to a stage: it is handed over, and the sender goes on."""

    to: int
    batch: int


class Receive(NamedTuple):
    """The oldest unread message from a stage, waited for; `batch` is the one expected."""

    source: int
    batch: int


class Poll(NamedTuple):
    """The oldest unread message from a stage; None, at once, where there is none."""

    source: int


class Wait(NamedTuple):
    """Nothing, until there is an unread message from any of some stages."""

    sources: tuple[int, ...]
    batch: int


class AllReduce(NamedTuple):
    """A sum over all stages, waited for: some seconds from when the last of them has come."""

    batch: int
    seconds: float


Operation = Compute | Send | Receive | Poll | Wait | AllReduce
Program = Generator[Operation, int | None, None]


class Span(NamedTuple):
    """What a stage did from `start` to `end`, in seconds."""

    stage: int
    kind: str
    batch: int
    start: float
    end: float


@dataclass(slots=True, kw_only=True)
class Channel:
    """The way of messages from one stage to another.

    Attributes:
        transfer: seconds of a message on its way, the delay and the handling at its ends excluded.
        delay: seconds added to every message.
        sending: seconds that a message keeps the sender busy.
        reading: seconds that it keeps the receiver busy.
        limit: the number of unread messages that the inbox holds; a newer one then replaces the
            oldest. None for no limit.
    """

    transfer: float
    delay: float = 0.0
    sending: float = 0.0
    reading: float = 0.0
    limit: int | None = None
    unread: deque[int] = field(default_factory=deque[int])
    dropped: int = 0


@dataclass(slots=True)
class _Work:
    """A stage's computing that has begun.

    Attributes:
        work: what it computes.
        start: when it began.
        left: seconds of it that were left, at `since`, if no other stage computed.
        since: when the number of stages that compute last changed.
        slower: the factor by which it takes longer since.
        plan: how many times its end was planned.
    """

    work: Compute
    start: float
    left: float
    since: float
    slower: float = 1.0
    plan: int = 0


class Engine:
    """Stages that run their programs.

    Args:
        programs: of the stages.
        channels: by sender and receiver.
        together: the factor, 1 or above, by which computing takes longer while all stages
            compute; with fewer it is in proportion.
        spans: whether spans are kept at all.

    Attributes:
        now: seconds since the start.
        channels: by sender and receiver.
        recording: whether all spans are kept, not only the latest of each stage.
        spans: of each stage, in order; none overlaps another.
        ages: of what each stage has learned from so far.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        channels: Mapping[tuple[int, int], Channel],
        together: float = 1.0,
        *,
        spans: bool = True,
    ) -> None:
        self.now = 0.0
        self.channels = channels
        self.recording = False
        self.spans: list[list[Span]] = [[] for _ in programs]
        self.ages: list[list[int]] = [[] for _ in programs]
        self._programs, self._together, self._kept = programs, together, spans
        self._computing: dict[int, _Work] = {}
        self._events: list[tuple[float, int, int, Callable[[], int | None]]] = []
        self._order = itertools.count()
        self._blocked: dict[int, tuple[float, Receive | Wait | AllReduce]] = {}

    def updates(self) -> Iterator[int]:
        """Run, and yield the number of a stage each time that it has done an update, at `now`."""
        for stage in range(len(self._programs)):
            self._go_on(stage, None)
        while self._events:
            self.now, _, _, action = heapq.heappop(self._events)
            updated = action()
            if updated is not None:
                yield updated

    def close(self) -> None:
        """Add the spans of what stages are about still, up to `now`."""
        for stage, one in self._computing.items():
            self._add(stage, one.work.kind, one.work.batch, one.start, self.now)
        for stage, (since, operation) in self._blocked.items():
            self._add(stage, WAITING, operation.batch, since, self.now)

    def dropped(self) -> list[int]:
        """Return the number of messages that each stage has never read, so far."""
        return [
            sum(channel.dropped for (_, to), channel in self.channels.items() if to == stage)
            for stage in range(len(self._programs))
        ]

    def _at(self, time: float, action: Callable[[], int | None], late: bool = True) -> None:
        """Plan an action; of those of one moment the late ones come last."""
        heapq.heappush(self._events, (time, int(late), next(self._order), action))

    def _add(self, stage: int, kind: str, batch: int, start: float, end: float) -> None:
        if not self._kept:
            return
        spans = self.spans[stage]
        if not self.recording:
            spans.clear()
        if end > start:
            spans.append(Span(stage, kind, batch, start, end))

    def _go_on(self, stage: int, received: int | None) -> None:
        """Let a stage do operations until one takes time."""
        send = self._programs[stage].send
        while True:
            operation = send(received)
            received = None
            if isinstance(operation, Compute):
                work = _Work(operation, self.now, operation.seconds, self.now)
                self._computing[stage] = work
                if self._together > 1:
                    self._plan_computing()
                else:
                    self._at(self.now + operation.seconds, partial(self._computed, stage, work, 0))
                return
            if isinstance(operation, Send):
                channel = self.channels[stage, operation.to]
                end = self.now + channel.sending
                self._add(stage, COMMUNICATING, operation.batch, self.now, end)
                arrival = end + channel.transfer + channel.delay
                self._at(arrival, partial(self._arrived, stage, operation), late=False)
                if channel.sending:
                    self._at(end, partial(self._go_on, stage, None))
                    return
            elif isinstance(operation, AllReduce):
                self._join(stage, operation)
                return
            elif isinstance(operation, Wait):
                if not any(self.channels[one, stage].unread for one in operation.sources):
                    self._blocked[stage] = self.now, operation
                    return
            elif self.channels[operation.source, stage].unread:
                self._read(stage, operation.source)
                return
            elif isinstance(operation, Receive):
                self._blocked[stage] = self.now, operation
                return

    def _plan_computing(self) -> None:
        """Plan anew when stages will have computed, which slow one another down."""
        others = len(self._computing) - 1
        slower = 1 + (self._together - 1) * others / max(1, len(self._programs) - 1)
        for stage, one in self._computing.items():
            one.left -= (self.now - one.since) / one.slower
            one.since, one.slower, one.plan = self.now, slower, one.plan + 1
            end = self.now + max(0.0, one.left) * slower
            self._at(end, partial(self._computed, stage, one, one.plan))

    def _computed(self, stage: int, one: "_Work", plan: int) -> int | None:
        if plan != one.plan:  # it was planned anew
            return None
        work = one.work
        del self._computing[stage]
        if self._together > 1:
            self._plan_computing()
        self._add(stage, work.kind, work.batch, one.start, self.now)
        if work.age is not None:
            self.ages[stage].append(work.age)
        self._go_on(stage, None)
        return stage if work.kind == UPDATE else None

    def _arrived(self, source: int, message: Send) -> None:
        channel = self.channels[source, message.to]
        if channel.limit is not None and len(channel.unread) >= channel.limit:
            channel.unread.popleft()
            channel.dropped += 1
        channel.unread.append(message.batch)
        since, awaited = self._blocked.get(message.to, (0.0, None))
        if isinstance(awaited, Receive) and awaited.source == source:
            self._read(message.to, source)
        elif isinstance(awaited, Wait) and source in awaited.sources:
            del self._blocked[message.to]
            self._add(message.to, WAITING, awaited.batch, since, self.now)
            self._go_on(message.to, None)

    def _read(self, stage: int, source: int) -> None:
        """Read the oldest unread message, for which the stage may have waited."""
        channel = self.channels[source, stage]
        batch = channel.unread.popleft()
        since, _ = self._blocked.pop(stage, (self.now, None))
        end = self.now + channel.reading
        self._add(stage, WAITING, batch, since, self.now)
        self._add(stage, COMMUNICATING, batch, self.now, end)
        self._at(end, partial(self._go_on, stage, batch))

    def _join(self, stage: int, operation: AllReduce) -> None:
        """Wait for the other stages; the last one starts the sum."""
        self._blocked[stage] = self.now, operation
        if len(self._blocked) < len(self._programs):
            return
        end = self.now + operation.seconds
        for member, (since, waited) in self._blocked.items():
            self._add(member, WAITING, waited.batch, since, end)
            self._at(end, partial(self._go_on, member, None))
        self._blocked.clear()
