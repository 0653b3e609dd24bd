"""Unlocked stages without M: they learn from the loss of heads of their own, or from the top error.

With heads nothing comes down, and a stage waits for its input alone. The error at the logits comes
down late, and reaches every layer through a fixed matrix of its own: a stage goes on meanwhile, and
keeps what it needs of each batch until its error is there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ...families.feedforward.stages import HELD
from ..messages.links import LAST, Message
from ..stage import StageError
from ..trace import BACKWARD, FORWARD, MODEL, UPDATE, WAITING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from ...interfaces import Pullback
    from ..messages.wires import AnyLink
    from ..stage import Stage

LOOK_SECONDS = 1e-4
"""How often a stage looks that waits for either of two neighbours."""


def arriving(stage: Stage) -> Iterator[tuple[int, Tensor]]:
    """Yield what the lowest layer of an unlocked stage takes, each with the number of its batch.

    At the bottom all batches, above them the oldest unread output of the stage below, waited for
    until that stage has ended.
    """
    k = -1
    while True:
        if stage.below is None:
            k += 1
            if k >= stage.cell.iterations:
                return
            with stage.trace.span(FORWARD, k):
                x = stage.order.inputs(k)
        else:
            message = stage.take(stage.below, k + 1)
            if message is None:
                return
            k, x = message
        yield k, x


def by_heads(stage: Stage) -> None:
    """Train layers by heads of their own: h goes up as soon as it is there, nothing comes down."""
    part = stage.part
    topmost = len(part.hidden) - 1
    for k, x in arriving(stage):
        h = x
        one_hot = stage.order.one_hot(k)
        for number, (layer, head) in enumerate(zip(part.hidden, part.heads, strict=True)):
            with stage.trace.span(FORWARD, k):
                h, pullback = layer(h)
            if number == topmost and not part.top:
                stage.send(stage.above, k, h)
            with stage.trace.span(MODEL, k):
                logits, pull_head = head(h)
                delta = pull_head(part.loss_gradient(logits, one_hot))
            with stage.trace.span(BACKWARD, k):
                pullback(delta, need_input=False)
        if part.top:
            with stage.trace.span(FORWARD, k):
                logits, pullback = part.classify(h)
            stage.note_loss(logits, one_hot, k)
            with stage.trace.span(BACKWARD, k):
                pullback(part.loss_gradient(logits, one_hot), need_input=False)
        _update(stage, k)


def by_errors(stage: Stage) -> None:
    """Train layers by the error at the logits, which the top stage has and all others wait for.

    They do an update for each error that has come, and none without; they run forward meanwhile, on
    at most `HELD` batches. A stage ends when it has the error of the last batch that it sent up.
    """
    if not stage.top:
        _AwaitedErrors(stage).train()
        return
    part = stage.part
    for k, x in arriving(stage):
        logits, pullbacks = _forward(stage, x, k)
        one_hot = stage.order.one_hot(k)
        stage.note_loss(logits, one_hot, k)
        with stage.trace.span(BACKWARD, k):
            error = part.loss_gradient(logits, one_hot)
        stage.send(stage.below, k, error)
        with stage.trace.span(BACKWARD, k):
            part.learn_from_error(pullbacks, error)
        _update(stage, k)


class _AwaitedErrors:
    """The batches whose errors a stage waits for, by number: pullbacks, and its updates by then."""

    def __init__(self, stage: Stage) -> None:
        assert stage.above is not None
        self.stage, self.above = stage, stage.above
        self.held: dict[int, tuple[list[Pullback], int]] = {}
        self.last = -1

    def train(self) -> None:
        """Run forward on what comes from below, and learn from what comes from above."""
        stage = self.stage
        while (message := self._input()) is not None:
            self.last, x = message
            h, pullbacks = _forward(stage, x, self.last)
            stage.send(stage.above, self.last, h)
            self.held[self.last] = pullbacks, stage.part.iteration
            while (error := stage.poll(self.above, self.last)) is not None:
                self._learn(error)
        while self.last in self.held:
            self._learn_waiting()

    def _input(self) -> Message | None:
        """Return the next batch's input; None after the last.

        What a stage waits for may itself wait for an error that this one has to hand down: so it
        learns from those that come meanwhile.
        """
        stage, below = self.stage, self.stage.below
        while True:
            while len(self.held) >= HELD:
                self._learn_waiting()
            if below is None:
                return self._own_input()
            if not self.held:
                return stage.take(below, self.last + 1)
            error, message = self._either(below)
            if error is None:
                return message
            self._learn(error)

    def _own_input(self) -> Message | None:
        stage, k = self.stage, self.last + 1
        if k >= stage.cell.iterations:
            return None
        with stage.trace.span(FORWARD, k):
            return Message(k, stage.order.inputs(k))

    def _either(self, below: AnyLink) -> tuple[Message | None, Message | None]:
        """Return the next error, or else the next input: None and None where that has ended."""
        stage, at = self.stage, self.last + 1
        until = time.perf_counter() + stage.limit
        with stage.trace.span(WAITING, at):
            while True:
                error = stage.poll(self.above, at)
                if error is not None:
                    return error, None
                ended = below.inbox.closed  # before looking: what came last is read
                message = stage.poll(below, at)
                if message is not None or ended:
                    return None, message
                if time.perf_counter() > until:
                    raise StageError(
                        f"stage {stage.rank} waited {stage.limit:.0f} s for stages {below.peer} and"
                        f" {self.above.peer} at update {at}"
                    )
                time.sleep(LOOK_SECONDS)

    def _learn_waiting(self) -> None:
        """Learn from the next error, and wait for it."""
        message = self.stage.take(self.above, self.last)
        if message is None:
            raise StageError(
                f"stage {self.stage.rank} expected the error of batch {self.last}, not {LAST}"
            )
        self._learn(message)

    def _learn(self, message: Message) -> None:
        """Do an update by an error, and hand it down first."""
        stage, (k, error) = self.stage, message
        stage.send(stage.below, k, error)
        for old in [old for old in self.held if old < k]:
            del self.held[old]  # their errors, or what they are of, were never read
        pullbacks, then = self.held.pop(k)
        stage.staleness.append(stage.part.iteration - then)
        with stage.trace.span(BACKWARD, k):
            stage.part.learn_from_error(pullbacks, error)
        _update(stage, k)


def _forward(stage: Stage, x: Tensor, k: int) -> tuple[Tensor, list[Pullback]]:
    with stage.trace.span(FORWARD, k):
        return stage.part.forward(x)


def _update(stage: Stage, k: int) -> None:
    """Update the weights at the learning rate of batch k: batches may have been left out."""
    with stage.trace.span(UPDATE, k):
        stage.part.update(at=k)
    stage.updated(k)
