"""Populations in figures: networks spread over a field, as the paper's Figures 5 and 6 show them.

Each network is a dot; a line shows medians over neighbours in the field, because of one value there
may be one network only.
"""

from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

from ....bench.cell import Cell
from ....reproductions.exhibits.schema import Figure
from ....results.statistics import intervals
from ...analysis.selection.select import Selection
from ...analysis.verdicts.population import at_fraction
from ..spec import Shown
from .ends import configurations
from .panels import MOST_LINES, ordered, panels
from .points import CONFIDENCE

_LEAST_WINDOW = 9  # networks: the second smallest and the second largest hold the median with 96 %
_NEAR = 8  # values of x from which on neighbours are near enough to be taken together
_WINDOWS = 6  # of a large population, so many cover x side by side


def networks(selection: Selection, figure: Figure, ok: pd.DataFrame) -> Shown | None:
    """Return a population at each of its `evaluate_at` and at the end, a line for each.

    Its data are running medians with their intervals, its dots the networks, its bins the paper's
    medians. A line is labelled with its share of training.

    Args:
        selection: what is reported.
        figure: its `x` is a field of the cells, its `y` one of a curve's point.
        ok: the records of its configurations that are ok.
    """
    dots = _dots(selection, figure, ok)
    if dots.empty:
        return None
    groups = dots.groupby(["row", "column", "at", "line"], observed=True)
    window, medians = 1, f"medians of the networks of each {figure.x}"
    if int(groups["x"].nunique().max()) >= _NEAR:
        window = max(_LEAST_WINDOW, int(groups.size().max()) // _WINDOWS | 1)
        medians = f"running medians of {window} neighbours in {figure.x}, fewer at the ends,"
    lines: list[dict[str, Any]] = []
    bins: list[dict[str, Any]] = []
    for (row, column, at, line), some in groups:
        cell = selection.cells[int(some["configuration"].iloc[0])]
        panel = {"row": row, "column": column, "line": line}
        lines += [
            {**panel, "rule": cell.rule, "x": x, "mean": m.median, "low": m.low, "high": m.high}
            for x, m in intervals.running_median(
                some["x"].tolist(), some["y"].tolist(), window, CONFIDENCE
            )
        ]
        bins += [
            {**panel, "left": paper.above, "right": paper.up_to, "y": paper.value}
            for paper in selection.exhibit.medians
            if paper.at == at and cell.has(paper.where) and figure.x == "p_update"
        ]
    order = {
        "row": dots["row"].cat.categories,
        "column": dots["column"].cat.categories,
        "line": [share(at) for at in sorted(set(dots["at"]))],
    }

    def placed(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(**{name: ordered(frame[name].tolist(), order[name]) for name in order})

    data = placed(pd.DataFrame(lines)).astype({"low": float, "high": float})
    return Shown(
        data=data.assign(paper=float("nan")),
        dots=placed(dots),
        bins=placed(pd.DataFrame(bins, columns=["row", "column", "line", "left", "right", "y"])),
        configurations=configurations(dots),
        ends=dots[dots["at"] == 1].assign(layer=0).reset_index(drop=True),
        spread=(
            f"Dots: networks. Lines and bands: {medians} and their 95 % intervals by order"
            f" statistics, where there are 6 networks or more.{_shares(selection, dots, bins)}"
        ),
    )


def share(at: float) -> str:
    """Return a fraction of training as a share of it: `2.4 %`."""
    return f"{100 * at:g} %"


def _shares(selection: Selection, dots: pd.DataFrame, bins: Sequence[dict[str, Any]]) -> str:
    """Return how long training is, and what the paper's medians are."""
    mine = {selection.cells[n].iterations for n in configurations(dots)}
    told = f" All of training: {listed(mine)} iterations."
    theirs = {cell.iterations for cell in selection.paper_cells}
    if not bins:
        return told
    own = f", of its {listed(theirs)} iterations" if theirs else ""
    return f"{told} Rings: the paper's medians at the same shares{own}."


def listed(numbers: Collection[int]) -> str:
    """Return numbers in words: `500 or 1,000`."""
    return " or ".join(f"{n:,}" for n in sorted(numbers))


def few(
    cells: Sequence[Cell], field: str, configurations: Sequence[int], measured: Collection[int]
) -> tuple[list[int], str]:
    """Return the configurations of at most `MOST_LINES` values of a number, and a sentence on them.

    The least and the greatest are among them; they are as evenly spaced by ratio as can be (evenly
    where the least is not above 0). Where there are results, in the configurations `measured`, only
    their values count.
    """
    there = [n for n in configurations if n in measured] or configurations
    every = sorted({cells[n].value(field) for n in there})
    if len(every) <= MOST_LINES:
        return [n for n in configurations if cells[n].value(field) in every], ""
    least, greatest, parts = every[0], every[-1], MOST_LINES - 1
    if least > 0:
        wanted = [least * (greatest / least) ** (n / parts) for n in range(MOST_LINES)]
    else:
        wanted = [least + (greatest - least) * n / parts for n in range(MOST_LINES)]
    kept = {min(every, key=lambda value, want=want: abs(value - want)) for want in wanted}
    said = f" {len(kept)} of {len(every)} values of {field} are shown."
    return [n for n in configurations if cells[n].value(field) in kept], said


def _dots(selection: Selection, figure: Figure, ok: pd.DataFrame) -> pd.DataFrame:
    """Return each network at each of its `evaluate_at` and at the end."""
    rows: list[tuple[int, int, float, str, float, float]] = []
    records = ok[["configuration", "seed", "curve"]].itertuples(index=False, name=None)
    for n, seed, curve in records:
        cell = selection.cells[int(n)]
        for at in sorted({*(cell.evaluate_at or ()), 1.0}):
            found = at_fraction(cell, curve, at, figure.y)
            if found is not None:
                rows.append((n, seed, at, share(at), cell.value(figure.x), found))
    dots = pd.DataFrame(rows, columns=["configuration", "seed", "at", "line", "x", "y"])
    return dots.assign(**panels(selection, figure, [selection.cells[row[0]] for row in rows]))
