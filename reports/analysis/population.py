"""Populations: networks spread over p_update, as the paper's Figures 5 and 6 show them.

Each network is a point; what a line says of them is a median over neighbours in p_update, because
of one p_update there may be one network only.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from ...bench.cell import Cell
from ...reproductions.exhibits.schema import Figure
from ...results.statistics import intervals
from ..figures.panels import ordered, panels
from ..figures.spec import Shown
from .select import Selection

CONFIDENCE = 0.95
MOST_LINES = 7
"""Lines of a panel that can be told apart."""
_DECOUPLED = {
    "update": "every layer always runs forward, and updates with probability p_update",
    "both": (
        "with probability 1 - p_update a layer does neither, and the one above it takes a synthetic"
        " input, which a model I predicts from the network's input"
    ),
}
_MEDIANS = "The paper's number for a p_update is the median of its networks in a bin about it."
_SHARES = " A ring in a line's colour is the paper's at the same share of its own iterations."
_LEAST_WINDOW = 9  # networks: the second smallest and the second largest hold the median with 96 %
_NEAR = 8  # values of p_update from which on neighbours are near enough to be taken together
_WINDOWS = 6  # of a large population, so many cover p_update side by side


def networks(selection: Selection, figure: Figure, ok: pd.DataFrame) -> Shown | None:
    """Return a population at each of its `evaluate_at` and at the end, a line for each.

    Its data are running medians with their intervals, its dots the networks, its bins the paper's
    medians. A line is labelled with its iterations.

    Args:
        selection: what is reported.
        figure: its `y` is a field of a curve's point.
        ok: the records of its decoupled configurations that are ok.
    """
    rows: list[tuple[int, float, str, float, float]] = []
    for n, curve in zip(ok["configuration"].tolist(), ok["curve"].tolist(), strict=True):
        cell = selection.cells[int(n)]
        for at in sorted({*(cell.evaluate_at or ()), 1.0}):
            value = at_fraction(cell, curve, at, figure.y)
            if value is not None:
                rows.append((n, at, iterations(cell, at), cell.p_update or 0.0, value))
    if not rows:
        return None
    dots = pd.DataFrame(rows, columns=["configuration", "at", "line", "x", "y"])
    mine = [selection.cells[row[0]] for row in rows]
    dots = dots.assign(**panels(selection, figure, mine))
    groups = dots.groupby(["row", "column", "at", "line"], observed=True)
    window, words = 1, "medians of the networks of each p_update"
    if int(groups["x"].nunique().max()) >= _NEAR:
        window = max(_LEAST_WINDOW, int(groups.size().max()) // _WINDOWS | 1)
        words = f"running medians of {window} neighbours in p_update, of fewer at the ends,"
    lines: list[dict[str, Any]] = []
    bins: list[dict[str, Any]] = []
    for (row, column, at, line), some in groups:
        cell = selection.cells[int(some["configuration"].iloc[0])]
        panel = {"row": row, "column": column, "line": line}
        medians = intervals.running_median(
            some["x"].tolist(), some["y"].tolist(), window, CONFIDENCE
        )
        lines += [
            {**panel, "rule": cell.rule, "x": x, "mean": m.median, "low": m.low, "high": m.high}
            for x, m in medians
        ]
        bins += [
            {**panel, "left": paper.above, "right": paper.up_to, "y": paper.value}
            for paper in selection.exhibit.medians
            if paper.at == at and fits(cell, paper.where)
        ]
    order = {
        "row": dots["row"].cat.categories,
        "column": dots["column"].cat.categories,
        "line": sorted(set(dots["line"]), key=lambda text: int(text.replace(",", ""))),
    }

    def placed(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**{name: ordered(frame[name].tolist(), order[name]) for name in order})

    data = placed(pd.DataFrame(lines)).astype({"low": float, "high": float})
    return Shown(
        data=data.assign(paper=float("nan")),
        dots=placed(dots),
        bins=placed(pd.DataFrame(bins, columns=["row", "column", "line", "left", "right", "y"])),
        spread=(
            f"a point a network. Lines and bands: {words} and their 95 % intervals by order"
            f" statistics, none below 6 networks.{_SHARES if bins else ''}"
        ),
    )


def few(
    selection: Selection, configurations: Sequence[int], measured: Collection[int]
) -> tuple[list[int], str]:
    """Return the configurations of at most MOST_LINES values of p_update, and a sentence on them.

    The least and the greatest are among them; they are as evenly spaced by ratio as can be. Where
    there are results, in the configurations `measured`, only their values count.
    """
    there = [n for n in configurations if n in measured] or configurations
    every = sorted({selection.cells[n].p_update or 1.0 for n in there})
    if len(every) <= MOST_LINES:
        return [n for n in configurations if selection.cells[n].p_update in every], ""
    ratio = every[-1] / every[0]
    wanted = [every[0] * ratio ** (n / (MOST_LINES - 1)) for n in range(MOST_LINES)]
    kept = {min(every, key=lambda p, want=want: abs(p - want)) for want in wanted}
    words = f" Of {len(every)} values of p_update {len(kept)} are shown."
    return [n for n in configurations if selection.cells[n].p_update in kept], words


def notes(selection: Selection) -> list[str]:
    """Return what a reader of the exhibit's table must know of decoupled layers, as sentences."""
    cells, exhibit = selection.cells, selection.exhibit
    kinds = dict.fromkeys(cell.decoupled for cell in cells if cell.decoupled is not None)
    said = "; ".join(f"{exhibit.label('decoupled', kind)}: {_DECOUPLED[kind]}" for kind in kinds)
    found = [f"Decoupled. {said}."] if kinds else []
    if any(exhibit.medians_of(cell, 1.0) for cell in cells):
        found.append(_MEDIANS)
    return found


def iterations(cell: Cell, fraction: float) -> str:
    """Return a fraction of training as its number of iterations: `5,000`."""
    return f"{round(fraction * cell.iterations):,}"


def at_fraction(
    cell: Cell, curve: Sequence[Mapping[str, Any]], fraction: float, y: str
) -> float | None:
    """Return the `y` of a curve at a fraction of training; None where it was not evaluated."""
    wanted = fraction * cell.iterations
    near = min(curve, key=lambda point: abs(point["iteration"] - wanted), default=None)
    return None if near is None or abs(near["iteration"] - wanted) > 1 else near[y]  # rounding


def fits(cell: Cell, where: Mapping[str, Any]) -> bool:
    """Tell whether a cell has all the values of `where`."""
    return all(getattr(cell, name) == value for name, value in where.items())
