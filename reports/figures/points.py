"""The points of curves and sweeps: each seed's results, and their means and intervals."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ...bench.cell import Cell
from ...reproductions.exhibits.schema import Figure
from ...results.statistics import intervals
from ..analysis.select import Selection
from .panels import MOST_LINES

CONFIDENCE = 0.95
FEW = 3
"""Seeds from which a curve's band is an interval; fewer are shown by their range."""
COSTS = ("seconds", "updates")
"""What can be along x of a curve and differs from seed to seed: its mean is shown."""
_MOST_POINTS = 60


def points(
    selection: Selection, figure: Figure, cells: Sequence[Cell], ok: pd.DataFrame
) -> pd.DataFrame:
    """Return x and y of every seed, with its `configuration` and `layer` (0: of no layer).

    On a curve x is the iteration, or the steps of data until then. Where the figure's x is one of
    `COSTS`, that of the seed is the column `cost`.

    Args:
        selection: what is reported.
        figure: curves or a sweep.
        cells: the cells that are shown.
        ok: their records that are ok.
    """
    if figure.kind == "curves":
        return _curves(selection, figure, cells, ok)
    configurations: list[int] = ok["configuration"].tolist()
    x = [selection.cells[n].value(figure.x) for n in configurations]
    found = ok[["configuration"]].assign(layer=0, x=x, y=ok[figure.y])
    return found.dropna().astype({"x": float, "y": float})


def summary(points: pd.DataFrame, *, ranges: bool) -> pd.DataFrame:
    """Return the mean and the interval over seeds at each configuration, layer and x.

    Args:
        points: as `points` returns them.
        ranges: whether the range of the seeds stands for the interval where there are fewer than
            `FEW`: a band of the Student-t interval of two would hide everything.
    """
    groups = points.groupby(["configuration", "layer", "x"])
    seeds = groups["y"].agg(list).reset_index()
    found = [_interval(values, ranges and 1 < len(values) < FEW) for values in seeds["y"]]
    if "cost" in points:
        seeds["x"] = groups["cost"].mean().tolist()
    return seeds.assign(
        mean=[interval.mean for interval in found],
        low=pd.Series([interval.low for interval in found], dtype=float),
        high=pd.Series([interval.high for interval in found], dtype=float),
    )


def layers(cells: Sequence[Cell]) -> list[int]:
    """Return the hidden layers that are shown, from the bottom: the top one and every few below."""
    top = max(cell.depth or 0 for cell in cells) - 1
    every = max(1, math.ceil(top / MOST_LINES))  # a network without depth has none
    return list(range(top, 0, -every))[::-1]


def _curves(
    selection: Selection, figure: Figure, cells: Sequence[Cell], ok: pd.DataFrame
) -> pd.DataFrame:
    rows = ok[["configuration", "curve"]].explode("curve").dropna(subset="curve")
    if rows.empty:
        return rows
    values = [(point["iteration"], point[figure.y]) for point in rows["curve"]]
    found = rows[["configuration"]].assign(
        layer=0, x=[x for x, _ in values], y=[y for _, y in values]
    )
    kept = sorted(found["x"].unique())[::-1]  # the last is among them; more cannot be seen
    if figure.x in COSTS:
        found["cost"] = [_cost(point, figure.x) for point in rows["curve"]]
        found = found[found["cost"] > 0]
    found = found[found["x"].isin(kept[:: -(-len(kept) // _MOST_POINTS)])].dropna(subset="y")
    if figure.x == "data_steps":
        found["x"] *= [selection.cells[n].data_steps for n in found["configuration"]]
    if figure.lines == "layer":
        found["layer"] = [range(1, len(some) + 1) for some in found["y"]]
        found = found.explode(["layer", "y"]).dropna()
        found = found[found["layer"].isin(layers(cells))]
    elif found["y"].map(lambda y: isinstance(y, (list, tuple))).any():
        found["y"] = [some[0] for some in found["y"]]  # of the lowest layer
        found = found.dropna()
    return found.astype({"layer": int, "x": float, "y": float})


def _cost(point: dict[str, Any], x: str) -> float:
    return statistics.fmean(point[x] or (0.0,)) if x == "updates" else point[x]


def _interval(values: list[float], span: bool) -> intervals.Interval:
    found = intervals.mean_interval(values, CONFIDENCE)
    return replace(found, low=min(values), high=max(values)) if span else found
