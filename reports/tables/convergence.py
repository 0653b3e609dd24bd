"""The table of how long cells train that stop when their validation error no longer falls."""

import statistics
from collections.abc import Sequence

from ..analysis.costs.convergence import Convergence
from ..analysis.naming import cell_names, count
from ..analysis.selection.select import Selection
from ..analysis.wording import at, heading, label
from .speeds import number
from .table import Entry, Stub, Table, cross_table, entry

_HEADS = ("lowest after", "trained for", "operations")
_ROWS, _COLUMNS = ("rule",), ("dataset", "network", "depth")


def note(found: Sequence[Convergence]) -> str:
    """Return what the columns are."""
    patience = {one.cell.need("patience") for one in found}
    waited = f"{patience.pop()} evaluations" if len(patience) == 1 else "its patience"
    words = (
        f"Training ends where the validation error has not fallen for {waited}; the result is the"
        " network at its lowest validation error. Lowest after: passes over the training examples"
        " until there, mean over seeds (least to most). Trained for: passes until the end."
        " Operations: multiplications and additions of products until the lowest, in units of"
        " 10^12, by the shapes of the network."
    )
    limited = sum(one.limited for one in found)
    if limited:
        words += f" {count(limited, 'cell')} ended at the limit of the schedule instead."
    return words


def convergence_table(selection: Selection, found: Sequence[Convergence]) -> Table | None:
    """Return the table, laid out as the exhibit's; None without any."""
    if not found:
        return None
    exhibit, layout = selection.exhibit, selection.exhibit.layout
    rows, columns = (_ROWS, _COLUMNS) if layout is None else (layout.rows, layout.columns)
    columns = [name for name in columns if name != "patience"]
    places = [
        (
            tuple(label(exhibit, name, one.cell.value(name)) for name in rows),
            at(exhibit, {name: one.cell.value(name) for name in columns}),
        )
        for one in found
    ]
    heads: Stub = tuple(map(heading, rows))
    if len(set(places)) < len(places):  # settings that the layout does not tell apart
        names = cell_names([one.cell for one in found], seeds=False)
        places, heads = [((name,), "") for name in names], ("cells",)
    entries = {
        (row, (column, head)): told
        for (row, column), one in zip(places, found, strict=True)
        for head, told in zip(_HEADS, _entries(one), strict=True)
    }
    return cross_table(
        f"Passes and operations until convergence, {exhibit.name} at scale {selection.scale}",
        heads,
        entries,
        rows=_together([row for row, _ in places]),
        columns=((column, head) for _, column in places for head in _HEADS),
    )


def _together(rows: Sequence[Stub]) -> list[Stub]:
    """Return rows in their order, those of one first stub after one another."""
    firsts = [row[0] for row in rows]
    return sorted(rows, key=lambda row: firsts.index(row[0]))


def _entries(one: Convergence) -> tuple[Entry, ...]:
    mean = f"{statistics.fmean(one.lowest):.1f}"
    least, most = (f"{value:.0f}" for value in (min(one.lowest), max(one.lowest)))
    return (
        entry(mean if len(one.lowest) == 1 else f"{mean} ({least} to {most})"),
        entry(f"{statistics.fmean(one.trained):.1f}"),
        entry(number(one.operations / 1e12)),
    )
