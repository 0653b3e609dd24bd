"""The table of a run's results: the report's table, without the paper's numbers."""

import dataclasses
from collections.abc import Iterable

from ...reproductions.exhibits.custom import with_custom
from ...reproductions.exhibits.exhibit import load
from ...reproductions.exhibits.schema import CUSTOM
from ...reproductions.running.request import RunRequest
from ...results.record import Record
from ..analysis.selection.select import select
from ..analysis.verdicts.places import places
from ..tables.exhibit import results_table
from ..tables.formats.text import text_table
from .terminal import width

_MOST_ROWS = 40  # of a table that is printed after a run; longer ones are for the report


def results_text(request: RunRequest, records: Iterable[Record]) -> str:
    """Return the table of the records of a run's cells; nothing where it would be long."""
    exhibit, found = load(request.exhibit), [r for r in records if r.status == "ok"]
    if not found:  # parts of schedules have no final results
        return ""
    if request.label == CUSTOM:  # whatever exhibit or scale the cells were first run for
        of_it = {"exhibit": exhibit.name, "scale": CUSTOM}
        exhibit = with_custom(exhibit, [dataclasses.replace(r, **of_it) for r in found])
    selection = select(exhibit, request.label, found).narrowed(ran=True)
    table = results_table(selection, places(selection))
    if len(table.rows) > _MOST_ROWS:
        return ""
    note = "Mean ± half-width of the 95 % interval over seeds (number of seeds)."
    return f"{table.caption}.\n\n{text_table(table, width()).rstrip()}\n\n{note}\n\n"
