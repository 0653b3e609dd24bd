"""Memory and work of recurrent cells, from the shapes of their network. Free of torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import datasets, registry
from ..estimates import COPIES, PRODUCTS_PER_WEIGHT, bytes_of, weights_of
from .blueprint import RecurrentBlueprint, blueprint

if TYPE_CHECKING:
    from ...cell import Cell

FLOATS_PER_UNIT = 12
"""Kept per unit and step for its pullback: gates and their gradient, cells, outputs."""
FLOATS_PER_CLASS = 6
"""Of a step's loss, per class."""
STEPS, STREAMS = 64, 256
"""A held-out text is read in unrolls of so many steps, in at most so many places at once."""
WARM_UP = 100
"""Characters that each place reads before its part, which do not count."""
PROBE_STEPS, PROBE_STREAMS = 64, 64
"""The unroll whose gradient M's is compared with, and its streams at most."""


def memory(cell: Cell, replicas: int) -> int:
    """Return about how many bytes the training of a program of such cells takes."""
    numbers = weights(cell) + of_a_step(cell) + of_an_evaluation(cell)
    return bytes_of(cell, numbers, replicas)


def weights(cell: Cell) -> int:
    """Return how many numbers the weights take, with their gradients and moments.

    Of a text, the best weights so far are kept too.
    """
    kept = COPIES + (_kind(cell) == "text")
    return kept * weights_of(_blueprint(cell).blocks)


def of_a_step(cell: Cell) -> int:
    """Return how many numbers a step takes, and the unrolls that are kept for their pullback."""
    unrolls = registry.RULES.declared(cell.rule).unrolls_in_memory
    return _unroll(cell, cell.need("T"), cell.batch_size, unrolls)


def of_an_evaluation(cell: Cell) -> int:
    """Return how many numbers are kept at a time of a held-out text, or by a probe of M."""
    held = probed = 0
    if _kind(cell) == "text":
        held = _unroll(cell, STEPS, _places(cell), 1)
    if _blueprint(cell).model is not None:
        probed = _unroll(cell, PROBE_STEPS, min(PROBE_STREAMS, cell.batch_size), 1)
    return max(held, probed)


def _places(cell: Cell) -> int:
    """Return the places at which a held-out text is read at once; fewer of a short one."""
    if cell.corpus is not None:
        return STREAMS
    _, *held = registry.DATASETS.declared(cell.dataset).need("characters")
    return max(1, min(STREAMS, max(held) // WARM_UP))


def _unroll(cell: Cell, steps: int, streams: int, unrolls: int) -> int:
    units: int = cell.need("hidden_units")
    symbols, classes = _sizes(cell)
    a_step = (
        (1 + symbols + FLOATS_PER_UNIT * units) * unrolls + FLOATS_PER_CLASS * classes + 2 * units
    )
    return a_step * (steps + 1) * streams


def work(cell: Cell) -> float:
    """Return about how many multiplications the cell's training takes.

    M is asked at the end of an unroll and learns at its start, so it is multiplied by once more.
    """
    plan, T, rule = _blueprint(cell), cell.need("T"), registry.RULES.declared(cell.rule)
    output = (plan.core.units,)
    a_step = rule.products_per_step * plan.core.multiplications(())
    a_step += PRODUCTS_PER_WEIGHT * plan.readout.multiplications(output)
    an_unroll = 0
    if plan.model is not None:
        an_unroll += (PRODUCTS_PER_WEIGHT + 1) * plan.model.multiplications(output)
    if plan.auxiliary is not None:
        a_step += PRODUCTS_PER_WEIGHT * plan.auxiliary.multiplications(output)
        a_step += 0 if plan.model is None else plan.model.multiplications(output)
    return cell.iterations * cell.batch_size * (T * a_step + an_unroll)


def _kind(cell: Cell) -> str:
    return registry.DATASETS.declared(cell.dataset).kind


def _sizes(cell: Cell) -> tuple[int, int]:
    """Return the input symbols and output classes: a text's next symbol is one of its own."""
    symbols = datasets.symbols(cell.dataset, cell.corpus)
    classes = registry.DATASETS.declared(cell.dataset).classes
    return symbols, symbols if classes is None else classes


def _blueprint(cell: Cell) -> RecurrentBlueprint:
    return blueprint(cell, *_sizes(cell))
