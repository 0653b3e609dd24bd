"""A figure of claims, drawn: a row for each, its numbers on an axis that rows of one unit share."""

from dataclasses import dataclass, field
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..spec import ClaimRow, ClaimsDrawing
from .axes import short
from .style import FAINT, INK, Sheet, width, wrapped

_EDGE, _PAD = 0.08, 0.1  # inches: around all; between an axis and the words beside it
_ROW, _LINE, _AXIS = 0.21, 0.13, 0.46  # inches: a row, a line of words, what is below an axis
_TITLE, _LEGEND, _NOTE = 0.19, 0.22, 0.14
_ASIDE = 0.06  # of the numbers' span, left and right of them
_SHADE = "#e9eef3"
_BELOW = 0.27  # of a row, from its mean to its seeds, which a mean would hide
_BOUND, _HANDLE = "black", "#555555"  # unlike any row's: hovering finds the words by colour
_MEAN, _SEED, _PAPER = "|", "o", "D"
_SAID = ("mean", "a seed", "the paper")


@dataclass
class _Panel:
    """Rows of one unit: where each is, and each claim's words, in inches from the panel's top."""

    unit: str
    rows: list[tuple[float, ClaimRow]] = field(default_factory=list[tuple[float, ClaimRow]])
    heads: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    height: float = 0.0


def figure(drawing: ClaimsDrawing, sheet: Sheet) -> Figure:
    """Return the figure; to be called within `style.style`."""
    inner = sheet.width - 2 * _EDGE
    panels = [_panel(unit, list(rows), inner, sheet) for unit, rows in _by_unit(drawing)]
    title = wrapped(drawing.title, inner, sheet.title, "bold") if sheet.titled else []
    lines = [line for note in drawing.notes for line in wrapped(note, inner, sheet.note)]
    notes = lines if sheet.titled else []
    top = _EDGE + _TITLE * len(title) + _LEGEND
    bottom = _EDGE + _NOTE * len(notes)
    height = top + sum(one.height + _AXIS for one in panels) + bottom
    found = Figure(figsize=(sheet.width, height))
    left = _EDGE + _PAD + max(width(row.label, sheet.note) for row in drawing.rows)
    right = _EDGE + _PAD + max(width(row.verdict, sheet.note) for row in drawing.rows)
    at = top
    for one in panels:
        box = (
            left / sheet.width, 1 - (at + one.height) / height,
            1 - (left + right) / sheet.width, one.height / height,
        )  # fmt: skip
        _draw(found.add_axes(box), one, sheet, left)
        at += one.height + _AXIS
    for n, line in enumerate(title):
        found.text(
            _EDGE / sheet.width, 1 - (_EDGE + n * _TITLE) / height, line,
            size=sheet.title, weight="bold", va="top",
        )  # fmt: skip
    _legend(found, drawing, _EDGE / sheet.width, 1 - (_EDGE + _TITLE * len(title)) / height)
    for n, line in enumerate(reversed(notes)):
        y = (_EDGE + n * _NOTE) / height
        found.text(_EDGE / sheet.width, y, line, size=sheet.note, color=FAINT)
    return found


def _by_unit(drawing: ClaimsDrawing) -> "groupby[str, ClaimRow]":
    return groupby(drawing.rows, key=lambda row: row.unit)


def _panel(unit: str, rows: list[ClaimRow], inner: float, sheet: Sheet) -> _Panel:
    found = _Panel(unit)
    for claim, some in groupby(rows, key=lambda row: row.claim):
        found.height += 0.5 * _LINE
        for line in wrapped(claim, inner, sheet.note):
            found.heads.append((found.height + _LINE / 2, line))
            found.height += _LINE
        for row in some:
            found.rows.append((found.height + _ROW / 2, row))
            found.height += _ROW
    return found


def _draw(axes: Axes, panel: _Panel, sheet: Sheet, left: float) -> None:
    low, high = _limits([row for _, row in panel.rows])
    axes.set_xlim(low, high)
    axes.set_ylim(panel.height, 0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.set_axisbelow(True)
    for y, line in panel.heads:
        axes.annotate(
            line, (0, y), ((_EDGE - left) * 72, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", size=sheet.note, color=INK, va="center",
            annotation_clip=False,
        ).set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
    for y, row in panel.rows:
        _row(axes, y, row, low, high)
        axes.annotate(
            row.verdict, (1, y), (_PAD * 72, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", size=sheet.note, color=row.color, va="center",
            annotation_clip=False,
        )  # fmt: skip
    ticks = [y for y, _ in panel.rows]
    axes.set_yticks(ticks, [row.label for _, row in panel.rows], size=sheet.note)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(short))
    axes.set_xlabel(panel.unit)


def _limits(rows: list[ClaimRow]) -> tuple[float, float]:
    values = [
        value
        for row in rows
        for value in (*row.seeds, row.mean, row.low, row.high, row.paper, *_bounds(row))
        if value is not None
    ]
    aside = _ASIDE * (max(values) - min(values) or 1.0)
    return min(values) - aside, max(values) + aside


def _bounds(row: ClaimRow) -> list[float]:
    """Return the bounds of what is claimed: one, or two where it is claimed to lie between."""
    return [-row.bound, row.bound] if row.around else [row.bound]


def _row(axes: Axes, y: float, row: ClaimRow, low: float, high: float) -> None:
    half, mean = 0.42 * _ROW, y - 0.5 * _BELOW * _ROW * bool(row.seeds)
    first, last = (row.bound, high) if row.above else (low, row.bound)
    if row.around:
        first = -row.bound
    axes.fill_between([first, last], y - half, y + half, color=_SHADE, linewidth=0, zorder=0.8)
    axes.vlines(_bounds(row), y - half, y + half, color=_BOUND, linewidth=1.0, zorder=1.5)
    if row.low is not None and row.high is not None:
        axes.hlines(mean, row.low, row.high, color=row.color, linewidth=1.6, zorder=2)
    if row.seeds:
        axes.plot(
            row.seeds, [mean + _BELOW * _ROW] * len(row.seeds), color=row.color, marker=_SEED,
            markersize=3, markeredgewidth=0, linestyle="none", alpha=0.75, zorder=2.2,
        )  # fmt: skip
    axes.plot(
        [row.mean], [mean], color=row.color, marker=_MEAN, markersize=7, markeredgewidth=2.4,
        linestyle="none", zorder=2.5,
    )  # fmt: skip
    if row.paper is not None:
        axes.plot(
            [row.paper], [y], color=INK, marker=_PAPER, markersize=4, markerfacecolor="white",
            markeredgewidth=0.9, linestyle="none", zorder=3,
        )  # fmt: skip


def _legend(figure: Figure, drawing: ClaimsDrawing, x: float, y: float) -> None:
    """Add what the marks are: only of those that are drawn."""
    there = (
        True,
        any(row.seeds for row in drawing.rows),
        any(row.paper is not None for row in drawing.rows),
    )
    faces = (_HANDLE, _HANDLE, "white")
    sizes, edges = (7, 3, 4), (2.4, 0.0, 1.2)
    handles = [
        Line2D(
            [], [], color=_HANDLE, linestyle="none", marker=marker, markersize=size,
            markerfacecolor=face, markeredgewidth=edge, label=said,
        )
        for marker, size, face, edge, said, shown in zip(
            (_MEAN, _SEED, _PAPER), sizes, faces, edges, _SAID, there, strict=True
        )
        if shown
    ]  # fmt: skip
    handles.append(
        Line2D(
            [], [], color=_BOUND, linestyle="none", marker=_MEAN, markersize=11,
            label="bound of the claim",
        )
    )  # fmt: skip
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(x, y), ncols=len(handles),
        frameon=False, borderpad=0, borderaxespad=0, handletextpad=0.2, columnspacing=1.2,
        handlelength=1.2,
    )  # fmt: skip
