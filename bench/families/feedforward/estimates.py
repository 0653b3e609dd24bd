"""Memory and work of feed-forward cells, from the shapes of their network. Free of torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ... import datasets, registry
from ...contract import UNREPEATABLE
from ...nn.blueprint import DropoutSpec
from ..estimates import COPIES, PRODUCTS_PER_WEIGHT, bytes_of, weights_of
from .blueprint import FeedForwardBlueprint, blueprint, frozen_layers
from .stages import ERRORS, HELD, WHOLE_NETWORKS, learns_from

if TYPE_CHECKING:
    from ...cell import Cell

FLOATS_PER_PRODUCT = 7  # kept per output of a layer's product during a probe (measured)
FLOATS_OF_A_STEP = 5  # the same during a step (measured)
FLOATS_OF_DROPOUT = 2  # what is kept, and what is then left of the output
FLOATS_PER_PAIR = 4  # of examples of a batch, where there are square maps: how alike they are
FLOATS_PER_MODEL_OUTPUT = 3  # further floats per layer output where it has an M (measured)
FLOATS_PER_MODEL_UNIT = 10  # kept per output of the products of an M's hidden layers (measured)
CHUNK = 1000
"""Held-out examples that are evaluated at a time."""


def memory(cell: Cell, replicas: int) -> int:
    """Return about how many bytes the training of a program of such cells takes."""
    at_a_time = max(of_a_step(cell), of_an_evaluation(cell))
    numbers = weights(cell) + of_a_rule(cell) + at_a_time
    return bytes_of(cell, numbers, replicas) + (0 if cell.stages is None else of_stages(cell))


def of_stages(cell: Cell) -> int:
    """Return how many bytes more a network takes that is cut into stages.

    Those are a copy of the weights per evaluation, which is evaluated at the end; batches whose
    error has not come yet; and where every process has the whole network, the further networks.
    """
    plan, rule = _blueprint(cell), registry.RULES.declared(cell.rule)
    at, copies = 0, 0
    while at < cell.iterations:
        at, copies = cell.next_evaluation(at), copies + 1
    found = bytes_of(cell, copies * weights_of(plan.blocks), 1)
    if cell.schedule in UNREPEATABLE and learns_from(rule.name) == ERRORS:
        found += HELD * kept(cell)
    if cell.schedule in WHOLE_NETWORKS:
        found += bytes_of(cell, (cell.need("stages") - 1) * weights(cell), 1)
    return found


def weights(cell: Cell) -> int:
    """Return how many numbers the weights take, with their gradients and moments."""
    return COPIES * weights_of(_blueprint(cell).blocks)


def of_a_rule(cell: Cell) -> int:
    """Return how many numbers a rule that keeps tensors is taken to keep: one for every weight."""
    plan = _blueprint(cell)
    keeps = hasattr(registry.RULES.module(cell.rule), "setup")
    return weights_of((*plan.hidden, plan.classifier)) if keeps else 0


def of_a_step(cell: Cell) -> int:
    """Return how many numbers are kept of a batch.

    A probe, of every layer, keeps the most; a rule with scores of its own has none.
    """
    image, plan = datasets.image_shape(cell.dataset), _blueprint(cell)
    rule = registry.RULES.declared(cell.rule)
    inputs = [image, *plan.shapes[:-1]]
    products = sum(layer.products(shape) for layer, shape in zip(plan.hidden, inputs, strict=True))
    outputs = sum(map(math.prod, plan.shapes))
    step = 2 * math.prod(image) + FLOATS_OF_A_STEP * products
    step += FLOATS_OF_DROPOUT * outputs * (cell.dropout is not None)
    step *= rule.images_per_example
    step += FLOATS_PER_PAIR * cell.batch_size * (rule.maps == "square")
    probe = 2 * math.prod(image) + FLOATS_PER_PRODUCT * products
    if plan.models:
        probe += FLOATS_PER_MODEL_OUTPUT * outputs
    scored = hasattr(registry.RULES.module(cell.rule), "scores")
    numbers = step if scored else max(step, probe)
    models = list(zip(plan.models, plan.shapes[-len(plan.models) :], strict=False))
    models += [(model, image) for model in plan.input_models]
    hidden = (m.products(seen) - math.prod(m.output(seen)) for m, seen in models)
    return cell.batch_size * (numbers + FLOATS_PER_MODEL_UNIT * max(hidden, default=0))


def of_an_evaluation(cell: Cell) -> int:
    """Return how many numbers are kept of the held-out examples that are evaluated at a time."""
    image, plan = datasets.image_shape(cell.dataset), _blueprint(cell)
    inputs = [image, *plan.shapes[:-1]]
    layers = zip(plan.hidden, inputs, strict=True)
    widest = max(math.prod(shape) + 2 * layer.products(shape) for layer, shape in layers)
    examples = max(registry.DATASETS.declared(cell.dataset).need("examples"))
    return min(CHUNK, examples) * (2 * math.prod(image) + widest)


def work(cell: Cell) -> float:
    """Return about how many multiplications the cell's training takes.

    An idle layer does not learn, and where the forward pass is decoupled too it does not run. No
    gradient is computed at the input of the lowest layer that learns, nor at that of a model.
    """
    image, plan = datasets.image_shape(cell.dataset), _blueprint(cell)
    rule = registry.RULES.declared(cell.rule)
    active, frozen = 1.0, frozen_layers(cell)
    if cell.decoupled is not None:
        active = cell.need("p_update")
    inputs = [image, *plan.shapes[:-1]]
    each = [layer.multiplications(shape) for layer, shape in zip(plan.hidden, inputs, strict=True)]
    top = plan.classifier.multiplications(plan.shapes[-1])
    beside = PRODUCTS_PER_WEIGHT * sum(
        linear.multiplications(shape)
        for linears in (plan.heads, plan.maps)
        for linear, shape in zip(linears, plan.shapes, strict=False)
    ) + sum(
        PRODUCTS_PER_WEIGHT * model.multiplications(shape) - model.lowest_multiplications(shape)
        for models, shapes in (
            (plan.models, plan.shapes[frozen:]),
            (plan.input_models, [image] * len(plan.input_models)),
        )
        for model, shape in zip(models, shapes, strict=False)
    )
    forward = active if cell.decoupled == "both" else 1.0
    learning = each[frozen:]
    down = max(0, rule.hidden_products - 2 * rule.images_per_example)  # to the layer below
    backward = (rule.hidden_products - 1) * sum(learning) - down * sum(learning[:1])
    backward += (1 + down) * top
    an_example = (sum(each) + top) * forward + (backward + beside) * active
    if rule.pair_products:
        features = sum(shape[0] for shape in plan.shapes)  # units, or maps by their deviation
        classes = registry.DATASETS.declared(cell.dataset).need("classes")
        an_example += cell.batch_size * (rule.pair_products * features + classes)
    return cell.iterations * cell.batch_size * an_example


def kept(cell: Cell) -> int:
    """Return how many bytes hidden layers keep of a batch from their forward pass to their update.

    They are what the pullbacks read besides weights, and the topmost output. Where a layer waits
    for its input alone only one keeps them at a time, and the largest counts; else all that learn
    do, until the network's output is known. Models, heads and maps are left out, and layers that do
    not learn.
    """
    rule = registry.RULES.declared(cell.rule)
    image, plan = datasets.image_shape(cell.dataset), _blueprint(cell)
    batch = cell.batch_size * rule.images_per_example
    made: list[int] = []
    alone: list[int] = []  # with the layer's input, which the layer below has made
    for layer, shape in zip(plan.hidden, [image, *plan.shapes[:-1]], strict=True):
        moments = sum(map(math.prod, layer.statistics.values()))  # of the batch
        made.append(batch * layer.kept(shape) + moments)
        drops = isinstance(layer.parts[0][1], DropoutSpec)  # then what is left of it is made
        alone.append(made[-1] + (0 if drops else batch * math.prod(shape)))
    first = frozen_layers(cell)
    if rule.locking == "forward":
        numbers = max(alone[first:], default=0)
    else:
        numbers = sum(alone[first : first + 1]) + sum(made[first + 1 :])
    return bytes_of(cell, numbers, 1)


def _blueprint(cell: Cell) -> FeedForwardBlueprint:
    declared = registry.DATASETS.declared(cell.dataset)
    return blueprint(cell, declared.need("shape"), declared.need("classes"))
