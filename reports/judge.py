"""Does it reproduce? Places of the table and the paper's ordering claims, each with its verdict.

A place is held against the paper's number only at the paper's own scale; a claim is an order, so
it is tested at every scale, and its row says at which.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..bench.errors import UsageError
from ..reproductions.claims import ClaimTest
from ..results import stats
from .gather import Gathered, Group
from .protocol import PAPER

REPRODUCED, NOT_REPRODUCED = "reproduced", "not reproduced"
INCONCLUSIVE, NOT_RUN, NOT_COMPARABLE = "inconclusive", "not run", "not comparable"

CONFIDENCE = 0.95
"""Of the intervals that are shown; a place's verdict is by the 90 % interval (`results.stats`)."""
ALPHA = 0.05
"""A claim is decided where its one-sided p, adjusted by Holm, is below this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A configuration's error, in percent, beside the paper's number.

    `fills` tells whether the protocol puts it into the paper's place; `paper`, `margin` and
    `grade` are None where the paper has no number; `interval` is None where no seed is ok.
    """

    group: Group
    fills: bool
    paper: float | None
    grade: str | None
    margin: float | None
    interval: stats.Interval | None
    verdict: str
    seeds_needed: int | None

    @property
    def data_hashes(self) -> tuple[str, ...]:
        """Hashes of data that are not the original, among this place's records."""
        records = self.group.records
        return tuple(sorted({r.data_hash for r in records if not r.data_canonical}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A claim at one place: `values` a seed (a difference or a slope, in points), one-sided p.

    `p` is that of the claim after Holm over the exhibit's rows, None where it cannot be tested.
    """

    test: ClaimTest
    wanted: int
    values: tuple[float, ...]
    interval: stats.Interval | None
    p: float | None
    verdict: str
    seeds_needed: int | None
    diverged: int
    data_hashes: tuple[str, ...]


def places(gathered: Gathered) -> list[Place]:
    """Return a place for every group, in the grid's order."""
    return [_place(gathered, group) for group in gathered.groups]


def _place(gathered: Gathered, group: Group) -> Place:
    exhibit, cell = gathered.exhibit, group.cell
    values = list(group.errors.values())
    number = exhibit.number(cell.dataset, cell.network, cell.depth, cell.rule)
    margin = exhibit.margin(cell.dataset, cell.rule)
    verdict, seeds_needed = NOT_RUN if not group.records else INCONCLUSIVE, None
    fills = gathered.fixed(group)
    if gathered.scale != PAPER or number is None or margin is None or not fills:
        verdict = NOT_COMPARABLE if group.records else NOT_RUN
    elif values:
        judged = stats.verdict(values, number.value, margin)
        verdict, seeds_needed = judged.status, judged.seeds_needed
        if verdict == REPRODUCED and group.count("diverged"):
            verdict = INCONCLUSIVE  # the seeds that are left are no fair sample
    return Place(
        group=group,
        fills=fills,
        paper=None if number is None else number.value,
        grade=None if number is None else number.grade,
        margin=margin,
        interval=stats.mean_interval(values, CONFIDENCE) if values else None,
        verdict=verdict,
        seeds_needed=seeds_needed,
    )


def claims(gathered: Gathered) -> list[Row]:
    """Return a row for every test of the exhibit's claims on the scale's grid.

    The claim's one-sided p and that of its contrary are each adjusted by Holm over all rows.
    """
    rows = [_row(gathered, test) for test in gathered.exhibit.claim_tests(gathered.scale)]
    tested = [n for n, row in enumerate(rows) if stats.varies(row.values)]
    for_it, against = ([_p(rows[n], contrary) for n in tested] for contrary in (False, True))
    adjusted = zip(tested, for_it, stats.holm(for_it), stats.holm(against), strict=True)
    for n, raw, p, contrary in adjusted:
        verdict, needed = rows[n].verdict, None
        if contrary < ALPHA:
            verdict = NOT_REPRODUCED
        elif p < ALPHA and not rows[n].diverged:  # what is left is no fair sample otherwise
            verdict = REPRODUCED
        if p >= ALPHA and verdict == INCONCLUSIVE:
            needed = _seeds_needed(rows[n], ALPHA * (raw / p if 0 < p < 1 else 1 / len(tested)))
        rows[n] = replace(rows[n], p=p, verdict=verdict, seeds_needed=needed)
    return rows


def _row(gathered: Gathered, test: ClaimTest) -> Row:
    groups, value = _statistic(gathered, test)
    errors = [group.errors for group in groups]
    seeds = sorted(set[int].intersection(*map(set, errors))) if groups else []
    values = tuple(value([some[seed] for some in errors]) for seed in seeds)
    hashes = {r.data_hash for group in groups for r in group.records if not r.data_canonical}
    return Row(
        test=test,
        wanted=max((len(group.seeds) for group in groups), default=0),
        values=values,
        interval=stats.mean_interval(values, CONFIDENCE) if values else None,
        p=None,
        verdict=INCONCLUSIVE if all(group.records for group in groups) else NOT_RUN,
        seeds_needed=None,
        diverged=sum(group.count("diverged") for group in groups),
        data_hashes=tuple(sorted(hashes)),
    )


def _statistic(
    gathered: Gathered, test: ClaimTest
) -> tuple[list[Group], Callable[[Sequence[float]], float]]:
    """Return the groups that a test compares, and what it makes of one seed's errors in them."""
    if test.right is not None:
        groups = [_one(gathered, test, side) for side in (test.left, test.right)]
        return groups, lambda errors: errors[0] - errors[1]
    over = test.claim.over or ""
    groups = [_one(gathered, test, {**test.left, over: value}) for value in test.values]
    at = [float(value) for value in test.values]
    return groups, lambda errors: stats.slopes(at, [errors])[0]


def _one(gathered: Gathered, test: ClaimTest, fields: Mapping[str, Any]) -> Group:
    found = gathered.find(fields)
    if len(found) != 1:
        raise UsageError(
            f"{gathered.exhibit.name}.toml: claim {test.claim.name!r} compares {len(found)}"
            f" configurations where {dict(fields)}: its fields must leave one"
        )
    return found[0]


def _p(row: Row, contrary: bool) -> float:
    below = row.test.claim.kind != "grows"
    alternative = "less" if below != contrary else "greater"
    return stats.paired_test(row.values, row.test.margin, alternative)


def _seeds_needed(row: Row, alpha: float) -> int | None:
    """Return the fewest seeds that would decide the row at its observed mean and deviation."""
    from scipy.special import stdtr  # noqa: PLC0415

    effect = abs(statistics.fmean(row.values) - row.test.margin) / statistics.stdev(row.values)
    more = range(len(row.values) + 1, stats.MOST_SEEDS + 1)
    return next((n for n in more if stdtr(n - 1, -effect * n**0.5) < alpha), None)


def unreproduced(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that are not reproduced, whatever else their verdict is."""
    return [row for row in rows if row.verdict != REPRODUCED]


def at(gathered: Gathered, fields: Mapping[str, Any]) -> str:
    """Return fields of a place as the paper writes them: `MNIST FCN depth 4`."""
    words = (
        f"depth {value}" if name == "depth" else gathered.exhibit.label(name, value)
        for name, value in fields.items()
    )
    return " ".join(words)
