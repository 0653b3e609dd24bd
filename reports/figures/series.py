"""The figures of an exhibit as data: means and intervals over seeds, tidy. Draws nothing.

A figure of an exhibit becomes a drawing for each data set and network (unless its panels or lines
are those), with a column of panels for each value of its `panels` field and, where `panels` and
`lines` leave open the rule or what is decoupled, a row for each. Cells that the figure does not
tell apart get a drawing or a line each (`panels.apart`).
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ...bench.cell import Cell
from ...bench.configuration import field_of
from ...reproductions.exhibits.schema import Figure
from ...results.metrics import METRIC_BY_RESULT, measure_of
from ...results.record import Record
from ...results.timings import Timing
from ..analysis.selection.protocol import PAPER
from ..analysis.selection.select import READABLE, Selection
from .data import beside, points, words
from .data.ends import configurations as configurations_of
from .data.ends import ends_of
from .data.panels import COMPUTED, apart, lines, ordered, panels
from .data.population import few, networks
from .data.progress import LOGARITHMIC, bytes_counted
from .spec import Drawing, Shown
from .titles import captions, findings

LINEAR = ("sg_cosine", "sg_held_cosine", "longest", "bits", "test_bits")
_WIDE = 50  # ratio of the greatest and the least x from which on a sweep's x is logarithmic
_DROPS, _RATIO = "learning rate drops", "S = learning rate / 3e-5, as in the paper"


def drawings(
    selection: Selection, records: Iterable[Record] = (), timings: Iterable[Timing] = ()
) -> list[Drawing]:
    """Return the drawings that have at least one line, in the exhibit's order of figures.

    Args:
        selection: what is reported.
        records: of any exhibit, for the `references` of figures; none are drawn without them.
        timings: of any exhibit, for curves against bytes; without them, there are no such lines.
    """
    counted = bytes_counted(timings)
    made: list[Drawing] = []
    records = list(records)
    for figure in selection.exhibit.figures:
        mine = [n for n, cell in enumerate(selection.cells) if _belongs(selection, figure, cell)]
        split, added = apart(selection, figure, [selection.cells[n] for n in mine])
        groups: dict[tuple[Any, ...], list[int]] = {}
        for n in mine:
            key = tuple(selection.cells[n].value(name) for name in split)
            groups.setdefault(key, []).append(n)
        others = beside.selected(selection, figure, records)
        found = (
            _drawing(selection, figure, (split, added), configurations, others, counted=counted)
            for configurations in groups.values()
        )
        made.extend(drawing for drawing in found if drawing is not None)
    return made


def _belongs(selection: Selection, figure: Figure, cell: Cell) -> bool:
    """Tell whether a cell is a point or a line of the figure."""
    if cell.dataset not in (figure.datasets or (cell.dataset,)):
        return False
    if cell.rule not in (figure.rules or (cell.rule,)):
        return False
    fields = [figure.lines] if figure.lines not in COMPUTED else []
    fields += [figure.x] if figure.kind != "curves" else []
    if any(cell.value(name) is None for name in fields):
        return False
    return "sg_layers" in (figure.panels, figure.lines, figure.x) or selection.fixed(cell)


def _drawn(selection: Selection, figure: Figure, records: pd.DataFrame) -> "pd.Series[bool]":
    """Tell which records a figure is drawn from.

    A sweep has the results of the table, of the declared seeds alone; curves also those that go on
    later.
    """
    if figure.kind == "sweep":
        return (records["status"] == "ok") & selection.declared(records)
    return records["status"].isin(READABLE)


def _drawing(
    selection: Selection,
    figure: Figure,
    fields: tuple[Sequence[str], Sequence[str]],
    configurations: Sequence[int],
    others: Selection | None,
    *,
    counted: Mapping[str, float],
) -> Drawing | None:
    (split, added), left_out = fields, ""
    if _by_number(figure, [selection.cells[n] for n in configurations]):
        measured = selection.frame.loc[_drawn(selection, figure, selection.frame), "configuration"]
        configurations, left_out = few(
            selection.cells, figure.lines, configurations, set(measured.tolist())
        )
    cells = [selection.cells[n] for n in configurations]
    if figure.lines == "layer":
        left_out = captions.layers_shown(cells)
    records = selection.frame[selection.frame["configuration"].isin(configurations)]
    ok = records[_drawn(selection, figure, records)]
    population, curves = figure.kind == "population", figure.kind == "curves"
    if population:
        shown = networks(selection, figure, ok)
    else:
        shown = _lines(selection, figure, added, cells, ok, counted=counted)
    if shown is None:
        return None
    references, told = None, ""
    if others is not None:
        references, told = beside.references(selection, figure, cells, shown.data, others)
    first, done = cells[0], [selection.cells[n] for n in shown.configurations]
    in_sequence = population or figure.lines == "p_update"
    return Drawing(
        name="-".join([figure.name, *(_slug(selection, name, first) for name in split)]),
        title=findings.title(
            selection, figure, split, cells, ends_of(selection, figure, shown.ends)
        ),
        legend="share of training" if population else words.legend(figure.lines),
        x_label=words.axis(figure.x),
        y_label=words.axis(figure.y, first),
        x_log=figure.x in (*points.COSTS, *LOGARITHMIC) or _wide(figure, cells),
        y_log=figure.y not in LINEAR,
        y_range=(-1.0, 1.02) if figure.y in ("sg_cosine", "sg_held_cosine") else None,
        steps=figure.y == "longest" and curves,
        bars=figure.kind == "sweep",
        shaded=figure.lines != "rule" and not in_sequence,
        ordered=in_sequence,
        marks=beside.marks(figure, cells),
        mark_label=_DROPS if curves else _RATIO,
        paper_label="the paper" if selection.scale == PAPER else "the paper, by its own protocol",
        colors=words.colors([*shown.data["rule"], *figure.references]),
        data=shown.data,
        seeds=shown.seeds,
        references=references,
        dots=shown.dots,
        bins=shown.bins,
        early=shown.early,
        notes=captions.notes(selection, figure, done, records, shown.spread + left_out + told),
    )


def _slug(selection: Selection, field: str, cell: Cell) -> str:
    """Return what a file's name says of a field: its value, or the label of its absence."""
    value = cell.value(field)
    named = field not in ("dataset", "network") and selection.exhibit.has_label(field, None)
    text = words.label(selection.exhibit, field, value) if named else str(value)
    plain = re.sub(r"[^\w.+-]+", "-", text)
    if plain == text.replace(" ", "-"):
        return plain
    return f"{plain.strip('-.')}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"  # of a path, say


def _by_number(figure: Figure, cells: Sequence[Cell]) -> bool:
    """Tell whether the lines are values of a number."""
    values = (cell.value(figure.lines) for cell in cells)
    return all(isinstance(value, (int, float)) for value in values)


def _wide(figure: Figure, cells: Sequence[Cell]) -> bool:
    """Tell whether x is a field that spans so much that it has to be logarithmic, and no share."""
    if figure.kind == "curves" or field_of(figure.x).max == 1:
        return False
    values = [cell.value(figure.x) for cell in cells]
    return min(values) > 0 and max(values) >= _WIDE * min(values)


def _lines(
    selection: Selection,
    figure: Figure,
    added: Sequence[str],
    cells: Sequence[Cell],
    ok: pd.DataFrame,
    *,
    counted: Mapping[str, float],
) -> Shown | None:
    """Return the lines of curves or of a sweep; None where there is no point."""
    every = points.points(selection, figure, ok, counted)
    if every.empty:
        return None
    found, curves = every, figure.kind == "curves"
    if figure.lines == "layer":
        found = every[every["layer"].isin(points.layers(cells))]
    means = points.summary(found, whole=curves, log=figure.y not in LINEAR)
    steps = figure.y == "longest" and curves
    single = points.single(found, means, alone=steps or not curves)
    if _by_number(figure, cells):
        cells = sorted(cells, key=lambda cell: cell.value(figure.lines))
    order = [str(layer) for layer in points.layers(cells)]
    if figure.lines != "layer":
        order = lines(selection, figure, _together(figure, cells), added)

    def line(frame: pd.DataFrame) -> list[str]:
        if figure.lines == "layer":
            return [str(layer) for layer in frame["layer"]]
        return lines(selection, figure, _cells(selection, frame), added)

    means, told_of_means = points.of_all_seeds(selection, means)
    there = set(line(means))
    order = [label for label in order if label in there]
    mine = _cells(selection, means)
    data = pd.DataFrame(
        {
            **panels(selection, figure, mine),
            "line": ordered(line(means), order),
            "rule": [cell.rule for cell in mine],
            "x": means["x_mean" if "x_mean" in means else "x"],
            **{name: means[name] for name in ("mean", "low", "high")},
            "paper": beside.paper(selection, figure, mine, means["x"].tolist()),
        }
    )
    theirs = _cells(selection, single)
    seeds = pd.DataFrame(
        {
            **panels(selection, figure, theirs),
            "line": line(single),
            "rule": [cell.rule for cell in theirs],
            "seed": single["seed"].tolist(),
            "x": single["cost" if "cost" in single else "x"].tolist(),
            "y": single["y"].tolist(),
        }
    )
    ends, early = (
        every[every["end"]],
        beside.early(selection, figure, added, cells, data, counted=counted),
    )
    told = captions.without_paper(selection.exhibit, data, early)
    told += captions.uncounted(selection, figure, ok, every)
    if curves:
        result = figure.y if figure.y in METRIC_BY_RESULT else None
        unit = "" if early.empty else measure_of(cells[0].dataset, result).difference
        told = captions.beside(data, early, selection.scale, unit) + told
    return Shown(
        data=data,
        seeds=seeds.astype({name: data[name].dtype for name in ("row", "column", "line")}),
        ends=ends.assign(line=line(ends)).reset_index(drop=True),
        configurations=configurations_of(means),
        early=early.astype({name: data[name].dtype for name in ("row", "column", "line")}),
        spread=captions.spread(figure, ok.groupby("configuration").size().tolist(), means)
        + told_of_means
        + told,
    )


def _together(figure: Figure, cells: Sequence[Cell]) -> list[Cell]:
    """Return the cells, those of one value of the figure's lines after one another."""
    order = list(dict.fromkeys(cell.value(figure.lines) for cell in cells))
    return sorted(cells, key=lambda cell: order.index(cell.value(figure.lines)))


def _cells(selection: Selection, frame: pd.DataFrame) -> list[Cell]:
    """Return the cell of each row of a frame."""
    configurations: list[int] = frame["configuration"].tolist()
    return [selection.cells[n] for n in configurations]
