"""Captions of figures: the lines and intervals, and the difference to the paper's protocol."""

import math
from collections.abc import Sequence

import pandas as pd

from ....bench.cell import Cell
from ....bench.outcome import UNFINISHED
from ....reproductions.exhibits.schema import Exhibit, Figure
from ...analysis.naming import count, span
from ...analysis.overview import joined
from ...analysis.selection.protocol import PAPER, difference
from ...analysis.selection.select import READABLE, Selection
from ..data import words
from ..data.points import FEW, layers


def spread(figure: Figure, seeds: Sequence[int], means: pd.DataFrame) -> str:
    """Return what the lines, dots and intervals of curves or of a sweep are.

    Args:
        figure: curves or a sweep.
        seeds: of how many seeds a point is, of each point.
        means: `points.summary` of the seeds.
    """
    least, most = min(seeds), max(seeds)
    if most == 1:
        return "One seed each, so no intervals."
    count = span(least, most)
    curves, few, many = figure.kind == "curves", means["few"].any(), (~means["few"]).any()
    kind = f"{'Bands' if curves else 'Bars'}: 95 % Student-t intervals of the mean"
    if curves and figure.y == "longest" and few and not many:
        return f"A line for each of {count} seeds; those that coincide are drawn side by side."
    singles = "Thin lines" if curves else "Dots"
    if few and many:
        return (
            f"Lines: means of {count} seeds. {kind}, from {FEW} seeds on; {singles.lower()}: each"
            " seed where there are fewer."
        )
    if few:
        return f"Lines: means of {count} seeds. {singles}: each seed."
    return f"Lines: means of {count} seeds. {kind}."


def beside(data: pd.DataFrame, early: pd.DataFrame, scale: str, unit: str) -> str:
    """Return where the paper's values stand beside curves; nothing where there are none.

    Args:
        data: of the drawing, with the paper's values at the end of training.
        early: those before the end.
        scale: of what is reported.
        unit: of a difference of values.
    """
    if early.empty and data["paper"].isna().all():
        return ""
    share = "" if scale == PAPER else " at the same share of its own training"
    found = f" Hollow: the paper's values{share}"
    open_side = early[["low", "high"]].abs() == math.inf
    error = ((early["high"] - early["low"]) / 2)[~open_side.any(axis=1)]
    if not error.empty:
        low, high = f"{error.min():.2g}", f"{error.max():.2g}"
        found += f", before the end read off its curves to ± {span(low, high)} {unit}"
    if open_side.any(axis=None):
        found += "; an arrow: only that side of it is known"
    return f"{found}."


def without_paper(exhibit: Exhibit, data: pd.DataFrame, early: pd.DataFrame) -> str:
    """Return of which rules the paper has no value, where it has some of others."""
    known = set(data.loc[data["paper"].notna(), "rule"])
    if not known:
        return ""
    panels = early[["row", "column", "line"]].apply(tuple, axis=1).tolist()
    places = data[["row", "column", "line"]].apply(tuple, axis=1)
    known |= set(data.loc[places.isin(panels), "rule"])
    missing = [rule for rule in dict.fromkeys(data["rule"]) if rule not in known]
    names = [words.label(exhibit, "rule", rule) for rule in missing]
    return f" The paper has no value for {joined(names)}." if names else ""


def uncounted(selection: Selection, figure: Figure, ok: pd.DataFrame, shown: pd.DataFrame) -> str:
    """Return how many settings are not on curves against bytes, as no timing counted theirs.

    Args:
        selection: what is reported.
        figure: the figure.
        ok: its records.
        shown: its points.
    """
    if figure.x != "bytes":
        return ""
    missing = set(ok["configuration"]) - set(shown["configuration"])
    if not missing:
        return ""
    command = f"sgbench time {selection.exhibit.name} --scale {selection.scale}"
    return (
        f" Left out, as their bytes have not been counted: {count(len(missing), 'setting')}"
        f" (`{command}` counts them)."
    )


def layers_shown(cells: Sequence[Cell]) -> str:
    """Return how hidden layers are counted, and which are shown where those are not all."""
    shown, first = layers(cells), " Hidden layer 1 is next to the input"
    if len(shown) < 2 or shown[1] == shown[0] + 1:
        return f"{first}."
    return f"{first}; {', '.join(map(str, shown))} are shown."


def notes(
    selection: Selection, figure: Figure, cells: Sequence[Cell], records: pd.DataFrame, spread: str
) -> tuple[str, ...]:
    """Return the caption.

    Args:
        selection: what is reported.
        figure: the figure.
        cells: its cells that have results.
        records: the records of all its cells, whatever became of them.
        spread: what its lines and intervals are.
    """
    exhibit, ok = selection.exhibit, records["status"].isin(READABLE)
    found = [f"{exhibit.name}, scale {selection.scale}. {spread}"]
    if figure.lines != "sg_layers" and (models := _models(selection, records)):
        found[0] += f" Hidden layers of M: {models}."
    if (differing := _difference(selection, cells)) is not None:
        found.append(f"{differing}.")
    if lost := int((~ok).sum()):
        found.append(f"Cells left out because they diverged or failed: {lost:,}.")
    if unfinished := int(records["status"].isin(UNFINISHED).sum()):
        found.append(f"Trained in part so far: {unfinished:,} cells.")
    others = records[~records["data_canonical"]][["dataset", "data_hash"]].drop_duplicates()
    for dataset, data in sorted(zip(others["dataset"], others["data_hash"], strict=True)):
        label = words.label(exhibit, "dataset", dataset)
        found.append(f"{label} from files other than the original ones: data {data}.")
    return tuple(found)


def _difference(selection: Selection, cells: Sequence[Cell]) -> str | None:
    """Return how the protocol of some cells differs from the paper's for the same data and network.

    Where the paper has none of their data, it is that of all its data.
    """
    shown = {(cell.dataset, cell.network) for cell in cells}
    networks = {network for _, network in shown}
    paper = [cell for cell in selection.paper_cells if cell.network in networks]
    theirs = [cell for cell in paper if (cell.dataset, cell.network) in shown] or paper
    return difference(selection.exhibit, selection.scale, cells, theirs)


def _models(selection: Selection, records: pd.DataFrame) -> str:
    """Return the hidden layers of M by rule, and by network where that matters."""
    columns = ["rule", "network", "sg_layers"]
    found: list[str] = []
    for rule, some in records[columns].dropna().drop_duplicates().groupby("rule", sort=False):
        label, differ = (
            words.label(selection.exhibit, "rule", rule),
            some["sg_layers"].nunique() > 1,
        )
        for network, sizes in zip(some["network"], some["sg_layers"], strict=True):
            where = f" {words.label(selection.exhibit, 'network', network)}" if differ else ""
            found.append(f"{sizes} ({label}{where})")
    return ", ".join(dict.fromkeys(found))
