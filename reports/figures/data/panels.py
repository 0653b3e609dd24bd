"""Panels and lines of a figure: in which row, column and line each cell is shown, as labels.

    split, added = apart(selection, figure, cells)
    panels(selection, figure, cells) | {"line": ordered(lines(selection, figure, cells, added))}

The labels are ordered categoricals, in the exhibit's order.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import pandas as pd

from ....bench.cell import Cell
from ....reproductions.exhibits.schema import Figure
from ...analysis.selection.select import Selection
from . import words

MOST_LINES = 7
"""Lines of a panel that can be added apart."""
COMPUTED = ("iteration", "layer")
"""What lines can differ in besides the fields of cells."""
_PANELS = {"depth": "{} layers", "T": "T = {}", "hidden_units": "{} units a layer"}
_ROWS = ("decoupled", "rule")
_FIGURES = ("dataset", "network")


def panels(
    selection: Selection, figure: Figure, cells: Sequence[Cell]
) -> "dict[str, pd.Series[Any]]":
    """Return the `row` and the `column` of each cell.

    A row is a rule, or what is decoupled, where neither the panels nor the lines say.
    """
    form = _PANELS.get(figure.panels, "{}")
    rows = ([_label(selection, cell, name) for name in _rows(figure)] for cell in cells)
    columns = (form.format(_label(selection, cell, figure.panels)) for cell in cells)
    return {
        "row": ordered([", ".join(filter(None, labels)) for labels in rows]),
        "column": ordered(list(columns)),
    }


def lines(
    selection: Selection, figure: Figure, cells: Iterable[Cell], added: Sequence[str] = ()
) -> list[str]:
    """Return the label of each cell's line: a field's value, and those of the fields `added`."""
    found: list[str] = []
    for cell in cells:
        more = (words.told(selection.exhibit, name, cell.value(name)) for name in added)
        found.append(" ".join(filter(None, (_label(selection, cell, figure.lines), *more))))
    return found


def apart(
    selection: Selection, figure: Figure, cells: Sequence[Cell]
) -> tuple[list[str], list[str]]:
    """Return the fields that tell cells apart which the figure would draw over one another.

    Of several in which two cells differ an axis of the grid counts, from which others may follow.

    Returns:
        those that split the figure into several, data set and network first, and those that split
        its lines: fields that only some of the cells have, as a model's size beside a rule without,
        and others as long as a panel's lines can be added apart. Cells without a field whose
        absence has a label have it as others do.
    """
    exhibit, scale = selection.exhibit, selection.exhibit.scale(selection.scale)
    axes = {name for block in scale.blocks for name in block}
    shown = [figure.panels, *_rows(figure)]
    shown += [figure.lines] if figure.lines not in COMPUTED else []
    shown += [figure.x] if figure.kind != "curves" else []
    split = [name for name in _FIGURES if name not in shown]
    more: list[str] = []
    while differing := _differing(cells, (*shown, *split, *more)):
        more.append(min(differing, key=lambda name: name not in axes))  # of equals the first
    if figure.lines in COMPUTED:
        return [*split, *more], []
    everywhere = {
        name: all(v is not None or exhibit.has_label(name, v) for v in _values(cells, name))
        for name in more
    }
    added = [name for name in more if not everywhere[name]]
    for name in more:
        if everywhere[name]:
            fields = (figure.lines, *added, name)
            count = len({tuple(cell.value(field) for field in fields) for cell in cells})
            (added if count <= MOST_LINES else split).append(name)
    return split, added


def ordered(labels: list[str], every: Iterable[str] | None = None) -> "pd.Series[Any]":
    """Return `labels` as categories in the order of `every`, or in their own."""
    order = list(dict.fromkeys(labels if every is None else every))
    return pd.Series(labels, dtype=pd.CategoricalDtype(order, ordered=True))


def _rows(figure: Figure) -> list[str]:
    return [name for name in _ROWS if name not in (figure.panels, figure.lines)]


def _label(selection: Selection, cell: Cell, name: str) -> str:
    return words.label(selection.exhibit, name, cell.value(name))


def _differing(cells: Sequence[Cell], shown: Sequence[str]) -> list[str]:
    """Return the fields in which two cells differ that are alike in the fields `shown`.

    A rule's own number is a field that only its cells have, and not always all of them.
    """
    alike: defaultdict[Hashable, list[dict[str, Any]]] = defaultdict(list)
    for cell in cells:
        alike[tuple(cell.value(name) for name in shown)].append(cell.to_dict())
    for first, *others in alike.values():
        for values in others:
            if found := [n for n in first | values if first.get(n) != values.get(n)]:
                return found
    return []


def _values(cells: Sequence[Cell], name: str) -> set[Any]:
    return {cell.value(name) for cell in cells}
