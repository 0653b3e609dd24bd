"""Memory and work of cells of two networks, from the shapes of these. Free of torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ... import datasets, registry
from ..estimates import COPIES, PRODUCTS_PER_WEIGHT, bytes_of, weights_of
from .blueprint import PairBlueprint, blueprint

if TYPE_CHECKING:
    from ...cell import Cell

FLOATS_PER_UNIT = 50  # kept per unit and step of A or B for its gradient (measured)
READOUT_COPIES = 6  # further copies of B's readout, which counts to T * T (measured)
FLOATS_PER_CLASS = 6  # of a count's loss, per class (measured)
EVALUATED_STREAMS = 1024
"""Streams of held-out digits that are counted at once."""


def memory(cell: Cell, replicas: int) -> int:
    """Return about how many bytes the training of a program of such cells takes."""
    at_a_time = max(of_a_step(cell), of_an_evaluation(cell))
    return bytes_of(cell, weights(cell) + at_a_time, replicas)


def weights(cell: Cell) -> int:
    """Return how many numbers the weights take, with their gradients and moments."""
    plan = _blueprint(cell)
    return COPIES * weights_of(block for some in plan.parts.values() for block in some)


def of_a_step(cell: Cell) -> int:
    """Return how many numbers a cycle keeps of its batch.

    Its digits, and what is differentiated at once: a window of A and T steps of B, or the whole
    cycle where the rule asks for that. B's readout has a class for each count.
    """
    T, units, plan = cell.need("T"), cell.need("hidden_units"), _blueprint(cell)
    steps = T * T if registry.RULES.declared(cell.rule).whole_cycle else T
    kept = (steps + T) * FLOATS_PER_UNIT * units
    digits = T * T * math.prod(datasets.image_shape(cell.dataset))
    counts = math.prod(plan.readouts["b"].output((units,)))
    count = (
        READOUT_COPIES * plan.readouts["b"].weights + FLOATS_PER_CLASS * cell.batch_size * counts
    )
    return cell.batch_size * (digits + kept) + count


def of_an_evaluation(cell: Cell) -> int:
    """Return how many numbers are kept of a cycle of held-out digits, their bytes among them."""
    T, pixels = cell.need("T"), math.prod(datasets.image_shape(cell.dataset))
    return EVALUATED_STREAMS * T * T * (pixels + pixels // 4 + FLOATS_PER_CLASS)


def work(cell: Cell) -> float:
    """Return about how many multiplications the cell's training takes."""
    T, units, plan = cell.need("T"), cell.need("hidden_units"), _blueprint(cell)
    pixels, h = (math.prod(datasets.image_shape(cell.dataset)),), (units,)
    core = plan.core.multiplications(h)
    a_digit = core + plan.encoder.multiplications(pixels)
    a_message = core + plan.message.multiplications(h) + plan.readouts["a"].multiplications(h)
    if plan.model is not None:
        a_message += 2 * plan.model.multiplications(h)
    a_cycle = plan.readouts["b"].multiplications(h)
    an_example = PRODUCTS_PER_WEIGHT * (T * T * a_digit + T * a_message + a_cycle)
    return cell.iterations * cell.batch_size * an_example


def _blueprint(cell: Cell) -> PairBlueprint:
    return blueprint(cell, math.prod(datasets.image_shape(cell.dataset)))
