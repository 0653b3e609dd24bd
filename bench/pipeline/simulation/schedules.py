"""Schedules as programs: what a stage does, in which order, and what it waits for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...families.feedforward.stages import ERRORS, HEADS, HELD, MODELS
from . import engine
from .engine import AllReduce, Compute, Operation, Poll, Program, Receive, Send, Wait

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A stage's place among the others and its times, in seconds.

    Attributes:
        number: of the stage; 0 is the bottom one.
        stages: how many there are.
        parts: micro-batches of a batch.
        layers: of the stage, alike in their work.
        forward_seconds: of a batch, as the two below.
        backward_seconds: its weights' gradients and that of its input.
        model_seconds: all work of M, heads and synthetic inputs, whether a target has come or not.
        target_seconds: of M, where its target has come.
        update_seconds: of the optimiser.
        part_forward_seconds: of a micro-batch.
        part_backward_seconds: likewise.
        all_reduce_seconds: of the sum of all processes' gradients.
    """

    number: int
    stages: int
    parts: int
    layers: int
    forward_seconds: float
    backward_seconds: float
    model_seconds: float
    target_seconds: float
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

    def backward(self, batch: int) -> Compute:
        """The backward pass of a batch."""
        return Compute(engine.BACKWARD, batch, self.backward_seconds)

    def forward_part(self, batch: int) -> Compute:
        """The forward pass of a micro-batch."""
        return Compute(engine.FORWARD, batch, self.part_forward_seconds)

    def backward_part(self, batch: int) -> Compute:
        """The backward pass of a micro-batch."""
        return Compute(engine.BACKWARD, batch, self.part_backward_seconds)

    def layer(self, batch: int) -> Iterator[Operation]:
        """One layer of an unlocked stage: it goes back as soon as its M has been asked."""
        yield Compute(engine.FORWARD, batch, self.forward_seconds / self.layers)
        yield Compute(engine.MODEL, batch, self.model_seconds / self.layers)
        yield Compute(engine.BACKWARD, batch, self.backward_seconds / self.layers)

    def update(self, batch: int, age: int | None = None) -> Compute:
        """The optimiser's work, by a gradient or target that is `age` updates old."""
        return Compute(engine.UPDATE, batch, self.update_seconds, age)

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

    def poll_h(self, batch: int) -> Generator[Operation, int | None, int | None]:
        """The batch of an h of the stage below; None where none has come; at the bottom `batch`."""
        if not self.number:
            return batch
        return (yield Poll(self.number - 1))

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
        yield at.forward(batch)
        yield at.backward(batch)
        if at.stages > 1:
            yield AllReduce(batch, at.all_reduce_seconds)
        yield at.update(batch)


def stale(at: Place) -> Program:
    """Delayed gradients: a stage learns as many batches late as there are stages above it."""
    late = at.above
    for batch in itertools.count():
        yield from at.receive_h(batch)
        yield at.forward(batch)
        yield from at.send_up(batch)
        if batch >= late:
            yield from at.receive_gradient(batch - late)
            yield at.backward(batch - late)
            yield from at.send_down(batch - late)
            yield at.update(batch - late, late or None)


def unlocked(at: Place) -> Program:
    """Synthetic gradients: h goes up and the next batch begins; M learns when its target comes."""
    held: dict[int, int] = {}
    for update in itertools.count():
        batch = yield from at.receive_h(update)
        yield from _decoupled(at, update, batch, held)


def unlocked_by_heads(at: Place) -> Program:
    """Heads of a stage's own layers: h goes up as soon as it is there, and nothing comes down."""
    for update in itertools.count():
        batch = yield from at.receive_h(update)
        for number in range(at.layers):
            forward, model, backward = at.layer(batch)
            yield forward
            if number == at.layers - 1:
                yield from at.send_up(batch)
            yield model
            yield backward
        yield at.update(batch)


def unlocked_by_errors(at: Place) -> Program:
    """Errors of the top that come late: an update for each, and forward passes meanwhile."""
    if not at.above:
        for update in itertools.count():
            batch = yield from at.receive_h(update)
            yield at.forward(batch)
            yield from at.send_down(batch)
            yield at.backward(batch)
            yield at.update(batch)
    held: dict[int, int] = {}
    updates = 0

    def learn(error: int) -> Program:
        nonlocal updates
        yield from at.send_down(error)
        yield at.backward(error)
        for old in [old for old in held if old < error]:
            del held[old]
        yield at.update(error, updates - held.pop(error))
        updates += 1

    for expected in itertools.count():
        batch = None if at.number else expected
        while batch is None or len(held) >= HELD:
            if len(held) >= HELD:
                error = yield Receive(at.number + 1, expected)
            else:
                yield Wait((at.number + 1, at.number - 1), expected)
                error = yield from at.poll_target()
            if error is None:
                batch = yield from at.poll_h(expected)
            else:
                yield from learn(error)
        yield at.forward(batch)
        yield from at.send_up(batch)
        held[batch] = updates
        while (error := (yield from at.poll_target())) is not None:
            yield from learn(error)


def completely_unlocked(at: Place) -> Program:
    """Synthetic inputs as well: where no h has come, a stage runs on I(x), for itself alone."""
    held: dict[int, int] = {}
    for update in itertools.count():
        batch = yield from at.poll_h(update)
        yield from _decoupled(at, update, batch, held)


def _decoupled(at: Place, update: int, batch: int | None, held: dict[int, int]) -> Program:
    """One update by synthetic gradients; nothing is sent where no `batch` came from below.

    The first layer's gradient goes down as soon as it is there. `held` has the update in which each
    batch was sent up, until its target comes: an age is counted in this stage's own updates.
    """
    shown = update if batch is None else batch
    for number in range(at.layers):
        yield from at.layer(shown)
        if batch is not None and number == 0:
            yield from at.send_down(batch)
    if batch is not None:
        held[batch] = update
        yield from at.send_up(batch)
    target = yield from at.poll_target()
    if target is not None:
        yield Compute(engine.MODEL, shown, at.target_seconds)
    yield at.update(shown, None if target is None else update - held.pop(target))


SCHEDULES: dict[str, Callable[[Place], Program]] = {
    "locked": locked,
    "gpipe": gpipe,
    "1f1b": one_forward_one_backward,
    "data_parallel": data_parallel,
    "stale": stale,
    "unlocked": unlocked,
    "completely_unlocked": completely_unlocked,
}
UNLOCKED = ("unlocked", "completely_unlocked")
UNLOCKED_BY: dict[str, Callable[[Place], Program]] = {  # `unlocked`, by what a stage learns from
    MODELS: unlocked,
    HEADS: unlocked_by_heads,
    ERRORS: unlocked_by_errors,
}
