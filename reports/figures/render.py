"""Figures as files: a drawing as PNG, SVG or PDF, the same bytes for the same drawing.

Made without pyplot and without the user's style, so nothing outside this folder changes a picture.
"""

import io
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from . import style
from .axes import PAPER, dodged, fit, looks, open_left, panel
from .spec import Drawing
from .style import (
    DOTTED,
    FAINT,
    LEGEND_SIZE,
    NOTE_SIZE,
    PANEL_TITLE_SIZE,
    TITLE_SIZE,
    width,
    wrapped,
)

WIDTH = 7.2  # inches: a page's text width
_LEFT, _RIGHT, _EDGE = 0.62, 0.12, 0.08  # inches beside the panels; around all
_ROW, _ONLY_ROW = 1.6, 2.2  # inches: a row's height, where there are more of them or one
_BETWEEN_ROWS, _BETWEEN = 0.32, 0.16  # inches between panels
_COLUMNS = 5  # panels in a row, where there is one row; more are wrapped
_TITLE, _LEGEND, _PANEL_TITLE, _NOTE = 0.19, 0.19, 0.15, 0.14  # inches of a line
_HANDLE, _PAD, _COLUMN = 2.2, 0.5, 1.2  # of the legend, in its font's size
_METADATA: dict[str, dict[str, Any]] = {  # what would tell the day or the version
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def render(drawing: Drawing, formats: Sequence[str]) -> dict[str, bytes]:
    """Return the picture in each of `formats` (png, svg, pdf), each a file's content."""
    with style.style():
        return saved(_figure(drawing), formats)


def saved(figure: Figure, formats: Sequence[str]) -> dict[str, bytes]:
    """Return a figure in each of `formats`; to be called within `style.style`."""
    files: dict[str, bytes] = {}
    for form in formats:
        buffer = io.BytesIO()
        figure.savefig(buffer, format=form, dpi=200, metadata=_METADATA[form])
        files[form] = buffer.getvalue()
    return files


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where everything is, in inches: quicker than a layout engine, and steady.

    `titles` are the lines of each panel's title by row and column, `handles` the rows of the
    legend.
    """

    rows: int
    columns: int
    titles: dict[tuple[str, str], list[str]]
    title: list[str]
    handles: list[list[Line2D]]
    notes: list[str]

    @property
    def row(self) -> float:
        return _ONLY_ROW if self.rows == 1 else _ROW

    @property
    def between_rows(self) -> float:
        """Between two rows of panels, their titles included."""
        return _BETWEEN_ROWS + _PANEL_TITLE * (max(map(len, self.titles.values())) - 1)

    @property
    def top(self) -> float:
        """Above the panels: title, legend and the panels' titles."""
        lines = _TITLE * (len(self.title) - 1) + _LEGEND * (len(self.handles) - 1)
        return 0.46 + lines + self.between_rows

    @property
    def bottom(self) -> float:
        return 0.52 + _NOTE * len(self.notes)

    @property
    def height(self) -> float:
        panels = self.rows * self.row + (self.rows - 1) * self.between_rows
        return self.top + panels + self.bottom


def _layout(drawing: Drawing) -> _Layout:
    rows, columns = drawing.data["row"].cat.categories, drawing.data["column"].cat.categories
    shape = len(rows), len(columns)
    if len(rows) == 1:
        wrapped_rows = math.ceil(len(columns) / _COLUMNS)
        shape = wrapped_rows, math.ceil(len(columns) / wrapped_rows)
    titles = {
        at: wrapped(", ".join(filter(None, at)), _panel_width(shape[1]), PANEL_TITLE_SIZE)
        for at in itertools.product(rows, columns)
    }
    inner = WIDTH - 2 * _EDGE
    return _Layout(
        rows=shape[0],
        columns=shape[1],
        titles=titles,
        title=wrapped(drawing.title, inner, TITLE_SIZE, "bold"),
        handles=_rows_of(_handles(drawing), inner),
        notes=[line for note in drawing.notes for line in wrapped(_tied(note), inner, NOTE_SIZE)],
    )


def _tied(note: str) -> str:
    """Return a note with no line break between a number and its percent sign."""
    return note.replace(" %", "\N{NO-BREAK SPACE}%")


def _panel_width(columns: int) -> float:
    return (WIDTH - _LEFT - _RIGHT - (columns - 1) * _BETWEEN) / columns


def _figure(drawing: Drawing) -> Figure:
    layout = _layout(drawing)
    figure = Figure(figsize=(WIDTH, layout.height))
    grid = figure.subplots(
        layout.rows,
        layout.columns,
        sharex=True,
        sharey=True,
        squeeze=False,
        gridspec_kw={
            "left": _LEFT / WIDTH,
            "right": 1 - _RIGHT / WIDTH,
            "bottom": layout.bottom / layout.height,
            "top": 1 - layout.top / layout.height,
            "wspace": _BETWEEN / _panel_width(layout.columns),
            "hspace": layout.between_rows / layout.row,
        },
    )
    panels = dict(list(dodged(drawing).groupby(["row", "column"], observed=True)))
    for axes, at in zip(grid.flat, layout.titles, strict=False):
        title = "\n".join(layout.titles[at])
        panel(axes, drawing, panels.get(at, drawing.data[:0]), at, title)
    for axes in grid.flat[len(layout.titles) :]:
        axes.set_visible(False)
    for axes in grid.flat[len(layout.titles) - layout.columns : len(layout.titles)]:
        axes.tick_params(labelbottom=True)  # those above no panel, too
    open_left(grid)
    fit(grid[0][0], drawing)
    _words(figure, drawing, layout)
    return figure


def _words(figure: Figure, drawing: Drawing, layout: _Layout) -> None:
    """Write the title, the legend, the axes' labels and the notes."""
    height, edge = layout.height, _EDGE / WIDTH
    middle = (layout.bottom + height - layout.top) / 2 / height
    center = (_LEFT + WIDTH - _RIGHT) / 2 / WIDTH
    figure.text(edge, middle, drawing.y_label, rotation=90, va="center")
    figure.text(center, (layout.bottom - 0.36) / height, drawing.x_label, ha="center", va="center")
    for n, line in enumerate(layout.title):
        at = 1 - (_EDGE + n * _TITLE) / height
        figure.text(edge, at, line, size=TITLE_SIZE, weight="bold", va="top")
    before = (_HANDLE + _PAD) * LEGEND_SIZE / 72  # inches of no handle
    for n, handles in enumerate(layout.handles):
        down = 0.34 + _TITLE * (len(layout.title) - 1) + _LEGEND * n
        figure.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=((_EDGE - (0 if n else before)) / WIDTH, 1 - down / height),
            ncols=len(handles),
            frameon=False,
            borderpad=0,
            borderaxespad=0,
            handlelength=_HANDLE,
            handletextpad=_PAD,
            columnspacing=_COLUMN,
        )
    for n, note in enumerate(reversed(layout.notes)):
        at = (_EDGE + n * _NOTE) / height
        figure.text(edge, at, note, size=NOTE_SIZE, color=FAINT)


def _rows_of(handles: Sequence[Line2D], inches: float) -> list[list[Line2D]]:
    """Return the handles of the legend, as many in a row as so many inches hold."""
    rows: list[list[Line2D]] = [[]]
    before, between = ((_HANDLE + _PAD) * LEGEND_SIZE / 72, _COLUMN * LEGEND_SIZE / 72)
    used = -before  # the first has no handle
    for handle in handles:
        mine = before + width(str(handle.get_label()), LEGEND_SIZE) + between
        if rows[-1] and used + mine - between > inches:
            rows.append([])
            used = 0.0
        rows[-1].append(handle)
        used += mine
    return rows


def _handles(drawing: Drawing) -> list[Line2D]:
    """Return the handles of the legend: what the lines differ in, each line, and what is beside."""
    handles = [Line2D([], [], linestyle="none", label=f"{drawing.legend}:")]
    handles += [
        Line2D(
            [], [], color=look.color, linestyle=look.linestyle, linewidth=1.3, markersize=4,
            marker=look.marker if drawing.dots is None else "o", label=line,
        )
        for line, look in looks(drawing).items()
    ]  # fmt: skip
    if drawing.marks:
        handles.append(
            Line2D([], [], color=FAINT, linewidth=0.9, linestyle=DOTTED, label=drawing.mark_label)
        )
    bins = drawing.bins is not None and not drawing.bins.empty
    if bins or drawing.data["paper"].notna().any():
        handles.append(Line2D([], [], color=FAINT, marker="o", label=drawing.paper_label, **PAPER))
    return handles
