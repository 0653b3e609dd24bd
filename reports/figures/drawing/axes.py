"""The axes of a figure: what they span, and their ticks."""

import math
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, MultipleLocator, NullLocator

from ..spec import Drawing

_READ = ("low", "high")  # bounds of what is read off the paper's curves
_POWERS = 1e7  # from which on a number is written with a power of ten
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_DECADE = 8  # ratio of a range's ends from which on 1, 2 and 5 are ticks enough


def fit(axes: Axes, drawing: Drawing) -> None:
    """Fit the shared axes to all that is drawn: intervals and single seeds, too."""
    _fit_x(axes, drawing)
    frames = (drawing.seeds, drawing.references, drawing.dots, drawing.bins, drawing.early)
    others = [frame["y"] for frame in frames if frame is not None]
    if drawing.early is not None:
        others += [
            drawing.early[name].where(drawing.early[name].abs() < math.inf) for name in _READ
        ]
    own = [drawing.data[name] for name in ("mean", "low", "high", "paper")]
    values = pd.concat([*own, *others]).dropna()
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
        if drawing.steps or (values % 1 == 0).all():
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        low, high = values.min(), values.max()
        aside = 0.08 * (high - low) or 0.08 * abs(high) or 1.0  # where all are the same, too
        room = 0.03 * (high - low)  # of what is 0 no half is hidden
        axes.set_ylim(max(-room if low == 0 else 0.0, low - aside), high + aside)


def _fit_x(axes: Axes, drawing: Drawing) -> None:
    x = drawing.data["x"]
    if x.nunique() == 1:
        only = x.iloc[0]
        axes.set_autoscalex_on(False)  # it would warn of the single x
        axes.set_xlim((only / 2, only * 2) if drawing.x_log else (only - 0.5, only + 0.5))
        axes.set_xticks([only])
        axes.xaxis.set_minor_locator(NullLocator())
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
    if abs(value) < 1000:
        return f"{value:g}"
    if abs(value) < _POWERS:
        return f"{value / 1000:g}k"
    mantissa, exponent = f"{value:.2e}".split("e")
    times = mantissa.rstrip("0").rstrip(".")
    power = f"10{exponent.lstrip('+0').translate(_RAISED)}"
    return power if times == "1" else f"{times}\N{MULTIPLICATION SIGN}{power}"
