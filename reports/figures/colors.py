"""Colours of lines: shades, sequences, and which two a colour-blind reader takes for one."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import seaborn as sns
from coloraide import Color
from matplotlib.colors import to_hex

NEAREST = 15.0
"""CIEDE2000: two colours that differ by less are told apart by line style, too.

About 2 is just seen between two areas side by side; thin lines and small markers take far more.
"""
VISIONS = ("deutan", "protan")
"""Kinds of colour blindness that are simulated, each at full strength."""
_SHADES = 0.34, 0.78  # of a rule's colour, between white and black: its first line, its last
_SEQUENCE, _FIRST, _LAST = "plasma_r", 0.14, 0.93  # light enough to dark: no yellow on white


@functools.cache
def difference(one: str, other: str) -> float:
    """Return the CIEDE2000 difference of two colours `#rrggbb`, to the eye that tells them least.

    The eyes are a usual one, and those without red or green cones as Viénot, Brettel and Mollon
    (1999) simulate them.
    """
    seen = [(Color(one), Color(other))]
    seen += [(Color(one).filter(eye), Color(other).filter(eye)) for eye in VISIONS]
    return min(first.delta_e(second, method="2000") for first, second in seen)


def alike(one: Any, other: Any) -> bool:
    """Tell whether two colours, as matplotlib takes them, are too near to tell lines apart."""
    return difference(to_hex(one), to_hex(other)) < NEAREST


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


def styles(colors: Mapping[str, Any], count: int) -> dict[str, int]:
    """Return a number from 0 for each line, another for each of lines whose colours are alike.

    Where more than `count` lines are alike they begin anew at 0.
    """
    found: dict[str, int] = {}
    for line, color in colors.items():
        taken = [found[other] for other in found if alike(color, colors[other])]
        free = (n for n in range(count) if n not in taken)
        found[line] = next(free, len(taken) % count)
    return found
