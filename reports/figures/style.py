"""The look of figures: colours, markers, sizes and fonts, whatever the user's own style is."""

import functools
import itertools
import math
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

INK, FAINT = "#222222", "#6b6b6b"
DOTTED = (0, (1, 2))
FONT = "DejaVu Sans"  # comes with matplotlib
TITLE_SIZE, PANEL_TITLE_SIZE, LEGEND_SIZE, NOTE_SIZE = 10.5, 9, 8.5, 7  # points
_SHADES = 0.34, 0.78  # of a rule's colour, between white and black: its first line, its last
_SEQUENCE, _FIRST, _LAST = "plasma_r", 0.14, 0.93  # light enough to dark: no yellow on white
_MARKERS = "os^DvPX"
_LINES: tuple[Any, ...] = ("-", (0, (3, 1.2)), (0, (3, 1, 0.8, 1)))  # dotted are the paper's
_ALIKE = 0.25  # distance of two colours in RGB, of sqrt(3) at most
_STYLE: dict[str, Any] = {
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": FONT,
    "font.sans-serif": [FONT],
    "grid.color": "#e6e6e6",
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
}
_SIZES: dict[str, Any] = {
    "axes.labelsize": 9,
    "axes.linewidth": 0.6,
    "axes.titlesize": PANEL_TITLE_SIZE,
    "font.size": 9,
    "grid.linewidth": 0.5,
    "legend.fontsize": LEGEND_SIZE,
    "lines.linewidth": 1.3,
    "lines.markersize": 4,
    "xtick.labelsize": 8,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 8,
    "ytick.major.width": 0.6,
}
_REST: dict[Any, Any] = {  # what seaborn has no say in
    "path.simplify": False,
    "pdf.fonttype": 3,
    "svg.fonttype": "path",
    "svg.hashsalt": "sgbench",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one line is drawn: colour, marker and line style, as matplotlib takes them."""

    color: Any
    marker: str
    linestyle: Any


@contextmanager
def style() -> Generator[None]:
    """Draw and save within this: seaborn's theme on matplotlib's defaults, and nothing else."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_REST)
        with sns.axes_style("ticks", _STYLE), sns.plotting_context("paper", rc=_SIZES):
            yield


def looks(colors: Mapping[str, Any], *, dashed: bool) -> dict[str, Look]:
    """Return the look of each line, by the colours of all lines of the figure.

    Each line has its own marker. With `dashed`, a line whose colour resembles that of lines before
    it has another line style too, so that two rules of one colour can be told apart.
    """
    found: dict[str, Look] = {}
    for (line, color), marker in zip(colors.items(), itertools.cycle(_MARKERS), strict=False):
        before = sum(_alike(color, look.color) for look in found.values()) if dashed else 0
        found[line] = Look(color=color, marker=marker, linestyle=_LINES[before % len(_LINES)])
    return found


def _alike(one: Any, other: Any) -> bool:
    return math.dist(to_rgb(one), to_rgb(other)) < _ALIKE


def shades(color: str | None, lines: Sequence[str]) -> dict[str, Any]:
    """Return a shade of `color` for each line, from light to dark; of grey for None."""
    scale = sns.blend_palette(["white", color or "#808080", "black"], as_cmap=True)
    first, last = _SHADES
    step = (last - first) / max(1, len(lines) - 1)
    return {line: scale(first + n * step) for n, line in enumerate(lines)}


def sequence(lines: Sequence[str]) -> dict[str, Any]:
    """Return the colour of each of some values of a quantity, from light to dark."""
    scale = sns.color_palette(_SEQUENCE, as_cmap=True)
    step = (_LAST - _FIRST) / max(1, len(lines) - 1)
    return {line: scale(_FIRST + n * step) for n, line in enumerate(lines)}


@functools.cache
def width(text: str, size: float, weight: str = "normal") -> float:
    """Return how wide a text is, in inches; `size` is in points."""
    font = FontProperties(family=FONT, size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, False)[0] / 72


def wrapped(text: str, inches: float, size: float, weight: str = "normal") -> list[str]:
    """Return the lines that `text` takes where each may be so many inches wide."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and width(longer, size, weight) > inches:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
