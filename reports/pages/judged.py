"""The records of a report, judged: its places, claims and medians, of what is asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...reproductions.exhibits.custom import with_custom
from ...reproductions.exhibits.schema import CUSTOM, Exhibit
from ...reproductions.exhibits.where import Where, select_records
from ...results.record import Record
from ..analysis.selection.select import Selection, scales_with, select
from ..analysis.verdicts.claims import ClaimResult, claims
from ..analysis.verdicts.intermediate import intermediate
from ..analysis.verdicts.medians import Bin, bins
from ..analysis.verdicts.places import NOT_RUN, Place, places


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The records of a report, judged.

    Attributes:
        scope: what is asked for.
        selection: what is shown of it.
        places: of what is shown.
        intermediate: those before the end of training.
        claims: in scope.
        bins: in scope.
        custom: the number of cells left out because `--set` changed them.
        ran: whether only what was run is shown.
    """

    scope: Selection
    selection: Selection
    places: Sequence[Place]
    intermediate: Sequence[Place]
    claims: Sequence[ClaimResult]
    bins: Sequence[Bin]
    custom: int
    ran: bool

    @property
    def shown_claims(self) -> Sequence[ClaimResult]:
        """The results of claims that are shown: all, or those that were run."""
        return [one for one in self.claims if not (self.ran and one.verdict == NOT_RUN)]


def judge(
    exhibit: Exhibit,
    scale: str,
    records: Iterable[Record],
    *,
    where: Where | None = None,
    ran: bool = False,
) -> Judged:
    """Return what the records say of `exhibit` at `scale`; see `exhibit.build` for the rest."""
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
        intermediate=intermediate(selection),
        claims=[one for one in claims(whole) if wanted.issuperset(one.cells)],
        bins=[one for one in bins(whole) if there.issuperset(one.cells)],
        custom=custom,
        ran=ran,
    )
