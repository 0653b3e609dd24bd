"""Figures as files: a drawing as PNG, SVG or PDF, the same bytes for the same drawing.

Made without pyplot and without the user's style, so nothing outside this folder changes a picture.
"""

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..spec import AnyDrawing, ClaimsDrawing, Drawing, StagesDrawing
from . import claim_rows, stage_panels, style
from .axes import fit, open_left
from .inline import inline
from .panel import PAPER, REFERENCE, dodged, joined, looks, panel
from .style import DOTTED, FAINT, SHEETS, Sheet, width, wrapped

_LEFT, _RIGHT, _EDGE = 0.62, 0.12, 0.08  # inches beside the panels; around all
_BETWEEN_ROWS, _BETWEEN = 0.32, 0.16  # inches between panels
_TITLE, _LEGEND, _PANEL_TITLE, _NOTE = 0.19, 0.19, 0.15, 0.14  # inches of a line
_HANDLE, _PAD, _COLUMN = 2.2, 0.5, 1.2  # of the legend, in its font's size
_METADATA: dict[str, dict[str, Any]] = {  # what would tell the day or the version
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_LAST = re.compile(r"\band (?=\d+\b)")
_TITLED = {
    "png": ("Title", "Description"),
    "svg": ("Title", "Description"),
    "pdf": ("Title", "Subject"),
}


def render(drawing: AnyDrawing, formats: Sequence[str], sheet: str = "screen") -> dict[str, bytes]:
    """Return the picture in each of `formats`, each a file's content.

    Those are png, svg, pdf, and html: an svg element to stand within a page (`inline`).
    Its title and caption are in the file's metadata, too. `sheet` is a name in `style.SHEETS`.
    """
    with style.style(SHEETS[sheet]):
        look = SHEETS[sheet]
        if isinstance(drawing, ClaimsDrawing):
            figure = claim_rows.figure(drawing, look)
        elif isinstance(drawing, StagesDrawing):
            figure = stage_panels.figure(drawing, look)
        else:
            figure = _figure(drawing, look)
        return saved(figure, formats, (drawing.title, " ".join(drawing.notes)))


def saved(
    figure: Figure, formats: Sequence[str], told: tuple[str, str] = ("", "")
) -> dict[str, bytes]:
    """Return a figure in each of `formats`; to be called within `style.style`.

    Args:
        figure: what to save.
        formats: of png, svg and pdf.
        told: its title and its caption, for the metadata.
    """
    files: dict[str, bytes] = {}
    for form in formats:
        if form == "html":
            files[form] = inline(figure)
            continue
        buffer = io.BytesIO()
        words = {name: text for name, text in zip(_TITLED[form], told, strict=True) if text}
        figure.savefig(buffer, format=form, dpi=200, metadata=_METADATA[form] | words)
        files[form] = buffer.getvalue()
    return files


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where everything is, in inches: quicker than a layout engine, and steady.

    `slots` are the panels by row and column of labels, None where there is none; `titles` are the
    lines of their titles, `handles` the rows of the legend.
    """

    sheet: Sheet
    columns: int
    slots: list[tuple[str, str] | None]
    titles: dict[tuple[str, str], list[str]]
    title: list[str]
    handles: list[list[Line2D]]
    notes: list[str]

    @property
    def rows(self) -> int:
        return len(self.slots) // self.columns

    @property
    def row(self) -> float:
        return self.sheet.only_row if self.rows == 1 else self.sheet.row

    @property
    def between_rows(self) -> float:
        """Between two rows of panels, their titles included."""
        return _BETWEEN_ROWS + _PANEL_TITLE * (max(map(len, self.titles.values())) - 1)

    @property
    def above(self) -> float:
        """Above the legend."""
        return 0.34 + _TITLE * (len(self.title) - 1) if self.sheet.titled else _EDGE

    @property
    def top(self) -> float:
        """Above the panels: title, legend and the panels' titles."""
        return self.above + 0.12 + _LEGEND * (len(self.handles) - 1) + self.between_rows

    @property
    def bottom(self) -> float:
        return 0.52 + _NOTE * len(self.notes)

    @property
    def height(self) -> float:
        panels = self.rows * self.row + (self.rows - 1) * self.between_rows
        return self.top + panels + self.bottom


def _layout(drawing: Drawing, sheet: Sheet) -> _Layout:
    rows, columns = drawing.data["row"].cat.categories, drawing.data["column"].cat.categories
    wide = math.ceil(len(columns) / math.ceil(len(columns) / sheet.columns))
    slots: list[tuple[str, str] | None] = []
    for row in rows:
        slots += [(str(row), str(column)) for column in columns]
        slots += [None] * (-len(slots) % wide)
    titles = {
        at: wrapped(", ".join(filter(None, at)), _panel_width(sheet, wide), sheet.panel)
        for at in slots
        if at is not None
    }
    inner = sheet.width - 2 * _EDGE
    notes = [line for note in drawing.notes for line in wrapped(_tied(note), inner, sheet.note)]
    return _Layout(
        sheet=sheet,
        columns=wide,
        slots=slots,
        titles=titles,
        title=wrapped(_tied(drawing.title), inner, sheet.title, "bold"),
        handles=_rows_of(_handles(drawing), inner, sheet.legend),
        notes=notes if sheet.titled else [],
    )


def _tied(note: str) -> str:
    """Return words with no line break before a percent sign, or the last number of a list."""
    return _LAST.sub("and\N{NO-BREAK SPACE}", note.replace(" %", "\N{NO-BREAK SPACE}%"))


def _panel_width(sheet: Sheet, columns: int) -> float:
    return (sheet.width - _LEFT - _RIGHT - (columns - 1) * _BETWEEN) / columns


def _figure(drawing: Drawing, sheet: Sheet) -> Figure:
    layout = _layout(drawing, sheet)
    figure = Figure(figsize=(sheet.width, layout.height))
    grid = figure.subplots(
        layout.rows,
        layout.columns,
        sharex=True,
        sharey=True,
        squeeze=False,
        gridspec_kw={
            "left": _LEFT / sheet.width,
            "right": 1 - _RIGHT / sheet.width,
            "bottom": layout.bottom / layout.height,
            "top": 1 - layout.top / layout.height,
            "wspace": _BETWEEN / _panel_width(sheet, layout.columns),
            "hspace": layout.between_rows / layout.row,
        },
    )
    panels = dict(list(dodged(drawing).groupby(["row", "column"], observed=True)))
    below = [*layout.slots[layout.columns :], *[None] * layout.columns]
    for axes, at, under in zip(grid.flat, layout.slots, below, strict=True):
        if at is None:
            axes.set_visible(False)
            continue
        panel(axes, drawing, panels.get(at, drawing.data[:0]), at, "\n".join(layout.titles[at]))
        if under is None:
            axes.tick_params(labelbottom=True)
    open_left(grid)
    fit(grid[0][0], drawing)
    _words(figure, drawing, layout)
    return figure


def _words(figure: Figure, drawing: Drawing, layout: _Layout) -> None:
    """Write the title, the legend, the axes' labels and the notes."""
    sheet, height = layout.sheet, layout.height
    edge = _EDGE / sheet.width
    middle = (layout.bottom + height - layout.top) / 2 / height
    center = (_LEFT + sheet.width - _RIGHT) / 2 / sheet.width
    figure.text(edge, middle, drawing.y_label, rotation=90, va="center")
    figure.text(center, (layout.bottom - 0.36) / height, drawing.x_label, ha="center", va="center")
    for n, line in enumerate(layout.title if sheet.titled else ()):
        at = 1 - (_EDGE + n * _TITLE) / height
        figure.text(edge, at, line, size=sheet.title, weight="bold", va="top")
    before = (_HANDLE + _PAD) * sheet.legend / 72  # inches of no handle
    for n, handles in enumerate(layout.handles):
        figure.legend(
            handles=handles,
            loc="upper left",
            bbox_to_anchor=(
                (_EDGE - (0 if n else before)) / sheet.width,
                1 - (layout.above + _LEGEND * n) / height,
            ),
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
        figure.text(edge, at, note, size=sheet.note, color=FAINT)


def _rows_of(handles: Sequence[Line2D], inches: float, size: float) -> list[list[Line2D]]:
    """Return the handles of the legend, as many in a row as so many inches hold."""
    rows: list[list[Line2D]] = [[]]
    before, between = ((_HANDLE + _PAD) * size / 72, _COLUMN * size / 72)
    used = -before  # the first has no handle
    for handle in handles:
        mine = before + width(str(handle.get_label()), size) + between
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
    if drawing.references is not None:
        for rule, label in dict(drawing.references[["rule", "label"]].to_numpy().tolist()).items():
            handles.append(Line2D([], [], color=drawing.colors[rule], label=label, **REFERENCE))
    if drawing.marks:
        handles.append(
            Line2D([], [], color=FAINT, linewidth=0.9, linestyle=DOTTED, label=drawing.mark_label)
        )
    bins = drawing.bins is not None and not drawing.bins.empty
    early = drawing.early is not None and not drawing.early.empty
    if bins or early or drawing.data["paper"].notna().any():
        look: dict[str, Any] = PAPER | ({} if joined(drawing) else {"linestyle": "none"})
        handles.append(Line2D([], [], color=FAINT, marker="o", label=drawing.paper_label, **look))
    return handles
