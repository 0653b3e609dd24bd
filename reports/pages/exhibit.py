"""The report of an exhibit at a scale: its tables, claims and figures, beside the paper's.

    report = build(load("table1"), "quick", store.scan(), ("md", "png"))

The same records give the same bytes, in whatever order they come.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from ...bench.outcome import UNFINISHED
from ...reproductions.exhibits.schema import CUSTOM, Exhibit
from ...reproductions.exhibits.where import Where
from ...results.record import STATUSES, Record
from ...results.timings import Timing
from ..analysis.costs.convergence import convergences
from ..analysis.costs.remaining import Costs
from ..analysis.costs.waits import waits
from ..analysis.evidence.details import Detail, details
from ..analysis.evidence.settings import shared_settings
from ..analysis.naming import count
from ..analysis.overview import made, tally
from ..analysis.selection.protocol import PAPER
from ..analysis.selection.select import Selection, select
from ..analysis.verdicts.calibration import Calibration, calibrate
from ..analysis.verdicts.claims import ClaimResult, unreproduced
from ..analysis.verdicts.medians import replace_table
from ..analysis.wording import at
from ..figures.claims import drawing as claims_drawing
from ..figures.parallel import rendered
from ..figures.series import drawings
from ..figures.spec import AnyDrawing
from ..tables import calibration, convergence, csv, diagnosis
from ..tables.calibration import calibration_table
from ..tables.claims import claims_table
from ..tables.convergence import convergence_table
from ..tables.diagnosis import diagnosis_table
from ..tables.exhibit import main_table, model_table
from ..tables.intermediate import intermediate_table
from ..tables.medians import medians_table
from ..tables.table import Table
from ..tables.waits import KEPT, WAITS, waits_table
from . import notes
from .judged import Judged, judge
from .page import Page, Section
from .report import FORMATS, Draft, Figure, Report, assemble, images
from .stages import Stages, stages_of
from .stages import sections as stage_sections


def build(
    exhibit: Exhibit,
    scale: str,
    records: Iterable[Record],
    formats: Sequence[str] = FORMATS,
    workers: int = 1,
    *,
    where: Where | None = None,
    ran: bool = False,
    sheet: str = "screen",
    costs: Costs | None = None,
    timings: Iterable[Timing] = (),
) -> Report:
    """Return the report of `exhibit` at `scale`; records of other cells are left out.

    Args:
        exhibit: what is reported (`reproductions.exhibits.exhibit.load`).
        scale: one of its scales, or `custom`: the cells that `--set` changed.
        records: records of any exhibit and scale, in any order.
        formats: of FORMATS.
        workers: processes that draw many figures, at most (`parallel.rendered`).
        where: which cells are shown; all if None. Claims are tested on all of them: their p is
            adjusted for all tests, whichever are shown.
        ran: show only what has a record.
        sheet: where figures will stand (`figures.drawing.style.SHEETS`).
        costs: of what is left to train; if None, at the paper's scale, by these records' speeds.
        timings: of any exhibit, whose counts of bytes curves are drawn against.

    Raises:
        UsageError: the scale or a format is unknown, or a value in `where` picks no cell.
    """
    return assemble(
        draft(
            exhibit,
            scale,
            records,
            formats,
            workers,
            where=where,
            ran=ran,
            sheet=sheet,
            costs=costs,
            timings=timings,
        ),
        formats,
    )


def draft(
    exhibit: Exhibit,
    scale: str,
    records: Iterable[Record],
    formats: Sequence[str] = FORMATS,
    workers: int = 1,
    *,
    where: Where | None = None,
    ran: bool = False,
    sheet: str = "screen",
    costs: Costs | None = None,
    timings: Iterable[Timing] = (),
) -> Draft:
    """Return what the report is made of; arguments and errors as of `build`."""
    forms, records = images(formats), list(records)
    selection = (judged := judge(exhibit, scale, records, where=where, ran=ran)).selection
    staged = stages_of(selection)
    shown = _drawings(judged, records, timings, staged) if forms else []
    drawn = zip(shown, rendered(shown, forms, workers, sheet), strict=True) if shown else ()
    figures = [Figure(name=d.name, title=d.title, content=content) for d, content in drawn]
    tables = {"": csv.places_csv(selection, judged.places)}
    if judged.intermediate:
        tables["-intermediate"] = csv.places_csv(selection, judged.intermediate)
    if judged.shown_claims:
        tables["-claims"] = csv.claims_csv(selection, judged.shown_claims)
    if judged.bins:
        tables["-medians"] = csv.medians_csv(selection, judged.bins)
    lost = [f"{_claim_name(selection, one)}: {one.verdict}" for one in unreproduced(judged.claims)]
    if costs is None and scale == PAPER:
        costs = Costs(records)
    calibrated: list[Calibration] = []
    if PAPER in exhibit.scales and scale not in (PAPER, CUSTOM):
        calibrated = calibrate(selection, select(exhibit, PAPER, records))
    return Draft(
        page=_page(judged, where, calibrated, costs, staged),
        figures=figures,
        tables=tables,
        unreproduced=lost,
    )


def _drawings(
    judged: Judged,
    records: Sequence[Record],
    timings: Iterable[Timing],
    staged: Stages | None,
) -> list[AnyDrawing]:
    """Return the figures of stages, those that the exhibit declares, and that of its claims."""
    found: list[AnyDrawing] = [*(staged.drawings if staged is not None else ())]
    found += drawings(judged.selection, records, timings)
    of_claims = claims_drawing(judged.selection, judged.shown_claims)
    return found if of_claims is None else [*found, of_claims]


def _claim_name(selection: Selection, result: ClaimResult) -> str:
    place = at(selection.exhibit, result.test.place)
    return f"{result.test.claim.name} ({place})" if place else result.test.claim.name


def _page(
    judged: Judged,
    where: Where | None,
    calibrated: Sequence[Calibration],
    costs: Costs | None,
    staged: Stages | None,
) -> Page:
    selection = judged.selection
    exhibit, scale = selection.exhibit, selection.exhibit.scale(selection.scale)
    lead = [f"Source: {exhibit.source}. Scale {scale.name}: {scale.description}."]
    if calibrated:
        lead.append(calibration.label(calibrated))
    whole = where is None and not judged.ran
    some = (*judged.places, *judged.intermediate)
    found = details(selection, some, judged.shown_claims, judged.bins)
    if not whole:
        which = f" where {where}" if where is not None else ""
        lead.append(f"Only cells{which}{' that were run' if judged.ran else ''} are shown.")
    if where is not None and any(one.field == "seed" for one in where.conditions):
        lead.append("Verdicts are by all seeds that the scale declares, whichever are shown.")
    return Page(
        name=f"{exhibit.name}-{selection.scale}{'' if whole else '-part'}",
        title=exhibit.title,
        lead=tuple(lead),
        cautions=tuple(notes.cautions(selection)),
        summary=tuple(_summary(judged)),
        sections=tuple(_sections(judged, found, calibrated, staged)),
        runs=tuple(notes.runs(selection)),
        failures=tuple(notes.failures(selection)),
        details=tuple(found),
        settings=tuple(shared_settings(selection)),
        made=tuple(made(selection)),
        tally=tally(selection, found, costs),
    )


def _summary(judged: Judged) -> list[str]:
    selection = judged.scope
    custom, own = selection.scale == CUSTOM, selection.frame["seed"].isin(selection.own_seeds)
    mine = selection.frame if custom else selection.frame[own]  # custom has no seeds of its own
    ended = mine[~mine["status"].isin(UNFINISHED)]
    there = f"{len(ended)}" if custom else f"{len(ended)} of {selection.wanted}"
    lines = [f"cells: {there} run{_statuses(ended)}"]
    if in_part := len(mine) - len(ended):
        lines.append(f"trained in part so far: {count(in_part, 'cell')}")
    if extra := len(selection.frame) - len(mine):
        more = f"{count(extra, 'cell')}{_statuses(selection.frame[~own])}"
        lines.append(f"further seeds than the scale's own: {more}")
    if selection.stale:
        lines.append(f"left out, made by other versions of the code: {selection.stale} records")
    if judged.custom and selection.scale != CUSTOM:
        lines.append(
            f"left out, changed by --set: {count(judged.custom, 'cell')};"
            f" `sgbench report {selection.exhibit.name} --scale {CUSTOM}` shows them"
        )
    known = [place.verdict for place in judged.places if place.counts]
    if known and selection.scale == PAPER:
        lines.append(f"places: {_counted(known)}")
    if judged.intermediate and selection.scale == PAPER:
        words = (place.verdict for place in judged.intermediate)
        lines.append(f"places before the end of training: {_counted(words)}")
    if judged.bins and selection.scale == PAPER:
        lines.append(f"medians: {_counted(one.verdict for one in judged.bins)}")
    if tested := judged.shown_claims:
        lines.append(f"claims at scale {selection.scale}: {_counted(c.verdict for c in tested)}")
    return lines


def _statuses(records: pd.DataFrame) -> str:
    """Return in brackets how many of some records have each status; nothing without any."""
    found = Counter(records["status"])
    counts = ", ".join(f"{found[name]} {name}" for name in STATUSES if found[name])
    return f" ({counts})" if counts else ""


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{n} {word}" for word, n in Counter(words).most_common())


def _sections(
    judged: Judged,
    rests: Sequence[Detail],
    calibrated: Sequence[Calibration],
    staged: Stages | None,
) -> list[Section]:
    selection, marks = judged.selection, notes.marks(judged.selection)
    if not selection.cells:
        return []
    data = notes.of_data(selection, marks)
    first = notes.of_results(selection, [*judged.places, *judged.intermediate])
    found: list[Section] = [] if staged is None else stage_sections(staged)

    def add(name: str, heading: str, table: Table | None, words: Sequence[str]) -> None:
        if table is not None:
            some = (*words, *data)
            found.append(Section(name, heading, table, notes=some))

    if staged is None and not replace_table(selection, judged.bins):
        table = main_table(selection, judged.places, marks)
        if table.rows or not judged.ran:
            add("table", "Table", table, [notes.INTERVAL, *first])
            first = []
        else:
            found.append(Section("table", "Table", None, notes=(notes.OTHER_MODELS,)))
    table = intermediate_table(selection, judged.intermediate, marks)
    add("intermediate", "Before the end of training", table, [notes.BEFORE])
    if judged.bins:
        table = medians_table(selection, judged.bins)
        add("medians", "The paper's medians", table, [notes.MEDIANS, *first])
    if judged.shown_claims:
        table = claims_table(selection, judged.shown_claims, marks)
        add("claims", "Ordering claims", table, notes.of_claims(judged.shown_claims))
    if converged := convergences(selection):
        words = [convergence.note(converged)]
        table = convergence_table(selection, converged)
        add("convergence", "Passes until each rule stopped getting better", table, words)
    table = None if staged else model_table(selection, judged.places, marks)
    add("models", "The depth of M", table, [notes.INTERVAL])
    table, words = waits_table(selection, waits(selection)), [WAITS, KEPT]
    add("waits", "What each rule waits for and keeps", table, words)
    add("diagnosis", "M's gradients", diagnosis_table(rests), [diagnosis.NOTE])
    words = [calibration.note(calibrated)]
    add("calibration", "Beside the paper's schedule", calibration_table(calibrated), words)
    return found
