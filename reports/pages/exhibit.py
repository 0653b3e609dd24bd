"""The report of an exhibit at a scale: its tables, claims and figures, beside the paper's.

    report = build(load("table1"), "quick", store.scan(), ("md", "png"))

The same records give the same bytes, in whatever order they come.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...reproductions.exhibits.custom import with_custom
from ...reproductions.exhibits.schema import CUSTOM, Exhibit
from ...reproductions.exhibits.where import Where, select_records
from ...results.record import STATUSES, Record
from ..analysis.calibration import Calibration, calibrate
from ..analysis.changes import changes
from ..analysis.claims import ClaimResult, claims, unreproduced
from ..analysis.details import Detail, details
from ..analysis.medians import Bin, bins, replace_table
from ..analysis.naming import count
from ..analysis.overview import made, tally
from ..analysis.protocol import PAPER
from ..analysis.select import Selection, scales_with, select
from ..analysis.settings import shared_settings
from ..analysis.verdicts import NOT_RUN, Place, places
from ..analysis.wording import at
from ..figures.parallel import rendered
from ..figures.series import drawings
from ..tables import calibration, csv, diagnosis
from ..tables.calibration import calibration_table
from ..tables.claims import claims_table
from ..tables.diagnosis import diagnosis_table
from ..tables.exhibit import main_table, model_table
from ..tables.medians import medians_table
from ..tables.table import Table
from . import notes
from .page import Caution, Page, Section
from .report import FORMATS, Draft, Figure, Report, assemble, images


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The records of a report, judged.

    Attributes:
        scope: what is asked for.
        selection: what is shown of it.
        places: of what is shown.
        claims: in scope.
        bins: in scope.
        custom: the number of cells left out because `--set` changed them.
        ran: whether only what was run is shown.
    """

    scope: Selection
    selection: Selection
    places: Sequence[Place]
    claims: Sequence[ClaimResult]
    bins: Sequence[Bin]
    custom: int
    ran: bool

    @property
    def shown_claims(self) -> Sequence[ClaimResult]:
        """The results of claims that are shown: all, or those that were run."""
        return [one for one in self.claims if not (self.ran and one.verdict == NOT_RUN)]


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
        sheet: where figures will stand (`figures.style.SHEETS`).

    Raises:
        UsageError: the scale or a format is unknown, or a value in `where` picks no cell.
    """
    return assemble(
        draft(exhibit, scale, records, formats, workers, where=where, ran=ran, sheet=sheet), formats
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
) -> Draft:
    """Return what the report is made of; arguments and errors as of `build`."""
    forms, records = images(formats), list(records)
    judged = judge(exhibit, scale, records, where=where, ran=ran)
    selection = judged.selection
    shown = drawings(selection, records) if forms else []
    drawn = zip(shown, rendered(shown, forms, workers, sheet), strict=True) if shown else ()
    figures = [Figure(name=d.name, title=d.title, content=content) for d, content in drawn]
    tables = {"": csv.places_csv(selection, judged.places)}
    if judged.shown_claims:
        tables["-claims"] = csv.claims_csv(selection, judged.shown_claims)
    if judged.bins:
        tables["-medians"] = csv.medians_csv(selection, judged.bins)
    lost = [f"{_claim_name(selection, one)}: {one.verdict}" for one in unreproduced(judged.claims)]
    calibrated: list[Calibration] = []
    if PAPER in exhibit.scales and scale not in (PAPER, CUSTOM):
        calibrated = calibrate(selection, select(exhibit, PAPER, records))
    return Draft(
        page=_page(judged, where, calibrated), figures=figures, tables=tables, unreproduced=lost
    )


def judge(
    exhibit: Exhibit,
    scale: str,
    records: Iterable[Record],
    *,
    where: Where | None = None,
    ran: bool = False,
) -> Judged:
    """Return what the records say of `exhibit` at `scale`; arguments and errors as of `build`."""
    records = list(records)
    custom = _custom(exhibit, scale, records, where)
    if scale == CUSTOM:
        exhibit = with_custom(exhibit, custom)
    return _judged(select(exhibit, scale, records), len({one.key for one in custom}), where, ran)


def _custom(
    exhibit: Exhibit, scale: str, records: Iterable[Record], where: Where | None
) -> list[Record]:
    """Return the records whose cells `--set` changed into no scale's, among those asked for.

    Cells of the validation split, as the trials of studies are, count only where `where` is about
    the split.
    """
    conditions = () if where is None else where.conditions
    split = any(condition.field == "split" for condition in conditions)
    of_scales = scales_with(exhibit, records).values()
    own = {record.id for some in of_scales for record in some}
    found = [
        record
        for record in records
        if (record.exhibit, record.scale) == (exhibit.name, CUSTOM)
        and record.id not in own
        and record.status != "pruned"
        and record.known
        and (split or record.split != "validation")
    ]
    if where is None:
        return found
    if scale == CUSTOM:
        return select_records(found, where)
    return [record for record in found if where.matches(record.cell)]


def _judged(whole: Selection, custom: int, where: Where | None, ran: bool) -> Judged:
    """Judge what is shown; claims and bins on all records, because they compare several cells."""
    scope = whole.narrowed(where) if where is not None else whole
    selection = scope.narrowed(ran=True) if ran else scope
    wanted, there = set(scope.cells), set(selection.cells)
    return Judged(
        scope=scope,
        selection=selection,
        places=places(selection),
        claims=[one for one in claims(whole) if wanted.issuperset(one.cells)],
        bins=[one for one in bins(whole) if there.issuperset(one.cells)],
        custom=custom,
        ran=ran,
    )


def _claim_name(selection: Selection, result: ClaimResult) -> str:
    place = at(selection.exhibit, result.test.place)
    return f"{result.test.claim.name} ({place})" if place else result.test.claim.name


def _page(judged: Judged, where: Where | None, calibrated: Sequence[Calibration]) -> Page:
    selection = judged.selection
    exhibit, scale = selection.exhibit, selection.exhibit.scale(selection.scale)
    lead = [f"Source: {exhibit.source}. Scale {scale.name}: {scale.description}."]
    whole = where is None and not judged.ran
    found = details(selection, judged.places, judged.shown_claims, judged.bins)
    if not whole:
        which = f" where {where}" if where is not None else ""
        lead.append(f"Only cells{which}{' that were run' if judged.ran else ''} are shown.")
    return Page(
        name=f"{exhibit.name}-{selection.scale}{'' if whole else '-part'}",
        title=exhibit.title,
        lead=tuple(lead),
        cautions=tuple(_cautions(selection)),
        summary=tuple(_summary(judged)),
        sections=tuple(_sections(judged, found, calibrated)),
        runs=tuple(notes.runs(selection)),
        failures=tuple(notes.failures(selection)),
        details=tuple(found),
        settings=tuple(shared_settings(selection)),
        made=tuple(made(selection)),
        tally=tally(selection, found),
    )


def _cautions(selection: Selection) -> list[Caution]:
    """Return what `--set` changed, and how the protocol differs from the paper's."""
    changed = changes(selection) if selection.scale == CUSTOM else []
    found = [Caution("Custom.", words) for words in changed]
    if (words := selection.difference()) is not None:
        compared = selection.exhibit.numbers or selection.exhibit.medians
        lead = "Not comparable with the paper's numbers." if compared else ""
        found.append(Caution(lead, f"{words}."))
    return found


def _summary(judged: Judged) -> list[str]:
    selection = judged.scope
    found = Counter(selection.frame["status"])
    counts = ", ".join(f"{found[name]} {name}" for name in STATUSES if found[name])
    extra = int((~selection.frame["seed"].isin(selection.own_seeds)).sum())
    there = f"{selection.done} of {selection.wanted}"
    if selection.scale == CUSTOM:  # which has no seeds of its own
        there, extra = f"{extra}", 0
    lines = [f"cells: {there} run" + (f" ({counts})" if counts else "")]
    if extra:
        lines.append(f"further seeds than the scale's own: {extra} cells")
    if selection.stale:
        lines.append(f"left out, made by other versions of the code: {selection.stale} records")
    if judged.custom and selection.scale != CUSTOM:
        lines.append(
            f"left out, changed by --set: {count(judged.custom, 'cell')};"
            f" `sgbench report {selection.exhibit.name} --scale {CUSTOM}` shows them"
        )
    if selection.exhibit.numbers and selection.scale == PAPER and judged.places:
        known = [p.verdict for p in judged.places if p.fills and p.paper is not None]
        lines.append(f"places: {_counted(known)}")
    if judged.bins and selection.scale == PAPER:
        lines.append(f"medians: {_counted(one.verdict for one in judged.bins)}")
    if tested := judged.shown_claims:
        lines.append(f"claims at scale {selection.scale}: {_counted(c.verdict for c in tested)}")
    return lines


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{n} {word}" for word, n in Counter(words).most_common())


def _sections(
    judged: Judged, rests: Sequence[Detail], calibrated: Sequence[Calibration]
) -> list[Section]:
    selection, marks = judged.selection, notes.marks(judged.selection)
    if not selection.cells:
        return []
    data = notes.of_data(selection, marks)
    first = notes.of_results(selection, judged.places)
    found: list[Section] = []

    def add(name: str, heading: str, table: Table | None, words: Sequence[str]) -> None:
        if table is not None:
            some = (*words, *data)
            found.append(Section(name, heading, table, notes=some))

    if not replace_table(selection, judged.bins):
        table = main_table(selection, judged.places, marks)
        if table.rows or not judged.ran:
            add("table", "Table", table, [notes.INTERVAL, *first])
            first = []
        else:
            found.append(Section("table", "Table", None, notes=(notes.OTHER_MODELS,)))
    if judged.bins:
        table = medians_table(selection, judged.bins)
        add("medians", "The paper's medians", table, [notes.MEDIANS, *first])
    if judged.shown_claims:
        table = claims_table(selection, judged.shown_claims, marks)
        add("claims", "Ordering claims", table, notes.of_claims(judged.shown_claims))
    table = model_table(selection, judged.places, marks)
    add("models", "The depth of M", table, [notes.INTERVAL])
    add("diagnosis", "M's gradients", diagnosis_table(rests), [diagnosis.NOTE])
    words = [calibration.note(calibrated)]
    add("calibration", "Beside the paper's schedule", calibration_table(calibrated), words)
    return found
