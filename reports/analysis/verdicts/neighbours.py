"""Neighbours of a place: the configurations next to it along the field that its exhibit names.

Those of Table 1 have one layer more or less. A few seeds tell little of a spread; with those of the
neighbours they tell it better (`results.statistics.place_verdict`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from ....bench.cell import Cell
    from ..selection.select import Selection


def neighbours(cells: Sequence[Cell], cell: Cell, field: str | None) -> list[int]:
    """Return which of `cells` are a cell but for the next lower or higher value of `field`.

    None of them is where there is no such field.
    """
    own = None if field is None else cell.value(field)
    if field is None or own is None:
        return []
    like = (cell.dataset, cell.network, cell.rule, cell.sg_layers)
    at = {
        other.value(field): n
        for n, other in enumerate(cells)
        if (other.dataset, other.network, other.rule, other.sg_layers) == like
        and replace(other, **{field: own}) == cell
    }
    lower = [value for value in at if value < own]
    higher = [value for value in at if value > own]
    return [at[value] for value in (*sorted(lower)[-1:], *sorted(higher)[:1])]


def beside(
    selection: Selection, cell: Cell, results: Callable[[Cell, pd.DataFrame], pd.Series[float]]
) -> list[list[float]]:
    """Return the values of a cell's neighbours, of those that have all their declared seeds.

    They are looked for in all that is known of the scale, whatever the selection was narrowed to.

    Args:
        selection: where the cell is.
        cell: the configuration.
        results: returns the results of a configuration's records, null where there is none.
    """
    whole, found = selection.whole, list[list[float]]()
    for n in neighbours(whole.cells, cell, whole.exhibit.neighbours):
        records = whole.frame[whole.frame["configuration"] == n]
        values = results(whole.cells[n], records[whole.declared(records)]).dropna().tolist()
        if len(values) >= whole.planned > 0:
            found.append(values)
    return found
