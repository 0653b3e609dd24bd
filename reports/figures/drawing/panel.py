"""One panel of a figure: its lines, intervals, single seeds, networks, and the paper's values."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import offset_copy

from .. import colors
from ..spec import Drawing
from . import style
from .style import DOTTED, FAINT, INK, Look

PAPER: dict[str, Any] = {
    "linestyle": DOTTED, "linewidth": 0.9, "markersize": 4.5, "markerfacecolor": "white",
    "markeredgewidth": 0.9,
}  # fmt: skip
"""How the paper's values are drawn: hollow markers on a dotted line."""
REFERENCE: dict[str, Any] = {"linestyle": (0, (4, 2)), "linewidth": 0.9}
"""How results of other rules are drawn beside a sweep: dashed."""
_AREA, _ALPHA = 7.0, 0.5  # of a network's dot, in points squared
_ASIDE, _MOST = 0.016, 0.6  # between what lines have at one x: of the axis; all, of x's least gap
_ALONE = 0.08  # of the axis, where there is a single x
_SEED_ASIDE = 0.3  # of that, between seeds of one point
_STEP_ASIDE = 0.8  # points, between lines that may coincide
_SEED: dict[str, Any] = {"linewidth": 0.6, "alpha": 0.55, "zorder": 1.8}
_SIDES = {"low": -11, "high": 11}  # of a reading; points that an arrow on an open one is long
_FEW = 12  # points of a line that each get their marker; more are thinned


def looks(drawing: Drawing, rule: str | None = None) -> dict[str, Look]:
    """Return the look of each line; shades are of the colour of `rule`, grey for None."""
    lines = list(drawing.data["line"].cat.categories)
    if drawing.ordered:
        return style.looks(colors.sequence(lines), dashed=False)
    if drawing.shaded:
        color = None if rule is None else drawing.colors[rule]
        return style.looks(colors.shades(color, lines), dashed=False)
    rules = drawing.data.drop_duplicates("line").set_index("line")["rule"]
    return style.looks({line: drawing.colors[rules[line]] for line in lines}, dashed=True)


def dodged(drawing: Drawing, frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return points with each line's x a little aside, so that they stand side by side.

    Args:
        drawing: the figure.
        frame: its data, or its seeds, which stand side by side too; the data if None.
    """
    data = drawing.data if frame is None else frame
    if not drawing.bars or data.empty:
        return data
    lines, every = len(data["line"].cat.categories), drawing.data["x"]
    every = every.map(math.log) if drawing.x_log else every
    span = every.max() - every.min() or 1.0  # as the axis of a single x has it
    gap = min([span, *pd.Series(sorted(every.unique())).diff().dropna()])
    each = min((_ASIDE if len(every.unique()) > 1 else _ALONE) * span, _MOST * gap / lines)
    aside = each * (data["line"].cat.codes - (lines - 1) / 2)
    if "seed" in data:
        at = data.groupby(["row", "column", "line", "x"], observed=True)["seed"]
        middle = (at.transform("size") - 1) / 2
        aside += _SEED_ASIDE * each * (at.rank("first") - 1 - middle)
    return data.assign(x=data["x"] * aside.map(math.exp) if drawing.x_log else data["x"] + aside)


def joined(drawing: Drawing) -> bool:
    """Tell whether a line joins the paper's values: whether a line has more than one."""
    lines = drawing.data.groupby(["row", "column", "line"], observed=True)
    return bool((lines["paper"].count() > 1).any())


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
    _references(axes, drawing, at)
    for line, some in groups:
        _intervals(axes, drawing, some, known[line])
    alone = _seeds(axes, drawing, at, known)
    for line, some in groups:
        every = max(1, math.ceil(longest / _FEW))
        if not (drawing.steps and line in alone):  # the mean of steps is no step
            _line(axes, drawing, some.sort_values("x"), known[line], every)
        _paper(axes, some.sort_values("x"), known[line])
    _early(axes, drawing, at, known)
    _networks(axes, drawing, at, known)


def _intervals(axes: Axes, drawing: Drawing, line: pd.DataFrame, look: Look) -> None:
    if not line["low"].notna().any():
        return
    if drawing.bars or len(line) == 1:  # a band of one point cannot be seen
        axes.vlines(
            line["x"], line["low"], line["high"], color=look.color, linewidth=0.9, alpha=0.7
        )
    else:
        shape: dict[str, Any] = {"step": "post"} if drawing.steps else {}
        axes.fill_between(
            line["x"], line["low"], line["high"], color=look.color, alpha=0.15, linewidth=0, **shape
        )


def _seeds(
    axes: Axes, drawing: Drawing, at: tuple[str, str], known: Mapping[str, Look]
) -> set[str]:
    """Draw seeds one by one: a dot each in a sweep, else a line each. Return their lines."""
    if drawing.seeds is None:
        return set()
    mine = _of(dodged(drawing, drawing.seeds), at)
    if drawing.bars:
        for line, some in mine:
            look = known[line]
            axes.plot(
                some["x"], some["y"], color=look.color, linestyle="none", marker=look.marker,
                markersize=3.4, markeredgewidth=0, alpha=0.9, clip_on=False, zorder=2.5,
            )  # fmt: skip
        return {line for line, _ in mine}
    each = [
        (known[line], seed.sort_values("x"))
        for line, some in mine
        for _, seed in some.groupby("seed")
    ]
    for n, (look, seed) in enumerate(each):
        dots: dict[str, Any] = {"marker": ".", "markersize": 2.2} if len(seed) <= _FEW else {}
        if drawing.steps:
            aside, whole = _STEP_ASIDE * (n - (len(each) - 1) / 2), axes.get_figure(root=True)
            axes.plot(
                seed["x"], seed["y"], color=look.color, linewidth=0.9, clip_on=False,
                transform=offset_copy(axes.transData, whole, 0, aside, "points"),
                drawstyle="steps-post", marker=look.marker, markersize=3.5, markeredgewidth=0,
                markevery=[len(seed) - 1],
            )  # fmt: skip
        else:
            axes.plot(
                seed["x"], seed["y"], color=look.color, linestyle=look.linestyle,
                markeredgewidth=0, **dots, **_SEED,
            )  # fmt: skip
    return {line for line, _ in mine}


def _line(axes: Axes, drawing: Drawing, line: pd.DataFrame, look: Look, every: int) -> None:
    """Draw a line with a marker at each `every`-th point; in a sweep where there is an interval."""
    markers: Any = (every - 1, every)
    thin: dict[str, Any] = {}
    if drawing.seeds is not None and drawing.bars:  # elsewhere the seeds have the markers
        markers = line["low"].notna().tolist()
        thin = {} if any(markers) else {"linewidth": 0.8}
    axes.plot(
        line["x"], line["mean"], color=look.color,
        linestyle=look.linestyle,
        marker=look.marker if drawing.dots is None else None,  # the markers are the networks'
        markeredgewidth=0, markevery=markers,
        drawstyle="steps-post" if drawing.steps else "default", **thin,
    )  # fmt: skip


def _paper(axes: Axes, line: pd.DataFrame, look: Look) -> None:
    paper = line.dropna(subset="paper")
    if not paper.empty:
        axes.plot(
            paper["x"], paper["paper"], color=look.color, marker=look.marker, clip_on=False, **PAPER
        )


def _early(axes: Axes, drawing: Drawing, at: tuple[str, str], known: Mapping[str, Look]) -> None:
    """Draw the paper's values before the end of training, each with the bounds of its reading."""
    for line, some in _of(drawing.early, at):
        look = known[line]
        ring: dict[str, Any] = PAPER | {"linestyle": "none"}
        low, high = [some[side].where(some[side].abs() < math.inf, some["y"]) for side in _SIDES]
        axes.vlines(some["x"], low, high, color=look.color, linewidth=0.9, zorder=3)
        for side, aside in _SIDES.items():
            for x, y in some.loc[some[side].abs() == math.inf, ["x", "y"]].to_numpy().tolist():
                axes.annotate(
                    "", (x, y), xytext=(0, aside), textcoords="offset points", zorder=3,
                    arrowprops={
                        "arrowstyle": "<-", "color": look.color, "linewidth": 0.9, "shrinkA": 0,
                        "shrinkB": 0,
                    },
                )  # fmt: skip
        axes.plot(some["x"], some["y"], color=look.color, marker=look.marker, zorder=3.5, **ring)


def _references(axes: Axes, drawing: Drawing, at: tuple[str, str]) -> None:
    """Draw the results of other rules, a shade of their colour for each line."""
    lines = list(drawing.data["line"].cat.categories)
    for line, some in _of(drawing.references, at):
        for rule, y in zip(some["rule"], some["y"], strict=True):
            color = colors.shades(drawing.colors[rule], lines)[line]
            axes.axhline(y, color=color, zorder=1.2, **REFERENCE)


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
