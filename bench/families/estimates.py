"""What estimates of memory and work share; each family has its own. Free of torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..cell import Cell
    from ..nn.blueprint import Blueprint

COPIES = 4
"""Copies of a weight in memory: itself, its gradient, Adam's two moments."""
PRODUCTS_PER_WEIGHT = 3
"""Products with each weight in an update: forward, and for the gradients at input and weight."""


def weights_of(blocks: Iterable[Blueprint]) -> int:
    """Return the number of weights in all blocks."""
    return sum(block.weights for block in blocks)


def bytes_of(cell: Cell, numbers: int, replicas: int) -> int:
    """Return the bytes of so many numbers for each replica of a cell."""
    return (8 if cell.precision == "float64" else 4) * replicas * numbers
