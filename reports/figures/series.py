"""The figures of an exhibit as data: means and intervals over seeds, tidy. Draws nothing.

A figure of an exhibit becomes a drawing for each data set and network (unless its panels or lines
are those), with a column of panels for each value of its `panels` field and, where `panels` and
`lines` leave open the rule or what is decoupled, a row for each. Cells that the figure does not
tell apart get a drawing or a line each (`panels.apart`).
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ...bench.cell import Cell
from ...bench.configuration import field_of
from ...reproductions.exhibits.exhibit import derived_sg_scale
from ...reproductions.exhibits.schema import Figure
from ...results.metrics import RESULTS
from ..analysis.protocol import PAPER
from ..analysis.select import Selection
from . import captions, points, words
from .panels import COMPUTED, apart, lines, ordered, panels
from .population import few, networks
from .spec import Drawing, Shown

LINEAR = ("sg_cosine", "longest", "bits", "test_bits")
_WIDE = 50  # ratio of the greatest and the least x from which on a sweep's x is logarithmic
_DROPS, _RATIO = "learning rate drops", "S = learning rate / 3e-5, as in the paper"


def drawings(selection: Selection) -> list[Drawing]:
    """Return the drawings that have at least one line, in the exhibit's order of figures."""
    made: list[Drawing] = []
    for figure in selection.exhibit.figures:
        mine = [n for n, cell in enumerate(selection.cells) if _belongs(selection, figure, cell)]
        split, added = apart(figure, [selection.cells[n] for n in mine])
        groups: dict[tuple[Any, ...], list[int]] = {}
        for n in mine:
            key = tuple(selection.cells[n].value(name) for name in split)
            groups.setdefault(key, []).append(n)
        found = (
            _drawing(selection, figure, split, added, configurations)
            for configurations in groups.values()
        )
        made.extend(drawing for drawing in found if drawing is not None)
    return made


def _belongs(selection: Selection, figure: Figure, cell: Cell) -> bool:
    """Tell whether a cell is a point or a line of the figure."""
    if cell.dataset not in (figure.datasets or (cell.dataset,)):
        return False
    fields = [figure.lines] if figure.lines not in COMPUTED else []
    fields += [figure.x] if figure.kind != "curves" else []
    if any(cell.value(name) is None for name in fields):
        return False
    return "sg_layers" in (figure.panels, figure.lines, figure.x) or selection.fixed(cell)


def _drawing(
    selection: Selection,
    figure: Figure,
    split: Sequence[str],
    added: Sequence[str],
    configurations: Sequence[int],
) -> Drawing | None:
    left_out = ""
    if _by_number(figure, [selection.cells[n] for n in configurations]):
        measured = selection.frame.loc[selection.frame["status"] == "ok", "configuration"]
        configurations, left_out = few(
            selection.cells, figure.lines, configurations, set(measured.tolist())
        )
    cells = [selection.cells[n] for n in configurations]
    if figure.lines == "layer":
        left_out = captions.layers_shown(cells)
    records = selection.frame[selection.frame["configuration"].isin(configurations)]
    ok = records[records["status"] == "ok"]
    population, curves = figure.kind == "population", figure.kind == "curves"
    if population:
        shown = networks(selection, figure, ok)
    else:
        shown = _lines(selection, figure, added, cells, ok)
    if shown is None:
        return None
    first = cells[0]
    in_sequence = population or figure.lines == "p_update"
    return Drawing(
        name="-".join([figure.name, *(str(first.value(name)) for name in split)]),
        title=_title(selection, figure, split, first),
        legend=words.legend(figure.lines),
        x_label=words.axis(figure.x),
        y_label=words.axis(figure.y, first),
        x_log=figure.x in points.COSTS or _wide(figure, cells),
        y_log=figure.y not in LINEAR,
        y_range=(-1.0, 1.02) if figure.y == "sg_cosine" else None,
        steps=figure.y == "longest" and curves,
        bars=figure.kind == "sweep",
        shaded=figure.lines != "rule" and not in_sequence,
        ordered=in_sequence,
        marks=_marks(figure, cells),
        mark_label=_DROPS if curves else _RATIO,
        paper_label="the paper" if selection.scale == PAPER else "the paper, by its own protocol",
        colors=words.colors(shown.data["rule"]),
        data=shown.data,
        dots=shown.dots,
        bins=shown.bins,
        notes=captions.notes(selection, figure, cells, records, shown.spread + left_out),
    )


def _title(selection: Selection, figure: Figure, split: Sequence[str], cell: Cell) -> str:
    """Return the figure's title after what it is of: `MNIST FCN: test error by depth`."""
    found: list[str] = []
    for name in split:
        value = cell.value(name)
        known = name in ("dataset", "network")
        found.append(
            words.label(selection.exhibit, name, value) if known else words.assignment(name, value)
        )
    if not found:
        return figure.title
    small = figure.title[1:2].islower()  # "Test error" becomes small within a line, "M's" does not
    title = figure.title[:1].lower() + figure.title[1:] if small else figure.title
    return f"{' '.join(found)}: {title}"


def _by_number(figure: Figure, cells: Sequence[Cell]) -> bool:
    """Tell whether the lines are values of a number."""
    values = (cell.value(figure.lines) for cell in cells)
    return all(isinstance(value, (int, float)) for value in values)


def _wide(figure: Figure, cells: Sequence[Cell]) -> bool:
    """Tell whether x is a field that spans so much that it has to be logarithmic, and no share."""
    if figure.kind == "curves" or field_of(figure.x).max == 1:
        return False
    values = [cell.value(figure.x) for cell in cells]
    return min(values) > 0 and max(values) >= _WIDE * min(values)


def _lines(
    selection: Selection,
    figure: Figure,
    added: Sequence[str],
    cells: Sequence[Cell],
    ok: pd.DataFrame,
) -> Shown | None:
    """Return the lines of curves or of a sweep; None where there is no point."""
    found = points.points(selection, figure, cells, ok)
    if found.empty:
        return None
    means = points.summary(found, ranges=figure.kind == "curves")
    configurations: list[int] = means["configuration"].tolist()
    mine = [selection.cells[n] for n in configurations]
    if figure.lines == "layer":  # the cells of other figures may have none
        labels = [str(layer) for layer in means["layer"].tolist()]
        order = [str(layer) for layer in points.layers(cells)]
    else:
        if _by_number(figure, cells):
            cells = sorted(cells, key=lambda cell: cell.value(figure.lines))
        labels, order = (lines(selection, figure, some, added) for some in (mine, cells))
    data = pd.DataFrame(
        {
            **panels(selection, figure, mine),
            "line": ordered(labels, [label for label in order if label in set(labels)]),
            "rule": [cell.rule for cell in mine],
            **{name: means[name] for name in ("x", "mean", "low", "high")},
            "paper": _paper(selection, figure, mine, means["x"].tolist()),
        }
    )
    seeds = ok.groupby("configuration").size().tolist()
    return Shown(data=data, spread=captions.spread(figure, seeds))


def _paper(
    selection: Selection, figure: Figure, cells: Sequence[Cell], at: Sequence[float]
) -> "pd.Series[float]":
    """Return the paper's results: of a sweep at every scale, of a curve its own scale's end."""
    values: list[float | None] = []
    result = figure.y if figure.y in RESULTS else None
    for cell, x in zip(cells, at, strict=True):
        end = cell.iterations * cell.data_steps
        final = figure.kind == "sweep" or (figure.y in ("error", "longest", *RESULTS) and x == end)
        final = final and figure.x not in points.COSTS  # of which the paper has no number
        shown = final and (figure.kind == "sweep" or selection.scale == PAPER)
        number = selection.exhibit.number(cell, result)
        values.append(number.value if shown and number is not None else None)
    return pd.Series(values, dtype=float)


def _marks(figure: Figure, cells: Sequence[Cell]) -> tuple[float, ...]:
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
