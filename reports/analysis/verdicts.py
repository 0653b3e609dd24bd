"""Does it reproduce? Places of the table and the paper's claims, each with its verdict.

A place is held against the paper's number only at the paper's own scale; a claim is an order, or a
level for a dataset, so it is tested at every scale, and its row says at which.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ...bench.cell import Cell
from ...bench.errors import UsageError
from ...reproductions.exhibits.claims import ClaimTest
from ...reproductions.exhibits.schema import Number
from ...results.metrics import results_of, rungs
from ...results.record import LOST
from ...results.statistics import intervals
from .protocol import PAPER
from .select import Selection

REPRODUCED, NOT_REPRODUCED = "reproduced", "not reproduced"
INCONCLUSIVE, NOT_RUN, NOT_COMPARABLE = "inconclusive", "not run", "not comparable"

CONFIDENCE = 0.95
"""Of the intervals that are shown; a place's verdict is by the 90 % interval of
`results.statistics.intervals`."""
ALPHA = 0.05
"""A claim is decided where its one-sided p, adjusted by Holm, is below this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A configuration's result, as its dataset is measured, beside the paper's number.

    `cell` is the configuration, as its cell of seed 0; `result` which of its several, None where
    it has one; `fills` tells whether the protocol puts it
    into the paper's place; `seeds` is how many the scale has. `paper`, `margin` and `grade` are
    None where the paper has no number; `interval` is None where no seed is ok. `lost` counts the
    seeds that are not ok, by status; `other_data` are the hashes of data that is not the original.
    """

    cell: Cell
    result: str | None
    fills: bool
    seeds: int
    paper: float | None
    grade: str | None
    margin: float | None
    interval: intervals.Interval | None
    verdict: str
    seeds_needed: int | None
    lost: Mapping[str, int]
    other_data: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A claim at one place: `values` a seed (a difference, a slope or a result), one-sided p.

    `means` are those of what is compared (left and right, or along `over`), `paper`
    the paper's numbers for the same, None where it lacks one. `p` is that of the claim after Holm
    over the exhibit's rows, None where it cannot be tested.
    """

    test: ClaimTest
    wanted: int
    values: tuple[float, ...]
    means: tuple[float, ...]
    paper: tuple[float, ...] | None
    interval: intervals.Interval | None
    p: float | None
    verdict: str
    seeds_needed: int | None
    diverged: int
    other_data: tuple[str, ...]


def places(selection: Selection) -> list[Place]:
    """Return a place for every result of every configuration, in the grid's order."""
    records = dict(list(selection.frame.groupby("configuration")))
    none = selection.frame[:0]
    return [
        _place(selection, cell, result, records.get(n, none))
        for n, cell in enumerate(selection.cells)
        for result in results_of(cell.dataset)
    ]


def _place(selection: Selection, cell: Cell, result: str | None, records: pd.DataFrame) -> Place:
    exhibit = selection.exhibit
    values = selection.values(result)[records.index].dropna().tolist()
    number = _number(selection, cell, result)
    margin = exhibit.margin(cell.dataset, cell.rule)
    lost = {status: int((records["status"] == status).sum()) for status in LOST}
    fills = selection.fixed(cell)
    verdict, seeds_needed = INCONCLUSIVE if len(records) else NOT_RUN, None
    if selection.scale != PAPER or number is None or margin is None or not fills:
        verdict = NOT_COMPARABLE if len(records) else NOT_RUN
    elif values:
        scaled = rungs(cell.dataset, [*values, number.value])
        judged = intervals.verdict(scaled[:-1], scaled[-1], margin)
        verdict, seeds_needed = judged.status, judged.seeds_needed
        if verdict == REPRODUCED and lost["diverged"]:
            verdict = INCONCLUSIVE  # the seeds that are left are no fair sample
    return Place(
        cell=cell,
        result=result,
        fills=fills,
        seeds=selection.seeds,
        paper=None if number is None else number.value,
        grade=None if number is None else number.grade,
        margin=margin,
        interval=intervals.mean_interval(values, CONFIDENCE) if values else None,
        verdict=verdict,
        seeds_needed=seeds_needed,
        lost=lost,
        other_data=_other_data(records),
    )


def _number(selection: Selection, cell: Cell, result: str | None) -> Number | None:
    return selection.exhibit.number(cell, result)


def _other_data(records: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted(records.loc[~records["data_canonical"], "data_hash"].unique()))


def claims(selection: Selection) -> list[Row]:
    """Return a row for every test of the exhibit's claims on the scale's grid.

    The claim's one-sided p and that of its contrary are each adjusted by Holm over all rows.
    """
    tests = selection.exhibit.claim_tests(selection.scale)
    compared = {test.claim.result: selection.values(test.claim.result) for test in tests}
    results = {
        result: selection.frame.assign(of=values).pivot(
            index="seed", columns="configuration", values="of"
        )
        for result, values in compared.items()
    }
    rows = [_row(selection, results[test.claim.result], test) for test in tests]
    tested = [n for n, row in enumerate(rows) if intervals.varies(row.values)]
    for_it, against = ([_p(rows[n], contrary) for n in tested] for contrary in (False, True))
    adjusted = zip(tested, for_it, intervals.holm(for_it), intervals.holm(against), strict=True)
    for n, raw, p, contrary in adjusted:
        verdict, needed = rows[n].verdict, None
        if contrary < ALPHA:
            verdict = NOT_REPRODUCED
            if selection.scale != PAPER and rows[n].test.claim.kind == "reaches":
                verdict = NOT_COMPARABLE  # missing a level on another schedule says nothing of it
        elif p < ALPHA and not rows[n].diverged:  # what is left is no fair sample otherwise
            verdict = REPRODUCED
        if p >= ALPHA and verdict == INCONCLUSIVE:
            needed = _seeds_needed(rows[n], ALPHA * (raw / p if 0 < p < 1 else 1 / len(tested)))
        rows[n] = replace(rows[n], p=p, verdict=verdict, seeds_needed=needed)
    return rows


def _row(selection: Selection, results: pd.DataFrame, test: ClaimTest) -> Row:
    """Return a claim's row with what the seeds say that have all that it compares, of `results`."""
    compared = _compared(selection, test)
    seeds = results.reindex(columns=compared).dropna()
    paired = seeds.to_numpy(dtype=float).tolist()
    if test.right is not None:
        values = [left - test.claim.factor * right for left, right in paired]
    elif test.claim.over is None:
        values = [left for (left,) in paired]
    else:
        values = intervals.slopes([float(value) for value in test.values], paired)
    records = selection.frame[selection.frame["configuration"].isin(compared)]
    numbers = [_number(selection, selection.cells[n], test.claim.result) for n in compared]
    paper = tuple(number.value for number in numbers if number is not None)
    return Row(
        test=test,
        wanted=selection.seeds,
        values=tuple(values),
        means=tuple(seeds.mean()),
        paper=paper if len(paper) == len(compared) else None,
        interval=intervals.mean_interval(values, CONFIDENCE) if values else None,
        p=None,
        verdict=INCONCLUSIVE if records["configuration"].nunique() == len(compared) else NOT_RUN,
        seeds_needed=None,
        diverged=int((records["status"] == "diverged").sum()),
        other_data=_other_data(records),
    )


def _compared(selection: Selection, test: ClaimTest) -> list[int]:
    """Return the configurations that a test compares: its sides, or one a value of `over`."""
    if test.claim.over is None:
        sides = [side for side in (test.left, test.right) if side is not None]
    else:
        sides = [{**test.left, test.claim.over: value} for value in test.values]
    return [_one(selection, test, side) for side in sides]


def _one(selection: Selection, test: ClaimTest, fields: Mapping[str, Any]) -> int:
    found = selection.find(fields)
    if len(found) != 1:
        raise UsageError(
            f"{selection.exhibit.name}.toml: claim {test.claim.name!r} compares {len(found)}"
            f" configurations where {dict(fields)}: its fields must leave one"
        )
    return found[0]


def _p(row: Row, contrary: bool) -> float:
    below = row.test.claim.kind not in ("above", "grows")
    alternative = "less" if below != contrary else "greater"
    return intervals.paired_test(row.values, row.test.margin, alternative)


def _seeds_needed(row: Row, alpha: float) -> int | None:
    """Return the fewest seeds that would decide the row at its observed mean and deviation."""
    from scipy.special import stdtr

    effect = abs(statistics.fmean(row.values) - row.test.margin) / statistics.stdev(row.values)
    more = range(len(row.values) + 1, intervals.MOST_SEEDS + 1)
    return next((n for n in more if stdtr(n - 1, -effect * n**0.5) < alpha), None)


_ALONG = {"depth": "depth {}", "T": "T = {}", "p_update": "p = {:g}", "bp_lambda": "λ = {:g}"}


def unreproduced(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that are not reproduced, whatever else their verdict is."""
    return [row for row in rows if row.verdict != REPRODUCED]


def at(selection: Selection, fields: Mapping[str, Any]) -> str:
    """Return fields of a place as the paper writes them: `MNIST FCN depth 4`, `Copy T = 4`."""
    words = (
        _ALONG[name].format(value) if name in _ALONG else selection.exhibit.label(name, value)
        for name, value in fields.items()
        if value is not None
    )
    return " ".join(words)
