"""The figures: a drawing's numbers as PNG, SVG or PDF, the same bytes for the same drawing.

Made without pyplot and without the user's style, so nothing outside this file changes a picture.
"""

import io
import itertools
import math
import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MultipleLocator, NullLocator

from . import scatter, style
from .spec import Drawing
from .style import DOTTED, FAINT, INK, LEGEND_SIZE

_WIDTH = 7.2  # inches: a page's text width
_TOP, _LEFT, _RIGHT, _EDGE = 0.78, 0.62, 0.12, 0.08  # inches around the panels; around all
_ROW, _ONLY_ROW = 1.6, 2.2  # inches: a row's height, where there are more of them or one
_BETWEEN_ROWS, _BETWEEN = 0.32, 0.16  # inches between panels
_HANDLE, _PAD = 1.8, 0.5  # of the legend, in its font's size
_NOTE = 0.14  # inches of a line of notes
_CHARACTERS = 138  # of a note's line
_SHAPES = "os^DvPX"  # a line is known by its shape as well as by its colour
_ASIDE = 0.012  # of the x axis, between bars of neighbouring lines
_FEW = 12  # points of a line that each get their shape; more are thinned
METADATA: dict[str, dict[str, Any]] = {  # what would tell the day or the version
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def render(drawing: Drawing, formats: Sequence[str]) -> dict[str, bytes]:
    """Return the picture in each of `formats` (png, svg, pdf), each a file's content."""
    files: dict[str, bytes] = {}
    with style.style():
        figure = _figure(drawing)
        for form in formats:
            buffer = io.BytesIO()
            figure.savefig(buffer, format=form, dpi=200, metadata=METADATA[form])
            files[form] = buffer.getvalue()
    return files


def _figure(drawing: Drawing) -> Figure:
    """Return the figure, laid out by hand in inches: quicker than a layout engine, and steady."""
    data = _dodged(drawing) if drawing.bars else drawing.data
    rows, columns = data["row"].cat.categories, data["column"].cat.categories
    notes = [line for note in drawing.notes for line in textwrap.wrap(note, _CHARACTERS)]
    bottom = 0.52 + _NOTE * len(notes)
    row = _ONLY_ROW if len(rows) == 1 else _ROW
    height = _TOP + len(rows) * row + (len(rows) - 1) * _BETWEEN_ROWS + bottom
    width = (_WIDTH - _LEFT - _RIGHT - (len(columns) - 1) * _BETWEEN) / len(columns)
    figure = Figure(figsize=(_WIDTH, height))
    grid = figure.subplots(
        len(rows),
        len(columns),
        sharex=True,
        sharey=True,
        squeeze=False,
        gridspec_kw={
            "left": _LEFT / _WIDTH,
            "right": 1 - _RIGHT / _WIDTH,
            "bottom": bottom / height,
            "top": 1 - _TOP / height,
            "wspace": _BETWEEN / width,
            "hspace": _BETWEEN_ROWS / row,
        },
    )
    panels = dict(list(data.groupby(["row", "column"], observed=True)))
    for axes, place in zip(grid.flat, itertools.product(rows, columns), strict=True):
        title = ", ".join(word for word in place if word)
        _panel(axes, panels.get(place, data[:0]), title, drawing)
        if drawing.dots is not None:
            scatter.draw(axes, drawing, place, _colors(drawing, None))
    for axes in grid[:, 1:].flat:
        axes.tick_params(left=False, which="both")
        axes.spines["left"].set_visible(False)
    _limits(grid[0][0], drawing)
    _words(figure, drawing, notes, bottom)
    return figure


def _words(figure: Figure, drawing: Drawing, notes: Sequence[str], bottom: float) -> None:
    """Write the title, the legend, the axes' labels and the notes; `bottom` is in inches."""
    height = figure.get_figheight()
    edge, top = _EDGE / _WIDTH, 1 - _EDGE / height
    middle = (bottom + (height - _TOP)) / 2 / height
    center = (_LEFT + _WIDTH - _RIGHT) / 2 / _WIDTH
    figure.text(edge, middle, drawing.y_label, rotation=90, va="center")
    figure.text(center, (bottom - 0.36) / height, drawing.x_label, ha="center", va="center")
    figure.text(edge, top, drawing.title, size=10.5, weight="bold", va="top")
    before = (_HANDLE + _PAD) * LEGEND_SIZE / 72  # inches of no handle
    figure.legend(
        handles=_handles(drawing),
        loc="upper left",
        bbox_to_anchor=((_EDGE - before) / _WIDTH, 1 - 0.34 / height),
        ncols=12,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handlelength=_HANDLE,
        handletextpad=_PAD,
        columnspacing=1.2,
    )
    for n, note in enumerate(reversed(notes)):
        figure.text(edge, (_EDGE + n * _NOTE) / height, note, size=7, color=FAINT)


def _panel(axes: Axes, data: pd.DataFrame, title: str, drawing: Drawing) -> None:
    rules = data["rule"].unique().tolist()
    lines = list(data["line"].cat.categories)
    known = drawing.shaded and len(rules) == 1
    colors = _colors(drawing, rules[0] if known else None)
    # A given y saves measuring every tick; the figure has the labels, so these may lie anywhere.
    axes.set_title(title, loc="left", y=1.0, pad=3, color=style.color(rules[0]) if known else INK)
    axes.xaxis.set_label_coords(0.5, 0.0)
    axes.yaxis.set_label_coords(0.0, 0.5)
    axes.grid(visible=True, axis="y")
    axes.set_axisbelow(True)
    if drawing.x_log:
        axes.set_xscale("log")
    if drawing.y_log:
        axes.set_yscale("log")
    elif drawing.y_range is not None:
        axes.axhline(0, color=FAINT, linewidth=0.6)
    if data.empty:
        return
    for mark in drawing.marks:
        axes.axvline(mark, color=FAINT, linewidth=0.8, linestyle=DOTTED, zorder=1)
    for name, some in data.groupby("line", observed=True):
        line = str(name)
        low, high = some["low"], some["high"]
        if drawing.dots is None:  # a band of none is a line; a population's ends where it ends
            low, high = low.fillna(some["mean"]), high.fillna(some["mean"])
        if drawing.bars:
            axes.vlines(some["x"], low, high, color=colors[line], linewidth=0.9, alpha=0.7)
        elif some["low"].notna().any():
            shape: dict[str, Any] = {"step": "post"} if drawing.steps else {}
            axes.fill_between(
                some["x"], low, high, color=colors[line], alpha=0.15, linewidth=0, **shape
            )
    form: dict[str, Any] = {
        "data": data, "x": "x", "hue": "line", "hue_order": lines, "palette": colors,
        "style": "line", "style_order": lines, "markers": _shapes(lines), "dashes": False,
        "estimator": None, "errorbar": None, "legend": False, "ax": axes,
    }  # fmt: skip
    axes.set(xlabel=" ", ylabel=" ")  # seaborn looks at every tick to see if it is to set them
    if drawing.dots is not None:
        form["markers"] = False  # they are the networks'
    every = max(1, math.ceil(data.groupby("line", observed=True).size().max() / _FEW))
    drawn = "steps-post" if drawing.steps else "default"
    sns.lineplot(y="mean", markeredgewidth=0, markevery=(every - 1, every), drawstyle=drawn, **form)
    if data["paper"].notna().any():
        before = len(axes.lines)
        sns.lineplot(
            y="paper", linestyle=DOTTED, linewidth=0.9, clip_on=False, markersize=4.5,
            markerfacecolor="white", markeredgewidth=0.9, **form,
        )  # fmt: skip
        for line in axes.lines[before:]:
            line.set_markeredgecolor(line.get_color())
    axes.set(xlabel="", ylabel="")


def _dodged(drawing: Drawing) -> pd.DataFrame:
    """Return the data with each line's x a little aside, so that bars stand side by side."""
    data, x = drawing.data, drawing.data["x"]
    lines = len(data["line"].cat.categories)
    aside = _ASIDE * (data["line"].cat.codes - (lines - 1) / 2)
    if drawing.x_log:
        return data.assign(x=x * (x.max() / x.min()) ** aside)
    return data.assign(x=x + (x.max() - x.min()) * aside)


def _limits(axes: Axes, drawing: Drawing) -> None:
    """Fit the axes to the means: the interval of two seeds may be wider than everything else."""
    data = drawing.data
    values = pd.concat([data["mean"], data["paper"], *scatter.values(drawing)]).dropna()
    if drawing.y_log:
        values = values[values > 0]
        low, high = (1.0, 10.0) if values.empty else (values.min() / 1.25, values.max() * 1.25)
        axes.set_ylim(low, high)
        if high / low < 200:
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(short)
        axes.yaxis.set_minor_locator(NullLocator())
    elif drawing.y_range is not None:  # what is bounded, whole or almost
        low, high = drawing.y_range
        low, high = max(low, min(0.0, values.min()) - 0.08), min(high, values.max() + 0.08)
        axes.set_ylim(low, high)
        if high - low < 0.9:
            axes.yaxis.set_major_locator(MultipleLocator(0.1))  # more digits reach y's label
    else:
        low, high = values.min(), values.max()
        aside = 0.08 * (high - low) or 0.08 * abs(high) or 1.0  # where all are the same, too
        axes.set_ylim(max(0.0, low - aside), high + aside)
    if drawing.bars and not drawing.x_log:
        axes.set_xticks(sorted(data["x"].unique()))
    elif drawing.x_log:
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        if 3 * data["x"].min() <= data["x"].max():  # else most of a panel would be empty
            axes.set_xlim(left=0)
        if (data["x"] % 1 == 0).all():  # no half layers
            locator: Any = axes.xaxis.get_major_locator()
            locator.set_params(integer=True)
    if data["x"].nunique() == 1:
        axes.set_xticks([data["x"].iloc[0]])
    axes.xaxis.set_major_formatter(short)


def short(value: float, _position: float = 0.0) -> str:
    """Return how an axis writes a number."""
    if 0 < abs(value) < 0.01:
        return f"{value:.0e}".replace("e-0", "e-")
    return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"


def _colors(drawing: Drawing, rule: str | None) -> dict[str, Any]:
    """Return the colour of each line: a shade of that of `rule`, or where a line is a rule, its."""
    lines = list(drawing.data["line"].cat.categories)
    if drawing.ordered:
        return style.sequence(lines)
    if drawing.shaded:
        return style.shades(rule, lines)
    rules = drawing.data.drop_duplicates("line").set_index("line")["rule"]
    return {line: style.color(rules.get(line, "")) for line in lines}


def _shapes(lines: Sequence[str]) -> dict[str, str]:
    return dict(zip(lines, itertools.cycle(_SHAPES), strict=False))


def _handles(drawing: Drawing) -> list[Any]:
    handles = [Line2D([], [], linestyle="none", label=f"{drawing.legend}:")]
    colors = _colors(drawing, None)
    shapes = _shapes(list(colors)) if drawing.dots is None else dict.fromkeys(colors, "o")
    handles += [
        Line2D([], [], color=colors[line], marker=shapes[line], markersize=4, linewidth=1.3,
               label=line)
        for line in colors
    ]  # fmt: skip
    if drawing.marks:
        handles.append(
            Line2D([], [], color=FAINT, linewidth=0.9, linestyle=DOTTED, label=drawing.mark_label)
        )
    if drawing.data["paper"].notna().any() or scatter.has_bins(drawing):
        handles.append(
            Line2D([], [], color=FAINT, marker="o", markersize=4.5, markerfacecolor="white",
                   linestyle=DOTTED, linewidth=0.9, label=drawing.paper_label)
        )  # fmt: skip
    return handles
