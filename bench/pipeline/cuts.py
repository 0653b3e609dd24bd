"""Balanced cuts of a network into stages, from the measured work of its layers."""

from __future__ import annotations

import itertools
import statistics
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import torch

from ..families.feedforward.stages import ERRORS, HEADS
from .part import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from ..cell import Cell

REPEATS, REPEAT_SECONDS = 30, 0.5
"""Updates that are timed, and for how long at most."""
TOLERANCE = 0.1
"""Cuts whose slowest stage is slower than the best cut's by this share, at most, count as equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Seconds of one update of a part, alone on its core.

    Attributes:
        forward: running forward.
        backward: running backward.
        model: all that its Ms, its heads and its model I do, learning too.
        update: the optimiser.
    """

    forward: float
    backward: float
    model: float
    update: float

    @property
    def seconds(self) -> float:
        """All of them."""
        return sum(asdict(self).values())


def work_of(part: Part, batch: int, times: int = 1) -> Work:
    """Return the work of an update that runs `times` batches of `batch` examples; medians.

    The part's weights change.
    """
    found: list[tuple[float, ...]] = []
    until = time.perf_counter() + REPEAT_SECONDS
    while len(found) < 3 or (len(found) < REPEATS and time.perf_counter() < until):
        rounds = [_round(part, batch) for _ in range(times)]
        start = time.perf_counter()
        part.update()
        update = time.perf_counter() - start
        found.append((*map(sum, zip(*rounds, strict=True)), update))
    forward, backward, model, update = map(statistics.median, zip(*found[1:], strict=True))
    return Work(forward=forward, backward=backward, model=model, update=update)


def _round(part: Part, batch: int) -> tuple[float, float, float]:
    """Run once forward and back; return the seconds forward, backward and of models."""
    dtype = part.weights.flat.dtype
    x = torch.rand((*part.input_shape[:-1], batch), dtype=dtype)
    one_hot = part.encode(torch.zeros((1, batch), dtype=torch.int64))
    forward = backward = model = 0.0
    clock = time.perf_counter
    if part.learns_from == HEADS:
        return _round_with_heads(part, x, one_hot)
    if not part.models:
        return _round_without_models(part, x, one_hot)
    if part.input_model is not None:
        start = clock()
        guess, pullback = part.input_model(torch.rand(part.image_shape(batch), dtype=dtype))
        pullback(guess, need_input=False)
        model += clock() - start
    if len(part.models) < len(part.hidden):  # one for the whole part
        start = clock()
        h, pullbacks = part.forward(x)
        forward = clock() - start
        start = clock()
        synthetic, learn = part.models[-1](h, one_hot)
        part.models[-1](h, one_hot)  # again, when the target comes
        learn(synthetic)
        model += clock() - start
        start = clock()
        part.backward(pullbacks, synthetic)
        return forward, clock() - start, model
    h = x
    for number, (layer, m) in enumerate(zip(part.hidden, part.models, strict=True)):
        start = clock()
        h, pullback = layer(h)
        forward += clock() - start
        start = clock()
        synthetic, learn = m(h, one_hot)
        learn(synthetic)
        if part.waits_for_target and m is part.models[-1]:
            m(h, one_hot)  # again, when the target comes
        model += clock() - start
        start = clock()
        pullback(synthetic, need_input=number > 0 or not part.bottom)
        backward += clock() - start
    if part.top:
        start = clock()
        logits, pullback = part.classify(h)
        forward += clock() - start
        start = clock()
        pullback(part.loss_gradient(logits, one_hot))
        backward += clock() - start
    return forward, backward, model


def _round_without_models(part: Part, x: Tensor, one_hot: Tensor) -> tuple[float, float, float]:
    """Return the seconds of a part that learns from a gradient or an error from above."""
    clock = time.perf_counter
    start = clock()
    h, pullbacks = part.forward(x)
    forward = clock() - start
    start = clock()
    if part.learns_from == ERRORS:
        part.learn_from_error(pullbacks, part.loss_gradient(h, one_hot) if part.top else one_hot)
    else:
        part.backward(pullbacks, part.loss_gradient(h, one_hot) if part.top else h)
    return forward, clock() - start, 0.0


def _round_with_heads(part: Part, x: Tensor, one_hot: Tensor) -> tuple[float, float, float]:
    """Return the seconds forward, backward and of heads of a part whose layers have them."""
    forward = backward = model = 0.0
    clock = time.perf_counter
    h = x
    for layer, head in zip(part.hidden, part.heads, strict=True):
        start = clock()
        h, pullback = layer(h)
        forward += clock() - start
        start = clock()
        logits, pull_head = head(h)
        delta = pull_head(part.loss_gradient(logits, one_hot))
        model += clock() - start
        start = clock()
        pullback(delta, need_input=False)
        backward += clock() - start
    if part.top:
        start = clock()
        logits, pullback = part.classify(h)
        forward += clock() - start
        start = clock()
        pullback(part.loss_gradient(logits, one_hot), need_input=False)
        backward += clock() - start
    return forward, backward, model


def cut(cell: Cell, image: Sequence[int], classes: int, stages: int) -> list[int]:
    """Return the bounds of balanced stages, from measured times of single layers.

    Stage i has the layers from bounds[i] to bounds[i + 1] - 1.
    """
    depth: int = cell.need("depth")
    if stages == 1:
        return [0, depth]
    each = [work_of(Part(cell, image, classes, i, i + 1), cell.batch_size) for i in range(depth)]
    if cell.sg_at != "stages":
        return balanced([one.seconds for one in each], stages)
    # a layer alone has an M; in a stage the topmost layer has one
    return balanced([one.seconds - one.model for one in each], stages, [one.model for one in each])


def balanced(
    costs: Sequence[float], stages: int, models: Sequence[float] | None = None
) -> list[int]:
    """Return the bounds of contiguous stages whose slowest takes least, to within `TOLERANCE`.

    Of the cuts within it the one with the fewest layers in the lowest stage, then in the next, is
    taken: near ties are then cut alike, whatever the noise of the times.

    Args:
        costs: of the layers, bottom first; at least as many as stages.
        stages: their number.
        models: what a stage costs in addition that ends with a layer and is not the topmost.
    """
    total, ends = [0.0, *itertools.accumulate(costs)], len(costs)

    def cost(start: int, end: int) -> float:
        """Return that of a stage of the layers from `start` to before `end`."""
        return total[end] - total[start] + (models[end - 1] if models and end < ends else 0.0)

    # by the number of stages: the slowest one of the best cut of the layers from `start` on
    slowest: list[list[float]] = [[]]
    for left in range(1, stages + 1):
        row = [
            min(
                max(cost(start, end), slowest[left - 1][end] if left > 1 else 0.0)
                for end in (range(start + 1, ends - left + 2) if left > 1 else (ends,))
            )
            if ends - start >= left
            else float("inf")
            for start in range(ends + 1)
        ]
        slowest.append(row)
    allowed, bounds = slowest[stages][0] * (1 + TOLERANCE), [0]
    for left in range(stages - 1, 0, -1):
        start = bounds[-1]
        bounds.append(
            next(
                end
                for end in range(start + 1, ends - left + 1)
                if cost(start, end) <= allowed and slowest[left][end] <= allowed
            )
        )
    return [*bounds, ends]
