"""The curves of a place's seeds as one small SVG, whose values the page's script shows."""

import itertools
from collections.abc import Sequence

from markupsafe import Markup

from ..analysis.evidence.runs import Run

_SIZE = 300  # units of the viewBox in both directions: as fine as it is drawn


def curves(runs: Sequence[Run], unit: str, most: int) -> Markup:
    """Return a drawing of the runs' curves, thinned to `most` points each; empty without any.

    `unit` is of the values. The svg element's `data-range` is the least and the greatest iteration
    and value, by which a point's position tells its value, and `data-seeds` the seed of each line.
    """
    drawn = [run for run in runs if len(run.curve) > 1]
    points = [point for run in drawn for point in run.curve]
    if not points:
        return Markup("")
    (left, low), (right, high) = (
        tuple(map(pick, zip(*points, strict=True))) for pick in (min, max)
    )
    wide, tall = right - left or 1, high - low or 1

    def place(point: tuple[float, float]) -> tuple[int, int]:
        x, y = (point[0] - left) / wide, (high - point[1]) / tall
        return round(_SIZE * x), round(_SIZE * y)

    lines = Markup("").join(
        Markup('<path d="{}"/>').format(_path(list(map(place, thinned(run.curve, most)))))
        for run in drawn
    )
    svg = Markup(
        '<div class=plot><span>{3:.4g}</span><svg class=curve viewBox="0 0 {0} {0}"'
        ' preserveAspectRatio=none role=img aria-label="{1} in training"'
        ' data-range="{4:g} {5:g} {2:.6g} {3:.6g}" data-seeds="{6}">{7}</svg>'
        "<span><span>{2:.4g}</span><span>{1}, {4:,.0f} to {5:,.0f} iterations</span></span></div>"
    )
    seeds = " ".join(str(run.seed) for run in drawn)
    return svg.format(_SIZE, unit, low, high, left, right, seeds, lines)


def _path(points: Sequence[tuple[int, int]]) -> str:
    """Return a path by the steps from point to point."""
    (x, y), steps = points[0], list(itertools.pairwise(points))
    moved = " ".join(f"{b[0] - a[0]} {b[1] - a[1]}" for a, b in steps)
    return f"M{x} {y}l{moved}".replace(" -", "-")


def thinned(curve: Sequence[tuple[float, float]], most: int) -> Sequence[tuple[float, float]]:
    """Return at most `most` points of a curve, evenly spaced, the first and the last among them."""
    if len(curve) <= most:
        return curve
    step = (len(curve) - 1) / (most - 1)
    return [curve[round(n * step)] for n in range(most)]
