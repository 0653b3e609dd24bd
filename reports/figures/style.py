"""How figures look: colours, sizes and fonts, whatever the user's own style is."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import seaborn as sns

INK, FAINT = "#222222", "#6b6b6b"
DOTTED = (0, (1, 2))
LEGEND_SIZE = 8.5  # points
_COLORS = {  # of seaborn's colorblind palette
    "no_bprop": 7,
    "no_feedback": 7,
    "backprop": 0,
    "bptt": 0,
    "end_to_end": 0,
    "dni": 3,
    "cdni": 2,
    "dni_aux": 4,
}
_OTHER_COLOR = 5
_SHADES = 0.34, 0.78  # of a rule's colour, between white and black: its first line, its last
_SEQUENCE, _FIRST, _LAST = "plasma_r", 0.14, 0.93  # light enough to dark: no yellow on white
_STYLE: dict[str, Any] = {
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.sans-serif": ["DejaVu Sans"],
    "grid.color": "#e6e6e6",
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
}
_SIZES: dict[str, Any] = {
    "axes.labelsize": 9,
    "axes.linewidth": 0.6,
    "axes.titlesize": 9,
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


@contextmanager
def style() -> Generator[None]:
    """Draw and save within this: seaborn's theme on matplotlib's defaults, and nothing else."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_REST)
        with sns.axes_style("ticks", _STYLE), sns.plotting_context("paper", rc=_SIZES):
            yield


def color(rule: str) -> Any:
    """Return a rule's colour, the same in every figure."""
    return sns.color_palette("colorblind")[_COLORS.get(rule, _OTHER_COLOR)]


def shades(rule: str | None, lines: Sequence[str]) -> dict[str, Any]:
    """Return the colour of each of a rule's lines, from light to dark; None: shades of grey."""
    base = "#808080" if rule is None else color(rule)
    scale = sns.blend_palette(["white", base, "black"], as_cmap=True)
    first, last = _SHADES
    step = (last - first) / max(1, len(lines) - 1)
    return {line: scale(first + n * step) for n, line in enumerate(lines)}


def sequence(lines: Sequence[str]) -> dict[str, Any]:
    """Return the colour of each of some steps of a quantity, from light to dark."""
    scale = sns.color_palette(_SEQUENCE, as_cmap=True)
    step = (_LAST - _FIRST) / max(1, len(lines) - 1)
    return {line: scale(_FIRST + n * step) for n, line in enumerate(lines)}
