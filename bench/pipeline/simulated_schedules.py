"""Schedules as programs: what a stage does, in which order, and what it waits for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import simulated_engine as engine
from .simulated_engine import AllReduce, Compute, Operation, Poll, Program, Receive, Send

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A stage's place among the others and its times, in seconds.

    Attributes:
        number: of the stage; 0 is the bottom one.
        stages: how many there are.
        parts: micro-batches of a batch.
        forward_seconds: of a batch, as the two below.
        backward_seconds: its weights' gradients and that of its input.
        model_seconds: all work of M, and of synthetic inputs.
        update_seconds: of the optimiser.
        part_forward_seconds: of a micro-batch or of a process's share of a batch.
        part_backward_seconds: likewise.
        all_reduce_seconds: of the sum of all processes' gradients.
    """

    number: int
    stages: int
    parts: int
    forward_seconds: float
    backward_seconds: float
    model_seconds: float
    update_seconds: float
    part_forward_seconds: float
    part_backward_seconds: float
    all_reduce_seconds: float

    @property
    def above(self) -> int:
        """The number of stages above."""
        return self.stages - 1 - self.number

    def forward(self, batch: int) -> Compute:
        """The forward pass of a batch."""
        return Compute(engine.FORWARD, batch, self.forward_seconds)

    def backward(self, batch: int, age: int | None = None) -> Compute:
        """The backward pass of a batch, by a gradient that is `age` updates old."""
        return Compute(engine.BACKWARD, batch, self.backward_seconds, age)

    def forward_part(self, batch: int) -> Compute:
        """The forward pass of a micro-batch, or of a process's share."""
        return Compute(engine.FORWARD, batch, self.part_forward_seconds)

    def backward_part(self, batch: int) -> Compute:
        """The backward pass of a micro-batch, or of a process's share."""
        return Compute(engine.BACKWARD, batch, self.part_backward_seconds)

    def model(self, batch: int, age: int | None) -> Compute:
        """The work of M, whose topmost target is `age` updates old."""
        return Compute(engine.MODEL, batch, self.model_seconds, age)

    def update(self, batch: int) -> Compute:
        """The optimiser's work."""
        return Compute(engine.UPDATE, batch, self.update_seconds)

    def send_up(self, batch: int) -> Iterator[Operation]:
        """The output h to the stage above, where there is one."""
        if self.above:
            yield Send(self.number + 1, batch)

    def send_down(self, batch: int) -> Iterator[Operation]:
        """The gradient at its input to the stage below, where there is one."""
        if self.number:
            yield Send(self.number - 1, batch)

    def receive_h(self, batch: int) -> Generator[Operation, int | None, int]:
        """The next batch's number: of the h that is waited for, at the bottom `batch`."""
        if not self.number:
            return batch
        received = yield Receive(self.number - 1, batch)
        return batch if received is None else received

    def receive_gradient(self, batch: int) -> Iterator[Operation]:
        """The gradient from the stage above, waited for where there is one."""
        if self.above:
            yield Receive(self.number + 1, batch)

    def poll_h(self) -> Iterator[Operation]:
        """An h of the stage below if there is any, not waited for."""
        if self.number:
            yield Poll(self.number - 1)

    def poll_target(self) -> Generator[Operation, int | None, int | None]:
        """The batch of a target from the stage above; None where none has come."""
        if not self.above:
            return None
        return (yield Poll(self.number + 1))


def locked(at: Place) -> Program:
    """Backprop: h goes up, its gradient comes down, and only then the next batch begins."""
    for batch in itertools.count():
        yield from at.receive_h(batch)
        yield at.forward(batch)
        yield from at.send_up(batch)
        yield from at.receive_gradient(batch)
        yield at.backward(batch)
        yield from at.send_down(batch)
        yield at.update(batch)


def gpipe(at: Place) -> Program:
    """GPipe: the forward passes of all micro-batches, then their backward passes, then the update.

    As `torch.distributed.pipelining.ScheduleGPipe`.
    """
    for batch in itertools.count():
        yield from _forward_parts(at, batch, at.parts)
        yield from _backward_parts(at, batch, at.parts)
        yield at.update(batch)


def one_forward_one_backward(at: Place) -> Program:
    """1F1B: as many forward passes as stages are left; then a backward pass before each forward.

    As `torch.distributed.pipelining.Schedule1F1B`, which refuses fewer micro-batches than stages:
    here the stages that have more above them than there are micro-batches do as GPipe's.
    """
    ahead = min(at.parts, at.above + 1)
    for batch in itertools.count():
        yield from _forward_parts(at, batch, ahead)
        for _ in range(at.parts - ahead):
            yield from _backward_parts(at, batch, 1)
            yield from _forward_parts(at, batch, 1)
        yield from _backward_parts(at, batch, ahead)
        yield at.update(batch)


def _forward_parts(at: Place, batch: int, parts: int) -> Program:
    for _ in range(parts):
        yield from at.receive_h(batch)
        yield at.forward_part(batch)
        yield from at.send_up(batch)


def _backward_parts(at: Place, batch: int, parts: int) -> Program:
    for _ in range(parts):
        yield from at.receive_gradient(batch)
        yield at.backward_part(batch)
        yield from at.send_down(batch)


def data_parallel(at: Place) -> Program:
    """Data-parallel: whole networks, a share of the batch each, whose gradients are summed.

    The sum starts when all backward passes are done: buckets that overlap them are not modelled.
    """
    for batch in itertools.count():
        yield at.forward_part(batch)
        yield at.backward_part(batch)
        if at.stages > 1:
            yield AllReduce(batch, at.all_reduce_seconds)
        yield at.update(batch)


def stale(at: Place) -> Program:
    """Delayed gradients: a stage learns from an earlier batch's, one for each stage above it.

    So of two stages the lower one learns from the gradient of the batch before, the upper one at
    once; of more, a gradient has a batch's time for each step down (Huo et al., arXiv 1804.10574).
    One batch late at every depth would chain all stages but the topmost together.
    """
    late = at.above
    for batch in itertools.count():
        yield from at.receive_h(batch)
        yield at.forward(batch)
        yield from at.send_up(batch)
        if batch >= late:
            yield from at.receive_gradient(batch - late)
            yield at.backward(batch - late, late or None)
            yield from at.send_down(batch - late)
            yield at.update(batch - late)


def unlocked(at: Place) -> Program:
    """Synthetic gradients: h goes up and the next batch begins; M learns when its target comes."""
    updates: dict[int, int] = {}
    for update in itertools.count():
        batch = yield from at.receive_h(update)
        updates[batch] = update
        yield at.forward(batch)
        yield from at.send_up(batch)
        target = yield from at.poll_target()
        age = None if target is None else update - updates.pop(target)
        yield at.model(batch, age)
        yield at.backward(batch)
        yield from at.send_down(batch)
        yield at.update(batch)


def completely_unlocked(at: Place) -> Program:
    """Synthetic inputs as well: a stage runs on I(x), and I learns when h comes.

    A target from a stage that is ahead has a negative age: that stage did the batch earlier. Where
    rates differ, nothing bounds how far stages drift apart, so ages grow with the run's length.
    """
    for batch in itertools.count():
        yield from at.poll_h()
        yield at.forward(batch)
        yield from at.send_up(batch)
        target = yield from at.poll_target()
        yield at.model(batch, None if target is None else batch - target)
        yield at.backward(batch)
        yield from at.send_down(batch)
        yield at.update(batch)


SCHEDULES: dict[str, Callable[[Place], Program]] = {
    "locked": locked,
    "gpipe": gpipe,
    "1f1b": one_forward_one_backward,
    "data_parallel": data_parallel,
    "stale": stale,
    "unlocked": unlocked,
    "completely_unlocked": completely_unlocked,
}
MICRO_BATCHED = ("gpipe", "1f1b")
UNLOCKED = ("unlocked", "completely_unlocked")
