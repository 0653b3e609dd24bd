"""The points of curves and sweeps: each seed's results, and their means and intervals."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ....bench.cell import Cell
from ....reproductions.exhibits.schema import Figure
from ....results.statistics import intervals
from ...analysis.selection.select import Selection
from .panels import MOST_LINES
from .progress import per_update

CONFIDENCE = 0.95
FEW = 5
"""Seeds from which on their spread is shown by an interval; fewer are shown one by one."""
COSTS = ("seconds", "updates")
"""What can be along x of a curve and differs from seed to seed: its mean is shown."""
_MOST_POINTS = 60


def points(
    selection: Selection, figure: Figure, ok: pd.DataFrame, counted: Mapping[str, float]
) -> pd.DataFrame:
    """Return x and y of every seed, with `configuration`, `seed` and `layer` (0: of no layer).

    On a curve x is the iteration, or what as many updates take (`progress`); `end` marks the end of
    training.
    Where the figure's x is one of `COSTS`, that of the seed is the column `cost`.

    Args:
        selection: what is reported.
        figure: curves or a sweep.
        ok: the records that are shown.
        counted: the bytes of an update, by programs (`progress.bytes_counted`).
    """
    if figure.kind == "curves":
        return _curves(selection, figure, ok, counted)
    configurations: list[int] = ok["configuration"].tolist()
    x = [selection.cells[n].value(figure.x) for n in configurations]
    found = ok[["configuration", "seed"]].assign(layer=0, x=x, y=ok[figure.y], end=True)
    return found.dropna().astype({"x": float, "y": float})


def summary(points: pd.DataFrame, *, whole: bool, log: bool) -> pd.DataFrame:
    """Return the mean and the interval over seeds at each configuration, layer and x.

    Where there are fewer than `FEW` seeds there is no interval: one of three says little more than
    the seeds themselves, and would hide them. There is none either where it would reach 0 on a
    logarithmic axis.

    Args:
        points: as `points` returns them.
        whole: whether a line has no interval at all where it has none at one x, as a curve.
        log: whether y is logarithmic.
    """
    groups = points.groupby(["configuration", "layer", "x"])
    seeds = groups["y"].agg(list).reset_index()
    found = [intervals.mean_interval(values, CONFIDENCE) for values in seeds["y"]]
    low = pd.Series([interval.low for interval in found], dtype=float)
    high = pd.Series([interval.high for interval in found], dtype=float)
    count = seeds["y"].map(len)
    few = (count < FEW) | ((low <= 0) & log)
    if whole:
        line = [seeds["configuration"], seeds["layer"]]
        reaching = ((low <= 0) & log & (count >= FEW)).groupby(line).transform("any")
        few |= reaching
    if "cost" in points:
        seeds["x_mean"] = groups["cost"].mean().tolist()
    return seeds.assign(
        seeds=count,
        mean=[interval.mean for interval in found],
        low=low.mask(few),
        high=high.mask(few),
        few=few,
    )


def of_all_seeds(selection: Selection, means: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the means without those of seeds that are left when others have ended, and words.

    Seeds end at different updates where each goes on until it stops getting better.

    Args:
        selection: what is reported.
        means: as `summary` returns them.
    """
    most = means.groupby(["configuration", "layer"])["seeds"].transform("max")
    stopping = [n for n, cell in enumerate(selection.cells) if cell.patience]
    left = (means["seeds"] < most) & means["configuration"].isin(stopping)
    words = " Means end where the first seed does." if left.any() else ""
    return means[~left].reset_index(drop=True), words


def single(points: pd.DataFrame, means: pd.DataFrame, *, alone: bool) -> pd.DataFrame:
    """Return the points of seeds that are shown one by one, those where `means` has no interval.

    Args:
        points: as `points` returns them.
        means: their `summary`.
        alone: whether seeds are shown, too, that are the only ones of a line: its mean.
    """
    by = ["configuration", "layer"]
    several = means.groupby(by)["seeds"].transform("max") > 1
    wanted = means[means["few"] & (several | alone)]
    return points.merge(wanted[[*by, "x"]], on=[*by, "x"])


def layers(cells: Sequence[Cell]) -> list[int]:
    """Return the hidden layers that are shown, from the bottom: the top one and every few below."""
    top = max(cell.depth or 0 for cell in cells) - 1
    every = max(1, math.ceil(top / MOST_LINES))  # a network without depth has none
    return list(range(top, 0, -every))[::-1]


def _curves(
    selection: Selection, figure: Figure, ok: pd.DataFrame, counted: Mapping[str, float]
) -> pd.DataFrame:
    rows = ok[["configuration", "seed", "curve"]].explode("curve").dropna(subset="curve")
    rows = rows.reset_index(drop=True)
    if rows.empty:
        return rows
    values = [(point["iteration"], point[figure.y]) for point in rows["curve"]]
    found = rows[["configuration", "seed"]].assign(
        layer=0, x=[x for x, _ in values], y=[y for _, y in values]
    )
    configurations: list[int] = found["configuration"].tolist()
    cells = [selection.cells[n] for n in configurations]
    # Cells that end by themselves have no end in common, by which they could be compared.
    found["end"] = [
        x == c.iterations and not c.patience for x, c in zip(found["x"], cells, strict=True)
    ]
    kept = sorted(found["x"].unique())[::-1]  # the last is among them; more cannot be seen
    last = found["x"] == found.groupby(["configuration", "seed"])["x"].transform("max")
    found = found[last | found["x"].isin(kept[:: -(-len(kept) // _MOST_POINTS)])]
    if figure.x in COSTS:
        found["cost"] = [_cost(point, figure.x) for point in rows["curve"][found.index]]
        found = found[found["cost"] > 0]
    found = found.dropna(subset="y")
    configurations = found["configuration"].tolist()
    taken = {n: per_update(selection.cells[n], figure.x, counted) for n in set(configurations)}
    found["x"] *= [taken[n] for n in configurations]
    found = found.dropna(subset="x")
    if figure.lines == "layer":
        found["layer"] = [range(1, len(some) + 1) for some in found["y"]]
        found = found.explode(["layer", "y"]).dropna()
    elif found["y"].map(lambda y: isinstance(y, (list, tuple))).any():
        found["y"] = [some[0] for some in found["y"]]  # of the lowest layer
        found = found.dropna()
    return found.astype({"layer": int, "x": float, "y": float})


def _cost(point: dict[str, Any], x: str) -> float:
    return statistics.fmean(point[x] or (0.0,)) if x == "updates" else point[x]
