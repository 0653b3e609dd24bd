"""The gate on what is stored already: two stores of records, of which nothing is run."""

from collections.abc import Callable, Sequence

from ...results.comparison.records import compare
from ...results.record import Record
from ...results.statistics.gate_finding import GateFinding


def compare_common(
    baseline: Sequence[Record],
    candidate: Sequence[Record],
    *,
    factor: float,
    say: Callable[[str], object],
) -> list[GateFinding]:
    """Return the findings on the cells of which both sides have records.

    `say` hears how many cells both sides have, and how many only one. Raises UsageError where the
    factor is not above 1.
    """
    before, after = ({record.key for record in records} for records in (baseline, candidate))
    common = before & after
    alone = f"{len(before - after):,} only in the first, {len(after - before):,} only in the second"
    say(f"{len(common):,} cells are in both stores, {alone}")
    return compare(
        *([r for r in records if r.key in common] for records in (baseline, candidate)),
        factor=factor,
    )
