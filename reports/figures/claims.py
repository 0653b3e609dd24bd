"""The figure of an exhibit's claims: each number that is tested, beside the bound and the paper's.

drawing(selection, claims(selection))
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from ..analysis.naming import seeds_words
from ..analysis.overview import joined, words
from ..analysis.selection.select import Selection
from ..analysis.verdicts.claims import (
    CONFIRMED,
    CONTRADICTED,
    OTHER_WAY,
    SAME_WAY,
    UNDECIDED,
    ClaimResult,
)
from ..analysis.verdicts.judging import compared
from ..analysis.verdicts.places import INCONCLUSIVE, NOT_COMPARABLE, NOT_REPRODUCED, REPRODUCED
from ..analysis.wording import at
from .data.points import FEW
from .spec import ClaimRow, ClaimsDrawing

NAME = "claims"
_YES, _NO, _OPEN, _NONE = "#0072b2", "#d55e00", "#8f6400", "#6b6b6b"
_COLORS: Mapping[str, str] = {
    REPRODUCED: _YES, CONFIRMED: _YES, SAME_WAY: _YES,
    NOT_REPRODUCED: _NO, CONTRADICTED: _NO, OTHER_WAY: _NO,
    INCONCLUSIVE: _OPEN, UNDECIDED: _OPEN, NOT_COMPARABLE: _NONE,
}  # fmt: skip


def drawing(selection: Selection, results: Sequence[ClaimResult]) -> ClaimsDrawing | None:
    """Return the figure of the claims that have results; None where none has any."""
    ran = [one for one in results if one.values and one.verdict in _COLORS]
    if not ran:
        return None
    rows = [_row(selection, one) for one in ran]
    order = list(dict.fromkeys((row.unit, row.claim) for row in rows))
    units = list(dict.fromkeys(unit for unit, _ in order))
    rows.sort(key=lambda row: (units.index(row.unit), order.index((row.unit, row.claim))))
    return ClaimsDrawing(
        name=NAME, title=_title(selection, ran), rows=tuple(rows), notes=_notes(selection, ran)
    )


def _row(selection: Selection, result: ClaimResult) -> ClaimRow:
    claim, interval, n = result.test.claim, result.interval, len(result.values)
    assert interval is not None  # there are values
    enough = n >= FEW
    floor = 0.0 if claim.kind == "reaches" else None  # an error is not negative
    low = interval.low if floor is None or interval.low is None else max(floor, interval.low)
    return ClaimRow(
        claim=f"{claim.text} (ours)" if result.ours else claim.text,
        label=at(selection.exhibit, result.test.place),
        unit=_unit(result),
        bound=result.test.margin,
        above=claim.kind in ("above", "grows"),
        around=claim.kind == "within",
        seeds=() if enough else result.values,
        mean=interval.mean,
        low=low if enough else None,
        high=interval.high if enough else None,
        paper=None if result.paper is None else compared(result.test, result.paper),
        verdict=result.verdict,
        color=_COLORS[result.verdict],
    )


def _unit(result: ClaimResult) -> str:
    """Return what a claim's number is, with its unit."""
    claim = result.test.claim
    measure = claim.measure(result.cells[0].dataset)
    if claim.kind == "within":
        return "off what is expected (%)"
    if claim.is_slope:
        step = "a layer" if claim.over == "depth" else "a step"
        return f"slope over {claim.over} ({measure.difference} {step})"
    if result.test.right is None:
        return f"mean ({measure.unit})"
    return f"difference ({measure.difference})"


def _title(selection: Selection, results: Sequence[ClaimResult]) -> str:
    """Return the verdicts of the paper's claims, and of ours where there are any."""
    said = [
        f"{whose}: {words(Counter(r.verdict for r in some), ours=ours)}"
        for whose, ours, some in (
            ("Claims of the paper", False, [r for r in results if not r.ours]),
            ("Comparisons of ours", True, [r for r in results if r.ours]),
        )
        if some
    ]
    return f"{'. '.join(said)} (scale {selection.scale})"


def _notes(selection: Selection, results: Sequence[ClaimResult]) -> tuple[str, ...]:
    ns = [len(result.values) for result in results]
    least, most = min(ns), max(ns)
    seeds = seeds_words(least, most)
    drawn = [
        f"dots below it: each seed{f', where there are fewer than {FEW}' if most >= FEW else ''}"
        if least < FEW
        else "",
        f"bars: 95 % intervals{f', from {FEW} seeds on' if least < FEW else ''}"
        if most >= FEW
        else "",
    ]
    found = [
        f"Thick tick: mean of {seeds}; {joined([one for one in drawn if one])}."
        " Shaded: what is claimed; black line: its bound."
    ]
    if any(result.verdict == NOT_COMPARABLE for result in results):
        found[0] += " Grey: depends on the schedule, not judged."
    if (protocol := selection.difference()) is not None:
        found.append(f"Not the paper's protocol: {protocol}.")
    return tuple(found)
