"""The table of a population's medians beside the paper's, by bins of p_update."""

from collections.abc import Sequence

from ...bench.cell import Cell
from ..analysis.evidence.keys import bin_key
from ..analysis.selection.select import Selection
from ..analysis.verdicts.medians import Bin
from ..analysis.verdicts.places import NOT_RUN
from ..analysis.verdicts.population import iterations
from .entries import interval, paper, verdict
from .table import Entry, Stub, Table, cross_table, entry


def medians_table(selection: Selection, found: Sequence[Bin]) -> Table:
    """Return the table of the bins, a column for each rule and what is decoupled."""

    def column(cell: Cell) -> Stub:
        return label("decoupled", cell.decoupled), label("rule", cell.rule)

    label, entries = selection.exhibit.label, dict[tuple[Stub, Stub], Entry]()
    for one in sorted(found, key=lambda one: (one.paper.at, one.paper.above)):
        ends = f"{one.paper.above:g} to {one.paper.up_to:g}"
        row = label("dataset", one.cell.dataset), iterations(one.cell, one.paper.at), ends
        entries[row, column(one.cell)] = _entry(one, bin_key(selection, one))
    return cross_table(
        f"Median error in percent by bins of p_update, {selection.exhibit.name} at scale"
        f" {selection.scale}",
        ("dataset", "iterations", "p_update"),
        entries,
        rows=(row for row, _ in entries),
        columns=map(column, selection.cells),
    )


def _entry(one: Bin, key: str) -> Entry:
    if one.verdict == NOT_RUN:
        return entry(NOT_RUN, verdict=NOT_RUN, key=key)
    first = ""
    if one.found is not None:
        n = one.found.n
        counted = f"({n})" if n >= one.seeds else f"({n} of {one.seeds})"
        first = f"{interval(one.found)} {counted}"
    lost = f"{one.diverged} diverged" if one.diverged else ""
    theirs = f"paper {'> ' if one.paper.censored else ''}{paper(one.paper.value)}"
    word = verdict(one.verdict, one.decides).removesuffix(")").split(" (")
    return entry(first, lost, theirs, *word, verdict=one.verdict, key=key)
