"""One panel of a figure: its lines, intervals, networks and the paper's values, and its axes."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MultipleLocator, NullLocator

from . import style
from .spec import Drawing
from .style import DOTTED, FAINT, INK, Look

PAPER: dict[str, Any] = {
    "linestyle": DOTTED, "linewidth": 0.9, "markersize": 4.5, "markerfacecolor": "white",
    "markeredgewidth": 0.9,
}  # fmt: skip
"""How the paper's values are drawn: hollow markers on a dotted line."""
_AREA, _ALPHA = 7.0, 0.5  # of a network's dot, in points squared
_ASIDE = 0.012  # of the x axis, between bars of neighbouring lines
_DECADE = 8  # ratio of a range's ends from which on 1, 2 and 5 are ticks enough
_FEW = 12  # points of a line that each get their marker; more are thinned


def looks(drawing: Drawing, rule: str | None = None) -> dict[str, Look]:
    """Return the look of each line; shades are of the colour of `rule`, grey for None."""
    lines = list(drawing.data["line"].cat.categories)
    if drawing.ordered:
        return style.looks(style.sequence(lines), dashed=False)
    if drawing.shaded:
        color = None if rule is None else drawing.colors[rule]
        return style.looks(style.shades(color, lines), dashed=False)
    rules = drawing.data.drop_duplicates("line").set_index("line")["rule"]
    return style.looks({line: drawing.colors[rules[line]] for line in lines}, dashed=True)


def dodged(drawing: Drawing) -> pd.DataFrame:
    """Return the data with each line's x a little aside, so that bars stand side by side."""
    data, x = drawing.data, drawing.data["x"]
    if not drawing.bars:
        return data
    lines = len(data["line"].cat.categories)
    aside = _ASIDE * (data["line"].cat.codes - (lines - 1) / 2)
    if drawing.x_log:
        return data.assign(x=x * (x.max() / x.min()) ** aside)
    return data.assign(x=x + (x.max() - x.min()) * aside)


def panel(
    axes: Axes, drawing: Drawing, data: pd.DataFrame, at: tuple[str, str], title: str
) -> None:
    """Draw one panel.

    Args:
        axes: where.
        drawing: the figure.
        data: the panel's part of `dodged`; may be empty.
        at: its row and column.
        title: of the panel.
    """
    rules = data["rule"].unique().tolist()
    rule = rules[0] if drawing.shaded and len(rules) == 1 else None
    # A given y saves measuring every tick; the figure has the labels, so these may lie anywhere.
    axes.set_title(title, loc="left", y=1.0, pad=3, color=drawing.colors[rule] if rule else INK)
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
    groups = [(str(line), some) for line, some in data.groupby("line", observed=True)]
    longest, known = max(len(some) for _, some in groups), looks(drawing, rule)
    for line, some in groups:
        _intervals(axes, drawing, some, known[line])
    for line, some in groups:
        _line(axes, drawing, some.sort_values("x"), known[line], max(1, math.ceil(longest / _FEW)))
    _networks(axes, drawing, at, known)


def _intervals(axes: Axes, drawing: Drawing, line: pd.DataFrame, look: Look) -> None:
    low, high = line["low"], line["high"]
    if drawing.dots is None:  # a band of none is a line; a population's ends where it ends
        low, high = low.fillna(line["mean"]), high.fillna(line["mean"])
    if drawing.bars:
        axes.vlines(line["x"], low, high, color=look.color, linewidth=0.9, alpha=0.7)
    elif line["low"].notna().any():
        shape: dict[str, Any] = {"step": "post"} if drawing.steps else {}
        axes.fill_between(line["x"], low, high, color=look.color, alpha=0.15, linewidth=0, **shape)


def _line(axes: Axes, drawing: Drawing, line: pd.DataFrame, look: Look, every: int) -> None:
    """Draw a line with a marker at each `every`-th point, and the paper's values."""
    population = drawing.dots is not None
    axes.plot(
        line["x"], line["mean"], color=look.color,
        linestyle=look.linestyle,
        marker=None if population else look.marker,  # the markers are the networks'
        markeredgewidth=0, markevery=(every - 1, every),
        drawstyle="steps-post" if drawing.steps else "default",
    )  # fmt: skip
    paper = line.dropna(subset="paper")
    if not paper.empty:
        axes.plot(
            paper["x"], paper["paper"], color=look.color, marker=look.marker, clip_on=False, **PAPER
        )


def _networks(axes: Axes, drawing: Drawing, at: tuple[str, str], known: Mapping[str, Look]) -> None:
    """Draw a population's networks, and the paper's medians over their bins."""
    for line, some in _of(drawing.dots, at):
        axes.scatter(
            some["x"], some["y"], s=_AREA, color=known[line].color, alpha=_ALPHA, linewidth=0,
            zorder=1.5,
        )  # fmt: skip
    ring: dict[str, Any] = PAPER | {"linestyle": "none"}
    for line, some in _of(drawing.bins, at):
        axes.hlines(
            some["y"], some["left"], some["right"], color=known[line].color, linestyle=DOTTED,
            linewidth=1.2, zorder=3,
        )  # fmt: skip
        axes.plot(
            (some["left"] + some["right"]) / 2, some["y"], color=known[line].color, marker="o",
            zorder=3.5, **ring,
        )  # fmt: skip


def _of(frame: pd.DataFrame | None, at: tuple[str, str]) -> list[tuple[str, pd.DataFrame]]:
    """Return the lines of a panel, each with its part of `frame`."""
    if frame is None:
        return []
    row, column = at
    mine = frame[(frame["row"] == row) & (frame["column"] == column)]
    return [(str(line), some) for line, some in mine.groupby("line", observed=True)]


def fit(axes: Axes, drawing: Drawing) -> None:
    """Fit the shared axes to the means: an interval of two seeds may be wider than all else."""
    others = [frame["y"] for frame in (drawing.dots, drawing.bins) if frame is not None]
    values = pd.concat([drawing.data["mean"], drawing.data["paper"], *others]).dropna()
    if drawing.y_log:
        values = values[values > 0]
        low, high = (1.0, 10.0) if values.empty else (values.min() / 1.25, values.max() * 1.25)
        log_y(axes, low, high)
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
    _fit_x(axes, drawing)


def _fit_x(axes: Axes, drawing: Drawing) -> None:
    x = drawing.data["x"]
    if x.nunique() == 1:
        axes.set_xticks([x.iloc[0]])
    elif drawing.x_log:
        axes.xaxis.set_minor_locator(NullLocator())
    elif drawing.bars:
        axes.set_xticks(sorted(x.unique()))
    else:
        if 3 * x.min() <= x.max():  # else most of a panel would be empty
            axes.set_xlim(left=0)
        if (x % 1 == 0).all():  # no half layers
            locator: Any = axes.xaxis.get_major_locator()
            locator.set_params(integer=True)
    axes.xaxis.set_major_formatter(short)


def log_y(axes: Axes, low: float, high: float) -> None:
    """Make y logarithmic, with ticks at round numbers as dense as its range needs."""
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    if high / low < 200:
        subs = (1, 2, 5) if high / low > _DECADE else (1, 1.5, 2, 3, 4, 5, 6, 8)
        axes.yaxis.set_major_locator(LogLocator(subs=subs))
    axes.yaxis.set_major_formatter(short)
    axes.yaxis.set_minor_locator(NullLocator())


def open_left(grid: Any) -> None:
    """Take the y axis from all panels of a grid but the leftmost, which they share."""
    for axes in grid[:, 1:].flat:
        axes.tick_params(left=False, which="both")
        axes.spines["left"].set_visible(False)


def short(value: float, _position: float = 0.0) -> str:
    """Return how an axis writes a number."""
    if 0 < abs(value) < 0.01:
        return f"{value:.0e}".replace("e-0", "e-")
    return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"
