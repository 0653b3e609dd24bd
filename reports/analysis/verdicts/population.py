"""Populations: networks spread over p_update, as in the paper's Figures 5 and 6."""

from collections.abc import Mapping, Sequence
from typing import Any

from ....bench.cell import Cell
from ..selection.select import Selection

_DECOUPLED = {
    "update": "every layer always runs forward, and updates with probability p_update",
    "both": (
        "with probability 1 - p_update a layer does neither, and the one above it takes a synthetic"
        " input, which a model I predicts from the network's input"
    ),
}
_MEDIANS = "The paper's number for a p_update is the median of its networks in a bin about it."


def notes(selection: Selection) -> list[str]:
    """Return what a reader of the exhibit's table must know of decoupled layers, as sentences."""
    cells, exhibit = selection.cells, selection.exhibit
    kinds = dict.fromkeys(cell.decoupled for cell in cells if cell.decoupled is not None)
    said = "; ".join(f"{exhibit.label('decoupled', kind)}: {_DECOUPLED[kind]}" for kind in kinds)
    found = [f"Decoupled. {said}."] if kinds else []
    if any(exhibit.medians_of(cell, 1.0) for cell in cells):
        found.append(_MEDIANS)
    return found


def iterations(cell: Cell, fraction: float) -> str:
    """Return a fraction of training as its number of iterations: `5,000`."""
    return f"{round(fraction * cell.iterations):,}"


def at_fraction(
    cell: Cell, curve: Sequence[Mapping[str, Any]], fraction: float, y: str
) -> float | None:
    """Return the `y` of a curve at a fraction of training; None where it was not evaluated."""
    wanted = fraction * cell.iterations
    near = min(curve, key=lambda point: abs(point["iteration"] - wanted), default=None)
    return None if near is None or abs(near["iteration"] - wanted) > 1 else near[y]  # rounding
