"""The look of figures: markers, line styles, sizes and fonts, whatever the user's own style is."""

import functools
import itertools
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from .. import colors

INK, FAINT, GRID = "#222222", "#6b6b6b", "#e6e6e6"
DOTTED = (0, (1, 2))
_FEW_WORDS = 3  # that the last line of a text has, if it can
FONT = "DejaVu Sans"  # comes with matplotlib
_MARKERS = "os^DvPX<p*>h"
_LINES: tuple[Any, ...] = (  # dotted are the paper's
    "-", (0, (3, 1.2)), (0, (3, 1, 0.8, 1)), (0, (6, 1.5)), (0, (5, 1, 0.8, 1, 0.8, 1)),
)  # fmt: skip
_STYLE: dict[str, Any] = {
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": FONT,
    "font.sans-serif": [FONT],
    "grid.color": GRID,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
}
_WIDTHS: dict[str, Any] = {
    "axes.linewidth": 0.6,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.3,
    "lines.markersize": 4,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}
_REST: dict[Any, Any] = {  # what seaborn has no say in
    "path.simplify": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "sgbench",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Where a figure will stand: its width, and the sizes of its texts.

    Attributes:
        width: of the figure, in inches.
        row, only_row: height of a row of panels, where there are more of them or one, in inches.
        columns: the most panels side by side.
        titled: whether it has its title and its caption; else the text around it has them.
        title, panel, legend, label, tick, note: sizes of texts, in points.
        fonttype: of fonts in PDF: 3, or 42 (TrueType), as publishers ask for.
    """

    width: float
    row: float
    only_row: float
    columns: int
    titled: bool
    title: float
    panel: float
    legend: float
    label: float
    tick: float
    note: float
    fonttype: int


SHEETS = {
    "screen": Sheet(
        width=7.2, row=1.6, only_row=2.2, columns=5, titled=True, fonttype=3,
        title=10.5, panel=9, legend=8.5, label=9, tick=8, note=7,
    ),
    "paper": Sheet(
        width=3.25, row=1.2, only_row=1.7, columns=2, titled=False, fonttype=42,
        title=8, panel=8, legend=8, label=8, tick=8, note=8,
    ),
}  # fmt: skip
"""By the name that `--style` has for them; `paper` is a column of a page with two."""
SCREEN = SHEETS["screen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How one line is drawn: colour, marker and line style, as matplotlib takes them."""

    color: Any
    marker: str
    linestyle: Any


@contextmanager
def style(sheet: Sheet = SCREEN) -> Generator[None]:
    """Draw and save within this: seaborn's theme on matplotlib's defaults, and nothing else."""
    sizes = _WIDTHS | {
        "axes.labelsize": sheet.label,
        "axes.titlesize": sheet.panel,
        "font.size": sheet.label,
        "legend.fontsize": sheet.legend,
        "xtick.labelsize": sheet.tick,
        "ytick.labelsize": sheet.tick,
    }
    with mpl.rc_context():
        mpl.rcdefaults()
        rest: dict[Any, Any] = {**_REST, "pdf.fonttype": sheet.fonttype}
        mpl.rcParams.update(rest)
        with sns.axes_style("ticks", _STYLE), sns.plotting_context("paper", rc=sizes):
            yield


def looks(of: Mapping[str, Any], *, dashed: bool) -> dict[str, Look]:
    """Return the look of each line, by the colours of all lines of the figure.

    Each line has its own marker. With `dashed`, lines whose colours are alike, to a colour-blind
    reader too (`colors.alike`), have different line styles.
    """
    styles = colors.styles(of, len(_LINES)) if dashed else dict.fromkeys(of, 0)
    return {
        line: Look(color=color, marker=marker, linestyle=_LINES[styles[line]])
        for (line, color), marker in zip(of.items(), itertools.cycle(_MARKERS), strict=False)
    }


@functools.cache
def width(text: str, size: float, weight: str = "normal") -> float:
    """Return how wide a text is, in inches; `size` is in points."""
    font = FontProperties(family=FONT, size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, False)[0] / 72


def wrapped(text: str, inches: float, size: float, weight: str = "normal") -> list[str]:
    """Return the lines that `text` takes where each may be so many inches wide.

    Words of the line before the last join one or two that would stand alone on the last.
    """
    lines: list[list[str]] = [[]]
    for word in text.split(" "):
        longer = [*lines[-1], word]
        if lines[-1] and width(" ".join(longer), size, weight) > inches:
            lines.append([word])
        else:
            lines[-1] = longer
    while len(lines) > 1 and len(lines[-1]) < _FEW_WORDS and len(lines[-2]) > len(lines[-1]) + 1:
        longer = [lines[-2][-1], *lines[-1]]
        if width(" ".join(longer), size, weight) > inches:
            break
        lines[-2:] = lines[-2][:-1], longer
    return [" ".join(words) for words in lines]
