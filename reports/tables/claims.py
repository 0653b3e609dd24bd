"""The table of claims, the paper's and ours: a row for each place at which one is tested."""

from collections.abc import Callable, Sequence

from ...reproductions.exhibits.schema import Exhibit
from ...results.metrics import QUANTITIES, measure_of, results_of
from ..analysis.evidence.keys import claim_key
from ..analysis.naming import count
from ..analysis.selection.select import Selection
from ..analysis.verdicts.claims import ClaimResult
from ..analysis.verdicts.places import NOT_RUN
from ..analysis.wording import NONE, at
from .entries import interval, p_value, paper, verdict
from .exhibit import Footnotes, measured_names
from .table import Entry, Table, entry

OURS = "(ours)"
"""Marks a comparison that the paper has no numbers for."""


def shown(results: Sequence[ClaimResult]) -> Sequence[ClaimResult]:
    """Return the claims' results that have been run; all of them where none has."""
    return [result for result in results if result.verdict != NOT_RUN] or results


def claims_table(selection: Selection, results: Sequence[ClaimResult], marks: Footnotes) -> Table:
    """Return the table of claims, a row for each place at which one is tested.

    Rows that the paper lacks numbers for are marked as ours.
    """
    some = shown(results)
    return Table(
        caption=f"{_whose(some)}, tested at scale {selection.scale}; {_units(results)}",
        stubs=("claim", "at"),
        columns=(("outcome",), ("p (Holm)",), ("n",), ("compared",)),
        rows=tuple(
            (
                (result.test.claim.text, _at(selection.exhibit, result)),
                _entries(selection, result, marks),
            )
            for result in some
        ),
    )


def _whose(results: Sequence[ClaimResult]) -> str:
    """Return what is tested, the paper's claims told from comparisons of ours."""
    ours = sum(result.ours for result in results)
    if not ours:
        levels = any(result.test.claim.kind == "reaches" for result in results)
        return f"The paper's {'claims' if levels else 'ordering claims'}"
    mine = count(ours, "comparison") + " of ours"
    theirs = len(results) - ours
    return f"{theirs} of the paper's claims and {mine}" if theirs else mine


def _at(exhibit: Exhibit, result: ClaimResult) -> str:
    """Return where a claim is tested, and whether the comparison is ours."""
    return " ".join(filter(None, (at(exhibit, result.test.place), OURS * result.ours)))


def _units(results: Sequence[ClaimResult]) -> str:
    """Return what is compared and in what, in words."""
    names = dict.fromkeys(cell.dataset for result in results for cell in result.cells)
    units = dict.fromkeys(measure_of(n, r).difference for n in names for r in results_of(n))
    measured = dict.fromkeys(
        QUANTITIES[name].name for r in results if (name := r.test.claim.quantity) is not None
    )
    also = "".join(f", {name}" for name in measured)
    return f"{measured_names(names)}{also}; differences and slopes in {' or '.join(units)}"


def _entries(selection: Selection, result: ClaimResult, marks: Footnotes) -> tuple[Entry, ...]:
    n, exhibit = len(result.values), selection.exhibit
    word = verdict(result.verdict, result.decides or result.why_not)
    key = claim_key(selection, result)
    return (
        entry(word, strong=True, verdict=result.verdict, key=key),
        entry(NONE if result.p is None else p_value(result.p)),
        entry(f"{n}" if n >= result.wanted else f"{n} of {result.wanted}"),
        entry(*_compared(exhibit, result, marks)),
    )


def _compared(exhibit: Exhibit, result: ClaimResult, marks: Footnotes) -> list[str]:
    """Return our numbers, the paper's, and what of ours is held against what."""
    claim, dataset = result.test.claim, result.cells[0].dataset
    names = _sides(exhibit, result)
    if claim.is_slope:
        names, what = [f"{value:g}:" for value in result.test.values], f"slope over {claim.over}"
    elif result.test.right is None:
        what = "mean"
    else:
        what = (
            names[0]
            if claim.kind == "within"
            else "difference"
            if claim.factor == 1
            else f"{names[0]} - {claim.factor:g} x {names[1]}"
        )
        what += "" if claim.over is None else f", mean over {claim.over}"
    measure = claim.measure(dataset)
    relation = ">" if claim.kind in ("above", "grows") else "<"
    lines: list[str] = []
    if result.interval is not None:
        sign = "".join(marks.get((dataset, name), "") for name in result.other_data)
        lines.append(_listed(names, result.means, f"{{:.{measure.decimals}f}}".format) + sign)
    if result.paper is not None:
        digits = measure.paper_decimals
        lines.append(f"paper {_listed(names, result.paper, lambda v: paper(v, digits))}")
    if claim.kind == "within":
        if result.interval is not None:
            due = f"{claim.factor:g} x " * (claim.factor != 1)
            of = f"{claim.factor:g}" if claim.is_slope else f"({due}{names[1]})"
            apart = interval(result.interval, 2, signed=True)
            lines.append(f"{what} / {of} - 1: {apart} %, claimed within ±{result.test.margin:g} %")
    elif result.interval is not None:
        measured = interval(result.interval, measure.decimals, signed=claim.kind != "reaches")
        plain = claim.is_slope or claim.kind == "reaches" or not result.test.margin
        unit = "" if plain else f" {measure.difference}"
        lines.append(f"{what} {measured}, claimed {relation} {result.test.margin:g}{unit}")
    return lines


def _listed(names: Sequence[str], values: Sequence[float], form: Callable[[float], str]) -> str:
    return ", ".join(f"{name} {form(v)}" for name, v in zip(names, values, strict=True))


def _sides(exhibit: Exhibit, result: ClaimResult) -> list[str]:
    """Return each side of a claim by its rule, and by what else it does not share with the row."""
    test = result.test
    both = ((test.left, test.claim.left), (test.right, test.claim.right))
    return [
        at(exhibit, {name: whole[name] for name in ("rule", *own) if name in whole})
        for whole, own in both
        if whole is not None and own is not None
    ]
