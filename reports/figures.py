"""The figures: a drawing's numbers as PNG, SVG or PDF, the same bytes for the same drawing.

Made without pyplot and without the user's style, so nothing outside this file changes a picture.
"""

import io
import math
import textwrap
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from .drawing import Drawing, Line, Panel

_WIDTH = 7.2  # inches: a page's text width
_TOP, _LEFT, _RIGHT, _EDGE = 0.72, 0.56, 0.12, 0.08  # inches around the panels; around all
_ROW, _BETWEEN_ROWS, _BETWEEN = 1.6, 0.3, 0.16  # inches: a row's height, gaps
_HANDLE, _PAD = 1.8, 0.5  # of the legend, in its font's size
_NO_HANDLE = (_HANDLE + _PAD) * 8 / 72  # inches before the legend's heading
_NOTE = 0.13  # inches of a line of notes
_CHARACTERS = 150  # of a note's line
_INK, _FAINT = "#222222", "#6b6b6b"
_SHAPES = "os^DvPX"  # a line is known by its shape as well as by its colour
_ASIDE = 0.012  # of the x axis, between bars of neighbouring lines
_FEW = 12  # points of a line that each get their shape; more are thinned
_STYLE: dict[Any, Any] = {
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.titlesize": 8,
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 8,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.5,
    "legend.fontsize": 8,
    "path.simplify": False,
    "pdf.fonttype": 3,
    "svg.fonttype": "path",
    "svg.hashsalt": "sgbench",
    "text.color": _INK,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.color": _FAINT,
    "ytick.color": _FAINT,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
}
_METADATA: dict[str, dict[str, Any]] = {  # what would tell the day or the version
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def render(drawing: Drawing, formats: Sequence[str]) -> dict[str, bytes]:
    """Return the picture in each of `formats` (png, svg, pdf), each a file's content."""
    files: dict[str, bytes] = {}
    with _style():
        figure = _figure(drawing)
        for form in formats:
            buffer = io.BytesIO()
            figure.savefig(buffer, format=form, dpi=200, metadata=_METADATA[form])
            files[form] = buffer.getvalue()
    return files


@contextmanager
def _style() -> Generator[None]:
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def _figure(drawing: Drawing) -> Figure:
    """Return the figure, laid out by hand in inches: quicker than a layout engine, and steady."""
    rows, columns = len(drawing.rows), len(drawing.rows[0])
    notes = [line for note in drawing.notes for line in textwrap.wrap(note, _CHARACTERS)]
    bottom = 0.46 + _NOTE * len(notes)
    height = _TOP + rows * _ROW + (rows - 1) * _BETWEEN_ROWS + bottom
    panel = (_WIDTH - _LEFT - _RIGHT - (columns - 1) * _BETWEEN) / columns
    figure = Figure(figsize=(_WIDTH, height))
    grid = figure.subplots(
        rows,
        columns,
        sharex=True,
        sharey=True,
        squeeze=False,
        gridspec_kw={
            "left": _LEFT / _WIDTH,
            "right": 1 - _RIGHT / _WIDTH,
            "bottom": bottom / height,
            "top": 1 - _TOP / height,
            "wspace": _BETWEEN / panel,
            "hspace": _BETWEEN_ROWS / _ROW,
        },
    )
    lines = [line for row in drawing.rows for panel in row for line in panel.lines]
    for axes, content in zip(grid.flat, (p for row in drawing.rows for p in row), strict=True):
        _panel(axes, content, drawing)
    for axes in grid[:, 1:].flat:
        axes.tick_params(left=False, which="both")
        axes.spines["left"].set_visible(False)
    _limits(grid[0][0], lines, drawing)
    middle = (bottom + (height - _TOP)) / 2 / height
    center = (_LEFT + _WIDTH - _RIGHT) / 2 / _WIDTH
    figure.text(_EDGE / _WIDTH, middle, drawing.y_label, rotation=90, va="center")
    figure.text(center, (bottom - 0.32) / height, drawing.x_label, ha="center", va="center")
    figure.text(
        _EDGE / _WIDTH, 1 - _EDGE / height, drawing.title, size=9.5, weight="bold", va="top"
    )
    figure.legend(
        handles=_handles(lines, drawing),
        loc="upper left",
        bbox_to_anchor=((_EDGE - _NO_HANDLE) / _WIDTH, 1 - 0.32 / height),
        ncols=12,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handlelength=_HANDLE,
        handletextpad=_PAD,
        columnspacing=1.4,
    )
    for n, note in enumerate(reversed(notes)):
        y = (_EDGE + n * _NOTE) / height
        figure.text(_EDGE / _WIDTH, y, note, size=6.5, color=_FAINT)
    return figure


def _panel(axes: Axes, panel: Panel, drawing: Drawing) -> None:
    axes.set_title(panel.title, loc="left", y=1.0, pad=3)  # a given y saves measuring every tick
    axes.xaxis.set_label_coords(0.5, 0.0)  # and so does this: the figure has the labels
    axes.yaxis.set_label_coords(0.0, 0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis="y")
    axes.set_axisbelow(True)
    if drawing.x_log:
        axes.set_xscale("log")
    if drawing.y_log:
        axes.set_yscale("log")
    else:
        axes.axhline(0, color=_FAINT, linewidth=0.6)
    for mark in panel.marks if panel.lines else ():
        axes.axvline(mark, color=_FAINT, linewidth=0.7, linestyle=(0, (1, 2)), zorder=1)
    if not panel.lines:
        middle = axes.transAxes
        axes.text(0.5, 0.5, "no result", color=_FAINT, ha="center", va="center", transform=middle)
    for line in panel.lines:
        color, shape = _look(line)
        low = [m if v is None else v for v, m in zip(line.low, line.mean, strict=True)]
        high = [m if v is None else v for v, m in zip(line.high, line.mean, strict=True)]
        at = _dodged(line) if drawing.bars else line.x
        if drawing.bars:
            axes.vlines(at, low, high, color=color, linewidth=0.8, alpha=0.7)
        elif any(value is not None for value in line.low):
            axes.fill_between(at, low, high, color=color, alpha=0.16, linewidth=0)
        every = max(1, math.ceil(len(at) / _FEW))
        axes.plot(
            at, line.mean, color=color, linewidth=1.1, marker=shape, markersize=3,
            markeredgewidth=0, markevery=(every - 1, every),
        )  # fmt: skip
        if line.paper is not None:
            axes.plot(
                line.x[-1], line.paper, color=color, marker=shape, markersize=4,
                markeredgewidth=0.8, markerfacecolor="white", clip_on=False, zorder=5,
            )  # fmt: skip


def _dodged(line: Line) -> list[float]:
    """Return x on its logarithmic axis, a little aside, so that lines' bars stand side by side."""
    aside = _ASIDE * (line.index - (line.count - 1) / 2)
    return [x * (max(line.x) / min(line.x)) ** aside for x in line.x]


def _limits(axes: Axes, lines: Sequence[Line], drawing: Drawing) -> None:
    """Fit the axes to the means: the interval of two seeds may be wider than everything else."""
    values = [value for line in lines for value in (*line.mean, *_known(line.paper))]
    if drawing.y_log:
        values = [value for value in values if value > 0] or [1.0, 10.0]
        low, high = min(values) / 1.25, max(values) * 1.25
        axes.set_ylim(low, high)
        if high / low < 200:
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(_short)
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        low, high = min(values), max(values)
        axes.set_ylim(max(-1.0, min(0.0, low) - 0.08), min(1.02, high + 0.08))
    if drawing.x_log:
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(_short)


def _short(value: float, _position: float = 0.0) -> str:
    if 0 < abs(value) < 0.01:
        return f"{value:.0e}".replace("e-0", "e-")
    return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"


def _known(value: float | None) -> tuple[float, ...]:
    return () if value is None else (value,)


def _look(line: Line) -> tuple[Any, str]:
    """Return a line's colour and shape: an order from dark to light, readable without colour."""
    place = line.index / max(1, line.count - 1)
    return mpl.colormaps["viridis"](0.85 * place), _SHAPES[line.index % len(_SHAPES)]


def _handles(lines: Sequence[Line], drawing: Drawing) -> list[Any]:
    handles = [Line2D([], [], linestyle="none", label=f"{drawing.legend}:")]
    for label, line in sorted({line.label: line for line in lines}.items(), key=_order):
        color, shape = _look(line)
        handles.append(
            Line2D([], [], color=color, marker=shape, markersize=3.5, linewidth=1.1, label=label)
        )
    if any(panel.marks for row in drawing.rows for panel in row):
        handles.append(
            Line2D([], [], color=_FAINT, linewidth=0.8, linestyle=(0, (1, 2)),
                   label=drawing.mark_label)
        )  # fmt: skip
    if any(line.paper is not None for line in lines):
        handles.append(
            Line2D([], [], color=_FAINT, marker="o", markersize=5, markerfacecolor="white",
                   linestyle="none", label="the paper, at the end")
        )  # fmt: skip
    return handles


def _order(item: tuple[str, Line]) -> int:
    return item[1].index
