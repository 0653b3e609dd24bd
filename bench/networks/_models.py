"""Sizes of the models beside a network, M (`sg`) and I (`si`), as cells give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..cell import Cell


def hidden_sizes(cell: Cell, kind: str) -> list[int]:
    """Return the units (or filters) of the hidden layers of a model; none where it is linear."""
    layers: int = cell.need(f"{kind}_layers")
    return [cell.need(f"{kind}_units")] * layers if layers else []
