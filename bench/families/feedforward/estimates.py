"""Memory and work of feed-forward cells, from the shapes of their network. Free of torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ... import datasets, registry
from ..estimates import COPIES, PASSES, bytes_of, weights_of
from .blueprint import FeedForwardBlueprint, blueprint

if TYPE_CHECKING:
    from ...cell import Cell

OF_A_LAYER = 7  # numbers for each that a layer's products leave, in a look at every layer: measured
OF_A_MODEL = (
    3  # more of the same for each number of a layer's output where it has a model: measured
)
OF_MODEL_UNITS = 10  # numbers for each that a model's own hidden layers leave: measured
CHUNK = 1000
"""Held-out examples that are evaluated at a time."""


def memory(cell: Cell, replicas: int) -> int:
    """Return about how many bytes the training of a program of such cells takes."""
    at_a_time = max(of_a_step(cell), of_an_evaluation(cell))
    return bytes_of(cell, weights(cell) + at_a_time, replicas)


def weights(cell: Cell) -> int:
    """Return how many numbers the weights take, with their gradients and moments."""
    return COPIES * weights_of(_blueprint(cell).blocks)


def of_a_step(cell: Cell) -> int:
    """Return how many numbers a step keeps of its batch; a look at every layer keeps the most."""
    image, plan = datasets.image_shape(cell.dataset), _blueprint(cell)
    inputs = [image, *plan.shapes[:-1]]
    numbers = 2 * math.prod(image)
    numbers += OF_A_LAYER * sum(
        layer.products(shape) for layer, shape in zip(plan.hidden, inputs, strict=True)
    )
    if plan.models or plan.heads:
        numbers += OF_A_MODEL * sum(map(math.prod, plan.shapes))
    models = [(model, shape) for model, shape in zip(plan.models, plan.shapes, strict=False)]
    models += [(model, image) for model in plan.inputs]
    hidden = (m.products(seen) - math.prod(m.output(seen)) for m, seen in models)
    return cell.batch_size * (numbers + OF_MODEL_UNITS * max(hidden, default=0))


def of_an_evaluation(cell: Cell) -> int:
    """Return how many numbers are kept of the held-out examples that are looked at at a time."""
    image, plan = datasets.image_shape(cell.dataset), _blueprint(cell)
    inputs = [image, *plan.shapes[:-1]]
    layers = zip(plan.hidden, inputs, strict=True)
    widest = max(math.prod(shape) + 2 * layer.products(shape) for layer, shape in layers)
    examples = max(registry.DATASETS.declared(cell.dataset).need("examples"))
    return min(CHUNK, examples) * (2 * math.prod(image) + widest)


def work(cell: Cell) -> float:
    """Return about how many multiplications the cell's training takes.

    An idle layer does not learn, and where the forward pass is decoupled too it does not run.
    """
    image, plan = datasets.image_shape(cell.dataset), _blueprint(cell)
    rule, active = registry.RULES.declared(cell.rule), 1.0
    if cell.decoupled is not None:
        active = cell.need("p_update")
    inputs = [image, *plan.shapes[:-1]]
    hidden = sum(
        layer.multiplications(shape) for layer, shape in zip(plan.hidden, inputs, strict=True)
    )
    top = plan.classifier.multiplications(plan.shapes[-1])
    beside = sum(
        model.multiplications(shape)
        for models, shapes in (
            (plan.models, plan.shapes),
            (plan.heads, plan.shapes),
            (plan.inputs, [image] * len(plan.inputs)),
        )
        for model, shape in zip(models, shapes, strict=False)
    )
    forward = active if cell.decoupled == "both" else 1.0
    backward = (PASSES - 1) * active
    learning = hidden * rule.trains_hidden + top
    an_example = (hidden + top) * forward + learning * backward + PASSES * active * beside
    return cell.iterations * cell.batch_size * an_example


def _blueprint(cell: Cell) -> FeedForwardBlueprint:
    declared = registry.DATASETS.declared(cell.dataset)
    return blueprint(cell, declared.need("shape"), declared.need("classes"))
