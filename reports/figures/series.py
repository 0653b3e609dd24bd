"""What a figure shows, as numbers: means and intervals over seeds, tidy. Draws nothing.

A figure of an exhibit becomes a drawing for each dataset and network (unless its panels or lines
are those), with a column of panels for each value of its `panels` field and, where `panels` and
`lines` leave open the rule or what is decoupled, a row for each.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ...bench.cell import Cell
from ...reproductions.exhibits.exhibit import derived_sg_scale
from ...reproductions.exhibits.schema import Figure
from ...results.metrics import RESULTS
from ...results.statistics import intervals as interval_statistics
from ..analysis.population import MOST_LINES, few, networks
from ..analysis.protocol import PAPER
from ..analysis.select import Selection
from .panels import labels, ordered, panels
from .spec import Drawing, Shown

CONFIDENCE = 0.95
FEW = 3  # seeds from which a curve's band is an interval
LINEAR = ("sg_cosine", "longest", "bits", "test_bits")
MOST_POINTS = 60

WORDS = {
    "T": "T: steps of an unroll",
    "bits": "bits per character",
    "bp_lambda": "λ (0: synthetic gradients alone, 1: backprop)",
    "data_steps": "steps of data (updates x {T})",
    "depth": "layers",
    "error": "{split} error (%)",
    "error_a": "A's counts wrong, {split} (%)",
    "error_b": "B's counts wrong, {split} (%)",
    "iteration": "iterations",
    "layer": "hidden layer",
    "longest": "longest T_task solved",
    "seconds": "seconds of training",
    "test_bits": "test bits per character",
    "sg_cosine": "cosine",
    "sg_layers": "hidden layers of M",
    "sg_loss": "M's regression loss",
    "sg_scale": "S: scale of M's target (1 is the plain gradient)",
    "test_error": "test error (%)",
    "updates": "updates of a layer (mean over layers)",
    "validation_error": "validation error (%)",
}
COSTS = ("seconds", "updates")
"""What a curve may have along x that differs from seed to seed: there, its mean."""
DROPS, RATIO = "the learning rate drops", "S = rate / 3e-5, the paper's ratio"


def drawings(selection: Selection) -> list[Drawing]:
    """Return the drawings that have at least one line, in the exhibit's order of figures."""
    made: list[Drawing] = []
    for figure in selection.exhibit.figures:
        shown = (figure.panels, figure.lines, figure.x)
        apart = [name for name in ("dataset", "network") if name not in shown]
        configurations: dict[tuple[Any, ...], list[int]] = {}
        for configuration, cell in enumerate(selection.cells):
            if cell.dataset not in (figure.datasets or (cell.dataset,)):
                continue
            if any(getattr(cell, name, "") is None for name in (figure.x, figure.lines)):
                continue  # no point or line of this figure
            if "sg_layers" in shown or selection.fixed(cell):
                key = tuple(getattr(cell, name) for name in apart)
                configurations.setdefault(key, []).append(configuration)
        found = (_drawing(selection, figure, apart, mine) for mine in configurations.values())
        made.extend(drawing for drawing in found if drawing is not None)
    return made


def _drawing(
    selection: Selection, figure: Figure, apart: Sequence[str], configurations: Sequence[int]
) -> Drawing | None:
    left_out = ""
    if figure.lines == "p_update":
        measured = selection.frame.loc[selection.frame["status"] == "ok", "configuration"]
        configurations, left_out = few(selection, configurations, set(measured.tolist()))
    elif figure.lines == "layer":
        left_out = _every_few([selection.cells[n] for n in configurations])
    records = selection.frame[selection.frame["configuration"].isin(configurations)]
    ok = records[records["status"] == "ok"]
    cells = [selection.cells[n] for n in configurations]
    if figure.kind == "population":
        shown = networks(selection, figure, ok)
    else:
        shown = _lines(selection, figure, cells, ok)
    if shown is None:
        return None
    first, curves = cells[0], figure.kind == "curves"
    steps = figure.kind == "population" or figure.lines == "p_update"
    words = " ".join(selection.exhibit.label(name, getattr(first, name)) for name in apart)
    return Drawing(
        name="-".join([figure.name, *(getattr(first, name) for name in apart)]),
        title=f"{words}: {_inner(figure.title)}",
        legend=WORDS.get(figure.lines, figure.lines).partition(" (")[0],  # the line is full
        x_label=WORDS.get(figure.x, figure.x).format(T="T x T" if first.entry == "cycle" else "T"),
        y_label=WORDS.get(figure.y, figure.y).format(split=first.split),
        x_log=figure.x in ("sg_scale", *COSTS),
        y_log=figure.y not in LINEAR,
        y_range=(-1.0, 1.02) if figure.y == "sg_cosine" else None,
        bars=figure.kind == "sweep",
        shaded=figure.lines != "rule" and not steps,
        ordered=steps,
        marks=_marks(figure, first),
        mark_label=DROPS if curves else RATIO,
        paper_label="the paper" if selection.scale == PAPER else "the paper, by its own protocol",
        data=shown.data,
        dots=shown.dots,
        bins=shown.bins,
        steps=figure.y == "longest" and curves,
        notes=_notes(selection, figure, cells, records, shown.spread + left_out),
    )


def _lines(
    selection: Selection, figure: Figure, cells: Sequence[Cell], ok: pd.DataFrame
) -> Shown | None:
    points, curves = _points(selection, ok, figure), figure.kind == "curves"
    if points.empty:
        return None
    summary = _summary(points, ranges=curves)
    seeds = sorted(set(ok.groupby("configuration").size().tolist()))
    count = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    spread = f"mean and 95 % Student-t interval (cut at the axes) over {count} seeds."
    if curves and seeds[-1] < FEW:
        spread = f"mean and range of {count} seeds."
    return Shown(
        data=_tidy(selection, figure, cells, summary),
        spread="one seed." if count == "1" else spread,
    )


def _points(selection: Selection, ok: pd.DataFrame, figure: Figure) -> pd.DataFrame:
    """Return the figure's x and y of every seed, with `configuration` and `layer` (0: of no layer).

    On a curve x is the iteration, or the steps of data until then; what that took the seed, where
    it is the figure's x, is `cost`.
    """
    if figure.kind == "sweep":
        points = ok[["configuration"]].assign(layer=0, x=ok[figure.x], y=ok[figure.y])
        return points.dropna().astype({"x": float, "y": float})
    rows = ok[["configuration", "curve"]].explode("curve").dropna(subset="curve")
    if rows.empty:
        return rows
    values = [(point["iteration"], point[figure.y]) for point in rows["curve"]]
    points = rows[["configuration"]].assign(
        layer=0, x=[x for x, _ in values], y=[y for _, y in values]
    )
    kept = sorted(points["x"].unique())[::-1]  # the last is among them; more cannot be seen
    if figure.x in COSTS:
        points["cost"] = [_cost(point, figure.x) for point in rows["curve"]]
        points = points[points["cost"] > 0]
    points = points[points["x"].isin(kept[:: -(-len(kept) // MOST_POINTS)])].dropna(subset="y")
    if figure.x == "data_steps":
        points["x"] *= [selection.cells[n].data_steps for n in points["configuration"]]
    if figure.y == "sg_cosine" and figure.lines != "layer":
        points["y"] = [layers[0] for layers in points["y"]]
        points = points.dropna()
    if figure.lines == "layer":
        points["layer"] = [range(1, len(layers) + 1) for layers in points["y"]]
        points = points.explode(["layer", "y"]).dropna()
        points = points[points["layer"].isin(_layers(list(selection.cells)))]
    return points.astype({"layer": int, "x": float, "y": float})


def _layers(cells: Sequence[Cell]) -> list[int]:
    """Return the hidden layers that are shown, from the bottom: the top one and every few below."""
    top = max(cell.depth or 0 for cell in cells) - 1
    every = max(1, math.ceil(top / MOST_LINES))  # a network without depth has none
    return list(range(top, 0, -every))[::-1]


def _every_few(cells: Sequence[Cell]) -> str:
    shown = _layers(cells)
    if len(shown) < 2 or shown[1] == shown[0] + 1:
        return ""
    return f" Hidden layers {', '.join(map(str, shown))} are shown, from the bottom."


def _cost(point: dict[str, Any], x: str) -> float:
    return statistics.fmean(point[x] or (0.0,)) if x == "updates" else point[x]


def _summary(points: pd.DataFrame, ranges: bool) -> pd.DataFrame:
    """Return the mean and the interval over seeds at each configuration, layer and x.

    With `ranges` the interval is what the seeds span where there are fewer than `FEW`: a band of
    the Student-t interval of two would hide everything.
    """
    groups = points.groupby(["configuration", "layer", "x"])
    seeds = groups["y"].agg(list).reset_index()
    intervals = [_interval(values, ranges and 1 < len(values) < FEW) for values in seeds["y"]]
    if "cost" in points:
        seeds["x"] = groups["cost"].mean().tolist()
    return seeds.assign(
        mean=[interval.mean for interval in intervals],
        low=pd.Series([interval.low for interval in intervals], dtype=float),
        high=pd.Series([interval.high for interval in intervals], dtype=float),
    )


def _interval(values: list[float], span: bool) -> interval_statistics.Interval:
    found = interval_statistics.mean_interval(values, CONFIDENCE)
    return replace(found, low=min(values), high=max(values)) if span else found


def _tidy(
    selection: Selection, figure: Figure, cells: Sequence[Cell], summary: pd.DataFrame
) -> pd.DataFrame:
    """Return the drawing's data: `summary` with the panel and the line of each of its rows."""
    configurations: list[int] = summary["configuration"].tolist()
    mine = [selection.cells[n] for n in configurations]

    if figure.lines == "layer":  # the cells of other figures may have none
        lines = [str(layer) for layer in summary["layer"].tolist()]
        all_lines = [str(layer) for layer in _layers(cells)]
    else:
        if figure.lines == "p_update":
            cells = sorted(cells, key=lambda cell: cell.p_update or 0.0)
        lines, all_lines = (labels(selection, figure.lines, some) for some in (mine, cells))
    return pd.DataFrame(
        {
            **panels(selection, figure, mine),
            "line": ordered(lines, all_lines),
            "rule": [cell.rule for cell in mine],
            **{name: summary[name] for name in ("x", "mean", "low", "high")},
            "paper": _paper(selection, figure, mine, summary["x"].tolist()),
        }
    )


def _paper(
    selection: Selection, figure: Figure, cells: Sequence[Cell], at: Sequence[float]
) -> "pd.Series[float]":
    """Return the paper's errors: at every scale of a sweep, of a curve the end at its own scale."""
    values: list[float | None] = []
    result = figure.y if figure.y in RESULTS else None
    for cell, x in zip(cells, at, strict=True):
        end = cell.iterations * cell.data_steps
        final = figure.kind == "sweep" or (figure.y in ("error", "longest", *RESULTS) and x == end)
        final = final and figure.x not in COSTS  # of which the paper has no number
        shown = final and (figure.kind == "sweep" or selection.scale == PAPER)
        number = selection.exhibit.number(cell, result)
        values.append(number.value if shown and number is not None else None)
    return pd.Series(values, dtype=float)


def _marks(figure: Figure, cell: Cell) -> tuple[float, ...]:
    """Return the x positions to point out: rate drops, or the paper's ratio of rate and scale."""
    if figure.x == "iteration":
        return tuple(fraction * cell.iterations for fraction in cell.drops)
    return (derived_sg_scale(cell.learning_rate),) if figure.x == "sg_scale" else ()


def _notes(
    selection: Selection, figure: Figure, cells: Sequence[Cell], records: pd.DataFrame, spread: str
) -> tuple[str, ...]:
    exhibit, ok = selection.exhibit, records["status"] == "ok"
    notes = [f"{exhibit.name}, scale {selection.scale}: {spread}"]
    if figure.lines != "sg_layers" and (words := _models(selection, records)):
        notes[0] += f" Hidden layers of M, as fixed: {words}."
    here = {
        name: getattr(cells[0], name)
        for name in ("network", "dataset")
        if len({getattr(cell, name) for cell in cells}) == 1
        and (name == "network" or selection.find_in_paper({name: getattr(cells[0], name)}))
    }
    if (words := selection.difference(here)) is not None:
        notes.append(f"{words}.")
    if lost := int((~ok).sum()):
        notes.append(f"Cells left out because they diverged or failed: {lost}.")
    others = records[~records["data_canonical"]][["dataset", "data_hash"]].drop_duplicates()
    for dataset, name in sorted(zip(others["dataset"], others["data_hash"], strict=True)):
        label = exhibit.label("dataset", dataset)
        notes.append(f"{label} from files that are not the original: data {name}.")
    return tuple(notes)


def _models(selection: Selection, records: pd.DataFrame) -> str:
    """Return the hidden layers of M by rule, and by network where that matters."""
    columns = ["rule", "network", "sg_layers"]
    words: list[str] = []
    for rule, some in records[columns].dropna().drop_duplicates().groupby("rule", sort=False):
        label, differ = selection.exhibit.label("rule", rule), some["sg_layers"].nunique() > 1
        for network, layers in zip(some["network"], some["sg_layers"], strict=True):
            where = f" {selection.exhibit.label('network', network)}" if differ else ""
            words.append(f"{layers} ({label}{where})")
    return ", ".join(dict.fromkeys(words))


def _inner(title: str) -> str:
    """Return a title as it stands within a line: "Test error" in small letters, "M's loss" not."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title
