"""What stands beside the results in a figure: the paper's, other rules', and marks along x."""

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ....bench.cell import Cell
from ....bench.configuration import hyperparameters
from ....bench.registry import RULES
from ....reproductions.exhibits.exhibit import derived_sg_scale
from ....reproductions.exhibits.schema import CUSTOM, Figure
from ....results.metrics import METRIC_BY_RESULT
from ....results.record import Record
from ...analysis.naming import span
from ...analysis.selection.select import Selection, select
from ...analysis.verdicts.intermediate import read_between, share
from . import points, words
from .panels import lines, panels
from .progress import per_update


def paper(
    selection: Selection, figure: Figure, cells: Sequence[Cell], at: Sequence[float]
) -> "pd.Series[float]":
    """Return the paper's results of some cells at some x: of a curve, those at its end."""
    values: list[float | None] = []
    result = figure.y if figure.y in METRIC_BY_RESULT else None
    for cell, x in zip(cells, at, strict=True):
        end = cell.iterations * cell.data_steps
        final = figure.kind == "sweep" or (
            figure.y in ("error", "longest", *METRIC_BY_RESULT) and x == end
        )
        final = final and figure.x not in points.COSTS  # of which the paper has no number
        number = selection.exhibit.number(cell, result)
        values.append(number.value if final and number is not None else None)
    return pd.Series(values, dtype=float)


def early(
    selection: Selection,
    figure: Figure,
    added: Sequence[str],
    cells: Sequence[Cell],
    data: pd.DataFrame,
    *,
    counted: Mapping[str, float],
) -> pd.DataFrame:
    """Return the paper's values before the end of training beside the lines of a figure.

    They stand at the same share of a shorter schedule. `low` and `high` are the bounds within which
    a value was read, infinite on a side that is open.

    Args:
        selection: what is reported.
        figure: the figure; only curves over updates or steps of data have any.
        added: fields that the lines are told apart by, too (`panels.apart`).
        cells: its cells.
        data: its lines.
        counted: as in `points.points`.
    """
    result = figure.y if figure.y in METRIC_BY_RESULT else None
    shown = figure.kind == "curves" and figure.x not in points.COSTS
    shown = shown and figure.y in ("error", "longest", *METRIC_BY_RESULT)
    where, labels = panels(selection, figure, cells), lines(selection, figure, cells, added)
    rows: list[dict[str, object]] = []
    for row, column, line, cell in zip(where["row"], where["column"], labels, cells, strict=True):
        for known in selection.exhibit.intermediate_of(cell) if shown else ():
            if known.result == result:
                x = share(selection, known) * cell.iterations
                x *= per_update(cell, figure.x, counted)
                low, value, high = read_between(cell.dataset, known)
                place = {"row": row, "column": column, "line": line}
                rows.append({**place, "x": x, "y": value, "low": low, "high": high})
    found = pd.DataFrame(rows, columns=["row", "column", "line", "x", "y", "low", "high"])
    found = found.dropna(subset="x")  # bytes that nothing counted
    return found[
        found["row"].isin(data["row"].cat.categories)
        & found["column"].isin(data["column"].cat.categories)
        & found["line"].isin(data["line"].cat.categories)
    ]


def marks(figure: Figure, cells: Sequence[Cell]) -> tuple[float, ...]:
    """Return the x positions to point out, where they are the same for all cells.

    On a curve those are the drops of the learning rate, in a sweep over `sg_scale` the paper's
    ratio of it and the learning rate.
    """
    found: set[tuple[float, ...]] = set()
    for cell in cells:
        if figure.x == "iteration":
            found.add(tuple(fraction * cell.iterations for fraction in cell.drops))
        elif figure.x == "sg_scale":
            found.add((derived_sg_scale(cell.learning_rate),))
    return found.pop() if len(found) == 1 else ()


def selected(selection: Selection, figure: Figure, records: Iterable[Record]) -> Selection | None:
    """Return what is known of the figure's `references`: other rules under the same protocol.

    Their records may be of any exhibit. None where the figure has none, or at scale `custom`.
    """
    if not figure.references or selection.scale == CUSTOM:
        return None
    exhibit, scale = selection.exhibit, selection.exhibit.scale(selection.scale)
    blocks: dict[frozenset[Any], dict[str, Any]] = {}
    for point, rule in itertools.product(scale.points(), figure.references):
        declared = RULES.declared(rule)
        others = [name for name in hyperparameters() if declared.hyperparameter(name) is None]
        others += ["sg_layers"] if declared.model == "none" else []
        other = {axis: v for axis, v in point.items() if axis not in others} | {"rule": rule}
        blocks[frozenset(other.items())] = {axis: (value,) for axis, value in other.items()}
    theirs = dataclasses.replace(scale, blocks=tuple(blocks.values()))
    return select(dataclasses.replace(exhibit, scales={scale.name: theirs}), scale.name, records)


def references(
    selection: Selection,
    figure: Figure,
    cells: Sequence[Cell],
    data: pd.DataFrame,
    found: Selection,
) -> tuple[pd.DataFrame, str]:
    """Return the means of the references beside each line, and a sentence on them.

    Args:
        selection: what is reported.
        figure: a sweep.
        cells: its cells.
        data: its lines.
        found: as `selected` returns it.
    """
    ok = found.frame[found.frame["status"] == "ok"].dropna(subset=figure.y)
    means = ok.groupby("configuration")[figure.y].agg(["mean", "count"])
    known = lines(selection, figure, cells)
    where = panels(selection, figure, cells)
    rows: list[dict[str, object]] = []
    for line, row, column, cell in zip(known, where["row"], where["column"], cells, strict=True):
        for n, mean, _ in means.itertuples():
            other = found.cells[int(n)]
            if all(cell.value(name) == other.value(name) for name in _fields(figure)):
                label = words.label(selection.exhibit, "rule", other.rule)
                place = {"row": row, "column": column, "line": line}
                rows.append({**place, "rule": other.rule, "label": label, "y": mean})
    frame = pd.DataFrame(rows, columns=["row", "column", "line", "rule", "label", "y"])
    frame = frame.drop_duplicates(["row", "column", "line", "rule"])
    frame = frame[frame["line"].isin(data["line"].cat.categories)]
    if frame.empty:
        return frame, ""
    least, most = int(means["count"].min()), int(means["count"].max())
    many = span(least, most)
    return frame, (
        f" Horizontal lines: means of {many} seeds of {' and '.join(frame['label'].unique())} under"
        " the same protocol."
    )


def _fields(figure: Figure) -> tuple[str, ...]:
    """Return in what a reference is as the cells of a line are."""
    return ("dataset", "network", "depth", "T", figure.lines, figure.panels)
