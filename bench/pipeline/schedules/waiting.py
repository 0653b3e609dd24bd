"""The schedules whose messages are ours: who waits for what, a function each.

A schedule trains one stage for the cell's iterations. Every stage sees the same batches; k is the
number of one. A stage sends the gradient down before it updates its own weights.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from ...families.feedforward.stages import ERRORS, HEADS
from ..trace import BACKWARD, FORWARD, MODEL, UPDATE
from . import without_models

if TYPE_CHECKING:
    from torch import Tensor

    from ...interfaces import Pullback
    from ..stage import Stage


def locked(stage: Stage) -> None:
    """Train by backprop: wait for the input from below and for the gradient from above."""
    for k in range(stage.cell.iterations):
        x = _input(stage, k)
        h, pullbacks = _forward(stage, x, k)
        if stage.top:
            delta = _loss_gradient(stage, h, k)
        else:
            assert stage.above is not None
            stage.send(stage.above, k, h)
            delta = stage.receive(stage.above, k)
        _backward(stage, pullbacks, delta, k)
        _update(stage, k)


def stale(stage: Stage) -> None:
    """Train by delayed gradients: a stage learns as many batches late as there are stages above it.

    So all stages work at the same time (Huo et al. 2018, arXiv 1804.10574, with one difference: the
    gradient meets the weights of today, none are kept). A stage runs forward on batch k, then waits
    for the gradient of batch k - late. The topmost one, which has the loss, learns at once.
    """
    late = stage.size - 1 - stage.rank
    held: deque[list[Pullback]] = deque()
    for k in range(stage.cell.iterations):
        x = _input(stage, k)
        h, pullbacks = _forward(stage, x, k)
        if stage.top:
            _backward(stage, pullbacks, _loss_gradient(stage, h, k), k)
            _update(stage, k)
            continue
        stage.send(stage.above, k, h)
        held.append(pullbacks)
        if k >= late:
            _learn_late(stage, held.popleft(), k - late)
            stage.staleness.append(late)
    while held:
        _learn_late(stage, held.popleft(), stage.cell.iterations - len(held) - 1)


def _learn_late(stage: Stage, pullbacks: list[Pullback], k: int) -> None:
    assert stage.above is not None
    _backward(stage, pullbacks, stage.receive(stage.above, k), k)
    _update(stage, k)


def unlocked(stage: Stage) -> None:
    """Train without the gradient from above: send h on and go to the next batch.

    With synthetic gradients the target of the topmost M of a stage comes from above, late. The
    bottom stage never waits; the others wait for the next h only, and read the oldest that they
    have. With `sg_at` there is no M but that one, and the layers of a stage learn by backprop.
    Rules without M: `without_models`.
    """
    if stage.part.learns_from == HEADS:
        without_models.by_heads(stage)
    elif stage.part.learns_from == ERRORS:
        without_models.by_errors(stage)
    else:
        waiting = Awaited(stage)
        for k, x in without_models.arriving(stage):
            waiting.learn_from(x, k)


def completely_unlocked(stage: Stage) -> None:
    """Train by synthetic gradients and synthetic inputs: wait for nothing.

    A stage that has no unread h runs on I(x) of a batch of its own; I learns from every h that
    comes. No target goes down for such a batch, for the stage below never saw it.
    """
    if stage.below is None:
        unlocked(stage)
        return
    waiting, own = Awaited(stage), stage.own
    k, number = -1, 0
    assert stage.part.input_model is not None
    while True:
        ended = stage.below.inbox.closed  # before looking: what came last is read
        message = stage.poll(stage.below, k)
        if message is None:
            if ended:
                return
            with stage.trace.span(MODEL, -1):
                x, _ = stage.part.input_model(own.inputs(number))
            waiting.learn_from(x, k, one_hot=own.one_hot(number), real=False)
            number += 1
            continue
        k = message.batch
        with stage.trace.span(MODEL, k):
            guess, pullback = stage.part.input_model(stage.order.inputs(k))
            size = guess.shape[2]
            pullback((guess - message.tensor).mul_(2 / size), need_input=False)
        waiting.learn_from(message.tensor, k)


class Awaited:
    """The batches whose targets a stage waits for, and what it does with every batch."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.held: dict[int, tuple[Tensor, Tensor, int]] = {}

    def learn_from(
        self, x: Tensor, k: int, one_hot: Tensor | None = None, real: bool = True
    ) -> None:
        """Do one update on the input x of batch k, `real` where the stage below sent it."""
        stage, part = self.stage, self.stage.part
        one_hot = stage.order.one_hot(k) if one_hot is None else one_hot
        learn = self._learn_as_one if part.cell.sg_at == "stages" else self._learn_by_layers
        learned = learn(x, k, one_hot, real)
        with stage.trace.span(UPDATE, k):
            part.update(learned, real, at=max(k, 0))
        stage.ended = time.perf_counter()
        if real:
            stage.updated(k)

    def _learn_by_layers(self, x: Tensor, k: int, one_hot: Tensor, real: bool) -> bool:
        """Write the gradients of a stage with an M after every hidden layer; as `_learn_as_one`."""
        stage, part = self.stage, self.stage.part
        h, below = x, None
        for number, (layer, model) in enumerate(zip(part.hidden, part.models, strict=True)):
            first = number == 0
            with stage.trace.span(FORWARD, k):
                h, pullback = layer(h)
            with stage.trace.span(MODEL, k):
                synthetic, learn = model(h, one_hot)
            with stage.trace.span(BACKWARD, k):
                delta = pullback(synthetic, need_input=not (first and part.bottom))
            if first and real:
                stage.send(stage.below, k, delta)
            elif below is not None:
                with stage.trace.span(MODEL, k):
                    below(delta)
            below = learn
        if part.top:
            target = self._learn_from_labels(h, one_hot, k)
            if below is not None:
                with stage.trace.span(MODEL, k):
                    below(target)
            elif real:  # the classifier alone
                stage.send(stage.below, k, target)
            return False
        if real:
            stage.send(stage.above, k, h)
            self.held[k] = (h, one_hot, part.iteration)
        return self.learn_target(k)

    def _learn_as_one(self, x: Tensor, k: int, one_hot: Tensor, real: bool) -> bool:
        """Write the gradients of a stage whose layers learn by backprop; tell whether M learned.

        The gradient at its output is what its one M predicts, or at the top the true one.
        """
        stage, part = self.stage, self.stage.part
        h, pullbacks = _forward(stage, x, k)
        if part.top:
            stage.note_loss(h, one_hot, k)
            with stage.trace.span(BACKWARD, k):
                down = part.backward(pullbacks, part.loss_gradient(h, one_hot))
        else:
            if real:
                stage.send(stage.above, k, h)
                self.held[k] = (h, one_hot, part.iteration)
            with stage.trace.span(MODEL, k):
                synthetic, _ = part.models[-1](h, one_hot)
            with stage.trace.span(BACKWARD, k):
                down = part.backward(pullbacks, synthetic)
        if real:
            stage.send(stage.below, k, down)
        return False if part.top else self.learn_target(k)

    def _learn_from_labels(self, h: Tensor, one_hot: Tensor, k: int) -> Tensor:
        """Write the classifier's gradients; return the true gradient at h."""
        stage, part = self.stage, self.stage.part
        with stage.trace.span(FORWARD, k):
            logits, pullback = part.classify(h)
        with stage.trace.span(BACKWARD, k):
            target = pullback(part.loss_gradient(logits, one_hot))
        stage.note_loss(logits, one_hot, k)
        return target

    def learn_target(self, k: int) -> bool:
        """Let the topmost M learn from the oldest unread target; tell whether there was one.

        M is run again, with the weights of today, on the h that the target is of.
        """
        stage = self.stage
        assert stage.above is not None
        message = stage.poll(stage.above, k)
        if message is None:
            return False
        for old in [old for old in self.held if old < message.batch]:
            del self.held[old]  # their targets were never read
        h, one_hot, then = self.held.pop(message.batch)
        stage.staleness.append(stage.part.iteration - then)
        with stage.trace.span(MODEL, k):
            _, learn = stage.part.models[-1](h, one_hot)
            learn(message.tensor)
        return True


def _input(stage: Stage, k: int) -> Tensor:
    """Return what the lowest layer of a stage takes: a batch, or what comes from below."""
    if stage.below is not None:
        return stage.receive(stage.below, k)
    with stage.trace.span(FORWARD, k):
        return stage.order.inputs(k)


def _forward(stage: Stage, x: Tensor, k: int) -> tuple[Tensor, list[Pullback]]:
    with stage.trace.span(FORWARD, k):
        return stage.part.forward(x)


def _loss_gradient(stage: Stage, logits: Tensor, k: int) -> Tensor:
    one_hot = stage.order.one_hot(k)
    stage.note_loss(logits, one_hot, k)
    with stage.trace.span(BACKWARD, k):
        return stage.part.loss_gradient(logits, one_hot)


def _backward(stage: Stage, pullbacks: list[Pullback], delta: Tensor, k: int) -> None:
    """Write the gradients, and send the one at the input down."""
    with stage.trace.span(BACKWARD, k):
        down = stage.part.backward(pullbacks, delta)
    stage.send(stage.below, k, down)


def _update(stage: Stage, k: int) -> None:
    with stage.trace.span(UPDATE, k):
        stage.part.update()
    stage.updated(k)
