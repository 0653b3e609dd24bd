"""Rehearsals: a stage trains by its own schedule while stand-ins answer for its neighbours.

So all that an update takes on a stage's own core is measured before the run, by the code of the
run: the batch, the layers, M, the optimiser, and what torch's schedules and autograd add. A
stand-in has its message ready when it is due, so that nothing of other stages is in the times.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist

from .messages.links import UP, LinkSpec, Message
from .stage import Stage
from .trace import BACKWARD, COMMUNICATING, COMPUTING, FORWARD, MODEL, UPDATE, WAITING

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

FIRST = 2
"""Updates of a rehearsal that are not measured: the first ones allocate."""
FEWEST, MOST = 5, 300
"""Updates of a rehearsal that are."""
SECONDS = 0.3
"""How long a rehearsal takes, about."""
LONGEST = 0.05
"""Seconds that a stand-in's answer takes at most: a core that has waited so long is about as slow
as after any longer wait, beside which it hardly matters."""
GRADIENT = 1e-3
"""The size of a stand-in's gradients: an optimiser's work does not depend on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """Seconds of one update of a stage: means over a rehearsal.

    Attributes:
        forward: running forward, the bottom stage's images included.
        backward: running backward.
        model: all that its Ms, its heads and its model I do, learning too.
        update: the optimiser.
        overhead: the rest: its batch's labels, and the Python between these.
        reduce: an average of gradients without its delay, from when all have come.
    """

    forward: float
    backward: float
    model: float
    update: float
    overhead: float
    reduce: float = 0.0

    @property
    def seconds(self) -> float:
        """An update, without averages of gradients."""
        return self.forward + self.backward + self.model + self.update + self.overhead


class Rehearsal(Stage):
    """A stage that trains for itself, while all others do or in its turn.

    The first updates are done by all at the same time: torch's schedules and
    DistributedDataParallel agree on what they do in them.

    Args:
        arguments: `Stage`'s.
        turns: whether one stage works at a time.
        options: `Stage`'s; its wires are `StandIns`.
    """

    def __init__(self, *arguments: Any, turns: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._turns, self._since = turns, 0.0
        self._averages: list[float] = []

    def begin(self) -> None:
        """Start the clock without the other stages."""
        self.began = time.perf_counter()

    def updated(self, batch: int) -> None:
        """Wait, after the first updates, for the others or for its turn."""
        super().updated(batch)
        if self.part.iteration == FIRST:
            for _ in range(self.rank if self._turns else 1):
                dist.barrier()
            self._since = time.perf_counter()

    def finish(self) -> None:
        """Let the others have their turns."""
        for _ in range(self.size - self.rank if self._turns else 0):
            dist.barrier()

    def average(self, tensor: Tensor) -> None:
        """Sum gradients over the processes, timed from when all have come."""
        dist.barrier()
        start = time.perf_counter()
        super().average(tensor)
        self._averages.append(time.perf_counter() - start - self.delay_of_average)

    @property
    def measured_seconds(self) -> float:
        """How long the updates took that are measured."""
        return self.ended - self._since

    def result(self) -> Rehearsed:
        """Return what its updates took, the first ones left out."""
        seconds, count = self.measured_seconds, self.part.iteration - FIRST
        each: dict[str, float] = dict.fromkeys((*COMPUTING, WAITING, COMMUNICATING), 0.0)
        for span in self.trace.spans:
            if span.start >= self._since:
                each[span.kind] += span.end - span.start
        rest = seconds - sum(each.values()) + each[COMMUNICATING]  # the division of a sum
        averages = self._averages[FIRST:]
        return Rehearsed(
            forward=each[FORWARD] / count,
            backward=each[BACKWARD] / count,
            model=each[MODEL] / count,
            update=each[UPDATE] / count,
            overhead=max(0.0, rest) / count,
            reduce=statistics.fmean(averages) if averages else 0.0,
        )


class StandIns:
    """Links to neighbours that answer at once, or after a wait.

    Args:
        messages: that each sends at most.
        wait: seconds from when a message went out until the answer is there.
        targets: whether the stage above answers at all.
    """

    transport = "none"

    def __init__(self, messages: int, *, wait: float = 0.0, targets: bool = True) -> None:
        self.messages, self.wait, self.targets = messages, wait, targets

    def link(self, spec: LinkSpec) -> StandIn:
        """Return a link to a neighbour."""
        return StandIn(spec, self)


class StandIn:
    """A neighbour's stand-in: its link and, being its own inbox, its answers.

    The one above answers each message, the one below sends batch after batch.
    """

    limit: int | None = None
    dropped = sent = 0

    def __init__(self, spec: LinkSpec, wires: StandIns) -> None:
        self.peer, self.delay, self.inbox, self._wires = spec.peer, spec.delay, self, wires
        self._above, self.closed, self._next, self._due = spec.tag == UP, False, 0, 0.0
        self._asked: deque[tuple[int, float]] = deque()
        size = GRADIENT if self._above else 1.0
        self._tensor = torch.rand(spec.shape_back, dtype=spec.dtype) * size

    def send(self, batch: int, tensor: Tensor) -> None:
        """Take note of a message."""
        del tensor
        self._due = time.perf_counter() + self._wires.wait
        if self._wires.targets:
            self._asked.append((batch, self._due))

    def poll(self) -> Message | None:
        """Return the oldest answer that is due."""
        if not self._above:
            if self.closed:
                return None
            self._next += 1
            self.closed = self._next >= self._wires.messages
            return Message(self._next - 1, self._tensor.detach())
        if not self._asked or self._asked[0][1] > time.perf_counter():
            return None
        return Message(self._asked.popleft()[0], self._tensor.detach())

    def take(self, seconds: float) -> Message | None:
        """Return the oldest answer, and wait until it is due."""
        del seconds
        due = self._asked[0][1] if self._above else self._due
        left = due - time.perf_counter()
        if left > 0:
            time.sleep(left)
        message = self.poll()
        return None if message is None else Message(message.batch, message.tensor.clone())

    def end(self, seconds: float) -> None:
        """Do nothing."""
        del seconds


def rehearse(
    make: Callable[[int], Rehearsal],
    train: Callable[[Stage], None],
    gather: Callable[[float], list[float]],
    *,
    alike: bool = False,
) -> Rehearsed:
    """Return what an update takes in a rehearsal of about `SECONDS`, which all stages do.

    Args:
        make: returns the stage, for a number of updates.
        train: the schedule.
        gather: returns every stage's value.
        alike: whether all do as many updates.
    """
    first = _trained(make(FIRST + FEWEST), train)
    every = gather(first.measured_seconds)
    if min(every) >= SECONDS:  # long enough for all of them
        return first.result()
    own = max(every) if alike else first.measured_seconds
    count = min(MOST, max(FEWEST, round(SECONDS * FEWEST / own)))
    return _trained(make(FIRST + count), train).result()


def _trained(stage: Rehearsal, train: Callable[[Stage], None]) -> Rehearsal:
    stage.begin()
    train(stage)
    stage.finish()
    return stage
