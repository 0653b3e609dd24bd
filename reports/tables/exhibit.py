"""The tables of an exhibit's results: as the paper has it, and by the hidden layers of M."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...bench.cell import Cell
from ...reproductions.exhibits.schema import Exhibit
from ...results.metrics import measure_of, results_of
from ..analysis.evidence.keys import place_key
from ..analysis.selection.select import Selection
from ..analysis.verdicts.places import NOT_RUN, Place
from ..analysis.wording import NONE, heading, label, phrase
from .entries import difference, interval, paper, published, verdict
from .table import Entry, Stub, Table, cross_table, entry

Footnotes = Mapping[tuple[str, str], str]
"""(dataset, data hash) to its mark, for data that is not the original."""
Fields = Sequence[str]
BASELINE = "\N{DAGGER}"
"""Marks a number of the paper that cannot tell the rule from the baseline (`Place.baseline`)."""


def main_table(selection: Selection, places: Sequence[Place], marks: Footnotes) -> Table:
    """Return the exhibit's table, laid out as the paper has it, with the M that the protocol fixes.

    Without a layout it is that of the first figure over a field, a row for each x; without such a
    figure, that of the grid's axes.
    """
    found = [place for place in places if place.fills]
    against = against_paper(places)
    return _table(
        selection,
        f"{_measured_words(selection)}, {selection.exhibit.name} at scale {selection.scale}",
        _layout(selection.exhibit),
        found,
        lambda place: _judged(place, marks, against, place_key(selection, place)),
    )


def results_table(selection: Selection, places: Sequence[Place]) -> Table:
    """Return the table of all places, whatever their M, without the paper's numbers."""
    return _table(
        selection,
        f"{_measured_words(selection)}, {selection.exhibit.name} at scale {selection.scale}",
        _layout(selection.exhibit),
        places,
        lambda place: measured(place, {}),
    )


def against_paper(places: Sequence[Place]) -> bool:
    """Tell whether the paper has a number for any of the places, to stand beside ours."""
    return any(place.paper is not None for place in places)


def model_table(selection: Selection, places: Sequence[Place], marks: Footnotes) -> Table | None:
    """Return the table over the hidden layers of M, the fixed M's in bold; None without any.

    Rows without any record are left out.
    """
    layout = selection.exhibit.layout
    if layout is None or all(place.fills for place in places):
        return None
    rows = ("dataset", *(name for name in layout.rows if name != "dataset"))
    mine = [place for place in places if place.cell.sg_layers is not None]
    run = {_values(place, rows) for place in mine if place.verdict != NOT_RUN}
    found = [place for place in mine if _values(place, rows) in run]
    if not found:
        return None
    return _table(
        selection,
        f"{_measured_words(selection)} by the hidden layers of M, {selection.exhibit.name} at scale"
        f" {selection.scale}; bold: the M that the protocol fixes for the paper's place",
        (rows, ("rule", "sg_layers")),
        found,
        lambda place: measured(place, marks, place.fills, place_key(selection, place)),
    )


def measured_names(datasets: Iterable[str]) -> str:
    """Return what the results of cells trained on `datasets` are, in words."""
    found = (measure_of(name, r).name for name in datasets for r in results_of(name))
    return " or ".join(dict.fromkeys(found))


def _measured_words(selection: Selection) -> str:
    """Return what a table's numbers are, in words that begin a caption."""
    names: dict[str, list[str]] = {}
    for dataset, split in dict.fromkeys((c.dataset, c.split) for c in selection.cells):
        name = f"{split or ''} {measured_names([dataset])}".strip()
        names.setdefault(name, []).append(selection.exhibit.label("dataset", dataset))
    if len({tuple(some) for some in names.values()}) == 1:
        words = " or ".join(names)
    else:
        words = "; ".join(f"{' and '.join(some)}: {name}" for name, some in names.items())
    return words[:1].upper() + words[1:]


def _layout(exhibit: Exhibit) -> tuple[Fields, Fields]:
    """Return the fields of rows and of columns that the exhibit has, or its first sweep."""
    if exhibit.layout is not None:
        return exhibit.layout.rows, exhibit.layout.columns
    sweep = next((figure for figure in exhibit.figures if figure.kind == "sweep"), None)
    return ((), ("rule",)) if sweep is None else ((sweep.x,), (sweep.panels, sweep.lines))


def _told_apart(
    selection: Selection, places: Sequence[Place], layout: tuple[Fields, Fields]
) -> tuple[Fields, Fields]:
    """Return the layout with more of the grid's axes, so that each place has its own entry."""
    rows, columns = map(list, layout)
    blocks = selection.exhibit.scale(selection.scale).blocks
    for name in dict.fromkeys([*(name for block in blocks for name in block), "result"]):
        shown = [*rows, *columns]
        if len({_values(place, shown) for place in places}) == len(places):
            break
        if name not in shown and len({_value(place, name) for place in places}) > 1:
            (columns if name in ("dataset", "result") else rows).append(name)
    return rows or ["network"], columns


def _values(place: Place, names: Fields) -> tuple[Any, ...]:
    return tuple(_value(place, name) for name in names)


def _value(place: Place, name: str) -> Any:
    return place.result if name == "result" else place.cell.value(name)


def _table(
    selection: Selection,
    caption: str,
    layout: tuple[Fields, Fields],
    places: Sequence[Place],
    write: Callable[[Place], Entry],
) -> Table:
    rows, columns = _told_apart(selection, places, layout)

    def row(place: Place) -> Stub:
        return tuple(label(selection.exhibit, name, _value(place, name)) for name in rows)

    def column(place: Place) -> Stub:
        return tuple(phrase(selection.exhibit, name, _value(place, name)) for name in columns)

    ordered = _in_order(selection.cells, places, rows), _in_order(selection.cells, places, columns)
    return cross_table(
        caption,
        tuple(map(heading, rows)),
        {(row(place), column(place)): write(place) for place in places},
        rows=map(row, ordered[0]),
        columns=map(column, ordered[1]),
    )


def _in_order(cells: Sequence[Cell], places: Sequence[Place], names: Fields) -> list[Place]:
    """Return the places by the fields `names`, the values of each in the grid's order."""
    ranks = {
        name: {value: n for n, value in enumerate(dict.fromkeys(_order_of(name, cells, places)))}
        for name in names
    }
    return sorted(places, key=lambda place: [ranks[name][_value(place, name)] for name in names])


def _order_of(name: str, cells: Sequence[Cell], places: Sequence[Place]) -> Iterable[Any]:
    if name == "result":
        return (place.result for place in places)
    return (cell.value(name) for cell in cells)


def _judged(place: Place, marks: Footnotes, against: bool, key: str) -> Entry:
    lines = list(measured(place, marks).lines)
    if against:
        digits = measure_of(place.cell.dataset, place.result).paper_decimals
        sign = "" if place.baseline is None else f" {BASELINE}"
        number = NONE if place.paper is None else paper(place.paper, digits)
        if place.published is not None:
            number = published(place.published)
        lines.append(f"paper {number}{sign}")
        if place.verdict != NOT_RUN:
            word = verdict(place.verdict, place.decides)
            lines += word.removesuffix(")").split(" (")  # in a narrow column, on two lines
        if place.difference is not None:
            lines += difference(place.difference)
    return entry(*lines, verdict=place.verdict, key=key)


def measured(place: Place, marks: Footnotes, strong: bool = False, key: str = "") -> Entry:
    """Return our result as an entry, with what was lost."""
    if place.verdict == NOT_RUN:
        return entry(NOT_RUN, strong=strong, verdict=NOT_RUN, key=key)
    sign = "".join(marks.get((place.cell.dataset, name), "") for name in place.other_data)
    decimals = measure_of(place.cell.dataset, place.result).decimals
    first = further = ""
    if place.interval is not None:
        n = place.interval.n
        counted = f"({n})" if n >= place.seeds else f"({n} of {place.seeds})"
        first = f"{interval(place.interval, decimals)} {counted}{sign}"
    if place.further is not None:
        further = f"all {interval(place.further, decimals)} ({place.further.n})"
    failures = [f"{n} {status}" for status, n in place.lost.items() if n]
    return entry(first, further, ", ".join(failures), strong=strong, key=key)
