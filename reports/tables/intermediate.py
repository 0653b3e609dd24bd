"""The table of places before the end of training, beside the paper's curves."""

from collections.abc import Sequence

from ...results.metrics import measure_of
from ..analysis.evidence.keys import place_key
from ..analysis.selection.select import Selection
from ..analysis.verdicts.intermediate import when
from ..analysis.verdicts.places import NOT_RUN, Place
from ..analysis.wording import heading, label, phrase
from .entries import paper, verdict_lines
from .exhibit import Footnotes, measured
from .table import Entry, Stub, Table, cross_table, entry

_SIGNS = {"at": "", "above": "> ", "below": "< "}


def intermediate_table(
    selection: Selection, found: Sequence[Place], marks: Footnotes
) -> Table | None:
    """Return the table of the places, a row for each time, a column for each rule and result.

    None where there is none.
    """
    if not found:
        return None
    exhibit, first = selection.exhibit, found[0].cell
    along = "T" if first.depth is None else "depth"
    names = ["dataset", "network", along]

    def row(place: Place) -> Stub:
        return (*(label(exhibit, n, place.cell.value(n)) for n in names), when(place))

    def column(place: Place) -> Stub:
        rule = phrase(exhibit, "rule", place.cell.rule)
        return (rule,) if place.result is None else (rule, phrase(exhibit, "result", place.result))

    ordered = sorted(found, key=lambda one: (one.cell.depth or one.cell.T or 0, one.iteration or 0))
    return cross_table(
        f"Results before the end of training, beside the paper's curves (± the error of reading"
        f" them), {exhibit.name} at scale {selection.scale}",
        (*map(heading, names), "when"),
        {(row(one), column(one)): _entry(one, marks, place_key(selection, one)) for one in found},
        rows=map(row, ordered),
        columns=map(column, sorted(found, key=lambda one: selection.cells.index(one.cell))),
    )


def _entry(place: Place, marks: Footnotes, key: str) -> Entry:
    lines = list(measured(place, marks).lines)
    if place.known is not None and place.paper is not None:
        measure = measure_of(place.cell.dataset, place.result)
        digits, reading = measure.paper_decimals, place.known.number.reading
        levels = " levels" if measure.fields == ("longest",) else ""
        if levels and reading == 1:
            levels = " level"
        sign = _SIGNS[place.known.side]
        lines.append(f"paper {sign}{paper(place.paper, digits)} ± {reading:g}{levels}")
    if place.verdict != NOT_RUN:
        lines += verdict_lines(place.verdict, place.decides)
    return entry(*lines, verdict=place.verdict, key=key)
