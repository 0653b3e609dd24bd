"""What a figure of a population has beside lines: its networks and the paper's medians."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from .spec import Drawing
from .style import DOTTED

_AREA, _ALPHA = 7.0, 0.5  # of a network's dot, in points squared


def draw(axes: Axes, drawing: Drawing, place: tuple[str, str], colors: Mapping[str, Any]) -> None:
    """Draw the networks of the panel `place` (row, column) and the paper's medians over their bins.

    A median is dotted with a hollow circle, as a number of the paper is in every figure.
    """
    for line, some in _of(drawing.dots, place):
        axes.scatter(
            some["x"], some["y"], s=_AREA, color=colors[line], alpha=_ALPHA, linewidth=0, zorder=1.5
        )
    for line, some in _of(drawing.bins, place):
        axes.hlines(
            some["y"], some["left"], some["right"], color=colors[line], linestyle=DOTTED,
            linewidth=1.2, zorder=3,
        )  # fmt: skip
        axes.plot(
            (some["left"] + some["right"]) / 2, some["y"], linestyle="none", marker="o",
            markersize=4.5, markerfacecolor="white", markeredgewidth=0.9,
            markeredgecolor=colors[line], zorder=3.5,
        )  # fmt: skip


def values(drawing: Drawing) -> list["pd.Series[float]"]:
    """Return the heights of the networks and of the paper's medians."""
    return [frame["y"] for frame in (drawing.dots, drawing.bins) if frame is not None]


def has_bins(drawing: Drawing) -> bool:
    """Tell whether medians of the paper are shown."""
    return drawing.bins is not None and not drawing.bins.empty


def _of(frame: pd.DataFrame | None, place: tuple[str, str]) -> list[tuple[str, pd.DataFrame]]:
    """Return the lines of a panel, each with its part of `frame`."""
    if frame is None:
        return []
    row, column = place
    mine = frame[(frame["row"] == row) & (frame["column"] == column)]
    return [(str(line), some) for line, some in mine.groupby("line", observed=True)]
