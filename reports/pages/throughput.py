"""The report of timings: how near programs are to the machine's limit, and what rules cost.

    build(timings, records, scale=None, formats=("md", "png"))

The same timings and records give the same bytes, in whatever order they come.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from ...bench.errors import UsageError
from ...reproductions.exhibits.schema import CUSTOM
from ...results.record import Record
from ...results.timings import Timing
from ..analysis.costs import cost_to_accuracy
from ..analysis.costs.speeds import current, speeds
from ..analysis.naming import machine_words
from ..figures.parallel import rendered
from ..figures.throughput import drawings
from ..tables import cost_to_accuracy as cost_tables
from ..tables import csv
from ..tables import speeds as speed_tables
from .page import Page, Section
from .report import FORMATS, Draft, Figure, Report, assemble, images

NAME = "throughput"


def build(
    timings: Iterable[Timing],
    records: Iterable[Record],
    scale: str | None = None,
    formats: Sequence[str] = FORMATS,
    workers: int = 1,
    *,
    sheet: str = "screen",
) -> Report:
    """Return the report.

    Args:
        timings: of any exhibit; the machine class with the most is reported, those by other
            versions of the code are left out.
        records: of any exhibit, for the times to an error; what --set changed is left out.
        scale: which timings and records; all if None.
        formats: of `report.FORMATS`.
        workers: processes that draw many figures, at most (`parallel.rendered`).
        sheet: where figures will stand (`figures.drawing.style.SHEETS`).

    Raises UsageError where a format is unknown or there is no timing by this code.
    """
    return assemble(draft(timings, records, scale, formats, workers, sheet=sheet), formats)


def draft(
    timings: Iterable[Timing],
    records: Iterable[Record],
    scale: str | None = None,
    formats: Sequence[str] = FORMATS,
    workers: int = 1,
    *,
    sheet: str = "screen",
) -> Draft:
    """Return what the report is made of; arguments and errors as of `build`."""
    forms = images(formats)
    wanted = [timing for timing in timings if scale in (None, timing.scale)]
    kept = current(wanted)
    stale = len({(t.id, t.machine_class) for t in wanted}) - len(kept)
    if not kept:
        which = f" of scale {scale}" if scale else ""
        which += " by this version of the code" if stale else ""
        raise UsageError(f"no timings{which}: `sgbench time table1` takes some")
    machines = Counter(timing.machine_class for timing in kept)
    machine = min(machines, key=lambda name: (-machines[name], name))
    here = [timing for timing in kept if timing.machine_class == machine]
    found = speeds(here)
    trained = (r for r in records if (r.scale == scale if scale else r.scale != CUSTOM))
    reached = cost_to_accuracy.reached(trained, here)
    others = sum(machines.values()) - len(here)
    about = [speed_tables.NOTE, *speed_tables.notes(found)]
    if others:
        about.append(f"{others} timings of other machine classes are left out")
    if stale:
        about.append(f"{stale} timings by other versions of the code are left out")
    sections = [
        Section("speed", "Speed", speed_tables.speed_table(found), notes=tuple(about)),
        Section("parts", "Parts of a step", speed_tables.parts_table(found)),
    ]
    tables = {"": csv.speeds_csv(found)}
    if reached:
        table = cost_tables.cost_table(reached)
        sections.append(Section("error", "Cost to accuracy", table, notes=(cost_tables.NOTE,)))
        tables["-error"] = csv.cost_csv(reached)
    page = Page(
        name=NAME,
        title="Throughput of what is trained",
        lead=(machine_words(machine),),
        sections=tuple(sections),
    )
    shown = drawings(found, reached) if forms else []
    drawn = zip(shown, rendered(shown, forms, workers, sheet), strict=True) if shown else ()
    figures = [Figure(name=d.name, title=d.title, content=content) for d, content in drawn]
    return Draft(page=page, figures=figures, tables=tables)
