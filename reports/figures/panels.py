"""Where in a figure a cell stands: its panel's row and column and its line, as labels."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from ...bench.cell import Cell
from ...reproductions.exhibits.schema import Figure
from ..analysis.select import Selection


def panels(
    selection: Selection, figure: Figure, mine: Sequence[Cell], every: Sequence[Cell] | None = None
) -> "dict[str, pd.Series[Any]]":
    """Return the `row` and the `column` of each cell of `mine`, ordered as `every` or `mine` is.

    A row is a rule, or what is decoupled, where neither the panels nor the lines say.
    """
    apart = [name for name in ("decoupled", "rule") if name not in (figure.panels, figure.lines)]
    form = "{} layers" if figure.panels == "depth" else "{}"

    def rows(cells: Sequence[Cell]) -> list[str]:
        words = ([""] * len(cells), *(labels(selection, name, cells) for name in apart))
        return [", ".join(filter(None, some)) for some in zip(*words, strict=True)]

    def columns(cells: Sequence[Cell]) -> list[str]:
        return [form.format(label) for label in labels(selection, figure.panels, cells)]

    every = mine if every is None else every
    return {
        "row": ordered(rows(mine), rows(every)),
        "column": ordered(columns(mine), columns(every)),
    }


def labels(selection: Selection, name: str, cells: Iterable[Cell]) -> list[str]:
    """Return how each cell's field `name` is written, nothing where it does not apply."""
    values = [getattr(cell, name) for cell in cells]
    texts = [f"{value:g}" if isinstance(value, float) else value for value in values]
    return ["" if text is None else selection.exhibit.label(name, text) for text in texts]


def ordered(labels: list[str], every: Iterable[str] | None = None) -> "pd.Series[Any]":
    """Return `labels` as categories in the order of `every`, or in their own."""
    order = list(dict.fromkeys(labels if every is None else every))
    return pd.Series(labels, dtype=pd.CategoricalDtype(order, ordered=True))
