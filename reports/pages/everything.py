"""The report of everything that a store has: all exhibits, timings and studies, on one page.

    report = build(exhibits, records, timings, studies, ("html",))

The same records, timings and studies give the same bytes, in whatever order they come.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ...bench.errors import UsageError, did_you_mean
from ...reproductions.exhibits.schema import CUSTOM, Exhibit
from ...results.record import Record
from ...results.timings import Timing
from ..analysis.costs.remaining import Costs
from ..analysis.costs.speeds import current
from ..analysis.selection.protocol import PAPER
from ..analysis.selection.select import scales_with
from ..analysis.study_results import StudyResults
from . import exhibit as exhibits_page
from . import throughput, tuning
from .html import front
from .page import Section
from .report import FORMATS, Draft, Report, images, part_of, together

NAME = "all"
_TITLE = "Decoupled neural interfaces using synthetic gradients: what reproduces"
_LEAD = (
    "The numbers of the synthetic-gradients paper (Jaderberg et al., arXiv 1608.05343), those of"
    " sgbench where it has run, with an interval over seeds, and a verdict on each; after them the"
    " same of papers on other rules."
)


def build(
    exhibits: Iterable[Exhibit],
    records: Iterable[Record],
    timings: Iterable[Timing] = (),
    studies: Iterable[StudyResults] = (),
    formats: Sequence[str] = FORMATS,
    *,
    workers: int = 1,
    scale: str | None = None,
    sheet: str = "screen",
    costs: Costs | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Report:
    """Return the report.

    Args:
        exhibits: which; those of other papers come last, those with most numbers first.
        records: of any exhibit and scale.
        timings: of any exhibit.
        studies: in the order of the page.
        formats: of `report.FORMATS`.
        workers: processes that draw many figures, at most (`parallel.rendered`).
        sheet: where figures will stand (`figures.drawing.style.SHEETS`).
        scale: the only one; if None the paper's, and all that have records.
        tell: is called with a line for each exhibit, scale and study before it is drawn.
        costs: of what is left to train; if None by the speeds of these records and timings.

    Raises UsageError where a format is unknown, or no exhibit has the scale.
    """
    images(formats)  # which refuses what is unknown
    exhibits = sorted(
        exhibits, key=lambda one: (one.paper, -len(one.numbers), -len(one.medians), one.name)
    )
    records, timings = list(records), list(timings)
    costs = costs or Costs(records, timings)
    drafts: list[Draft] = []
    for one in exhibits:
        for name in _scales(one, records, scale):
            tell(f"reporting {one.name}, scale {name}")
            made = exhibits_page.draft(
                one, name, records, formats, workers, sheet=sheet, costs=costs, timings=timings
            )
            drafts.append(made if made.page.made else _not_run(made))
    if not drafts:
        known = list(dict.fromkeys(name for one in exhibits for name in one.scales))
        raise UsageError(f"no exhibit has the scale {scale!r}{did_you_mean(str(scale), known)}")
    timings = [timing for timing in timings if scale in (None, timing.scale)]
    if current(timings):
        tell("reporting throughput")
        drafts.append(throughput.draft(timings, records, scale, formats, workers, sheet=sheet))
    for one in (s for s in studies if scale in (None, s.study.scale)):
        tell(f"reporting study {one.study.name}")
        drafts.append(tuning.draft(one, formats, sheet))
    page = front(NAME, _TITLE, [part_of(draft, ()) for draft in drafts], (_LEAD,))
    return together(page, drafts, formats)


def _not_run(draft: Draft) -> Draft:
    """Return the draft of a scale without any record: what would run it in place of its tables."""
    tally = draft.page.tally
    assert tally is not None
    command = f"sgbench run {tally.exhibit} --scale {tally.scale}"
    sections = (Section("run", "Not run", commands=(command,)),)
    return replace(draft, page=replace(draft.page, sections=sections, cautions=()))


def _scales(exhibit: Exhibit, records: Iterable[Record], scale: str | None) -> list[str]:
    """Return the scales of an exhibit to report: the paper's first, `custom` last."""
    of_it = [record for record in records if record.exhibit == exhibit.name and record.known]
    own = scales_with(exhibit, of_it)
    kept = {record.id for some in own.values() for record in some}
    mine = {*own, *(record.scale for record in of_it if record.id not in kept)}
    known = [*exhibit.scales, *([CUSTOM] if CUSTOM in mine else [])]
    if scale is not None:
        return [scale] if scale in known else []
    return sorted((n for n in known if n == PAPER or n in mine), key=lambda n: n != PAPER)
