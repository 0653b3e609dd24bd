"""Verdicts as one data frame, each beside the evidence that it is from.

A row is a place of the exhibit's table, one before the end of training, the result of a claim, or
a bin of a population.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ...bench.cell import Cell
from ...bench.configuration import FIELDS, hyperparameters
from ...results.metrics import measure_of
from ...results.record import LOST
from .claims import ClaimResult
from .intermediate import value_at
from .medians import Bin
from .select import Selection
from .verdicts import Place

if TYPE_CHECKING:
    import pandas as pd

_OF_CELL = ("dataset", "network", "depth", "T", "rule", "decoupled", "p_update", "sg_layers")
_TYPES: dict[type, str] = {str: "string", int: "Int64", float: "Float64"}

COLUMNS: dict[str, tuple[str, str]] = {
    "exhibit": ("string", "name of the exhibit"),
    "scale": ("string", "its scale"),
    "kind": (
        "string",
        "place (of the table), intermediate (a place before the end of training), claim, or median"
        " (of a bin of p_update)",
    ),
    "claim": ("string", "the claim's name"),
    "text": ("string", "the claim in words"),
    "verdict": (
        "string",
        "reproduced, not reproduced, inconclusive, not run or not comparable; of an order at"
        " another scale than the paper's: same way round, other way round or undecided",
    ),
    "measure": ("string", "what the numbers are of, with the unit"),
    "iteration": ("Int64", "updates done where it is read; null at the end of training"),
    "in_table": ("boolean", "whether its M is the one that the paper's table is about"),
    "seeds": ("Int64", "number of seeds that the scale declares; verdicts are by them alone"),
    "n": ("Int64", "number of results"),
    "estimate": (
        "Float64",
        "their mean; of a claim what it tests; of a bin of seeds' medians",
    ),
    "low95": ("Float64", "lower end of its 95 % interval"),
    "high95": ("Float64", "upper end of it"),
    "paper": ("Float64", "the paper's number"),
    "side": ("string", "above or below, where the paper's curve is only known to lie there"),
    "grade": (
        "string",
        "evidence of that number: T a table, F a digitised figure, P public re-implementations, R"
        " recalled, O ours",
    ),
    "margin": (
        "Float64",
        "how near to the paper's number counts as reproduced; of a claim the margin or level",
    ),
    "p": ("Float64", "a claim's one-sided p, after Holm"),
    "decides": ("string", "what would decide it, where it is inconclusive"),
    "diverged": ("Int64", "seeds that diverged"),
    "failed": ("Int64", "seeds that failed"),
    "timeout": ("Int64", "seeds that were cut short"),
    "means": ("object", "means of what a claim compares, in order"),
    "paper_means": ("object", "the paper's numbers for the same; null where it lacks one"),
    "values": ("object", "the results that the estimate is of, by seed"),
    "records": ("object", "ids of the records they are from, diverged ones included"),
}
"""What a row has besides its cell: dtype and meaning."""


def to_verdicts(
    scope: Selection, places: Iterable[Place], claims: Iterable[ClaimResult], bins: Iterable[Bin]
) -> "pd.DataFrame":
    """Return a row for each place (before the end or at it), claim and bin, in this order.

    The columns are COLUMNS; after `text` the fields that say which cells are meant (of a claim,
    what they have in common), null where a field does not apply.
    """
    import pandas as pd

    index = {cell: n for n, cell in enumerate(scope.cells)}
    rows = [_of_place(scope, index, place) for place in places]
    rows += [_of_claim(scope, index, result) for result in claims]
    rows += [_of_bin(scope, index, one) for one in bins]
    label = {"exhibit": scope.exhibit.name, "scale": scope.scale}
    types = column_types()
    columns = {
        name: pd.Series([{**label, **row}.get(name) for row in rows], dtype=_any(dtype))
        for name, dtype in types.items()
    }
    return pd.DataFrame(columns)


def column_types() -> dict[str, str]:
    """Return {column: dtype} of `to_verdicts`, in order."""
    own = {name: _TYPES[one.kind] for name, one in hyperparameters().items()}
    cell = {name: _TYPES[FIELDS[name].scalar] for name in _OF_CELL} | own
    found: dict[str, str] = {}
    for name, (dtype, _) in COLUMNS.items():
        found[name] = dtype
        if name == "text":
            found |= cell
    return found


def described() -> list[tuple[str, str, str, str]]:
    """Return (column, dtype, unit, meaning) of each column of `to_verdicts`, in order."""
    docs = {name: meaning for name, (_, meaning) in COLUMNS.items()}
    docs |= {name: one.doc for name, one in hyperparameters().items()}
    docs |= {name: FIELDS[name].doc for name in _OF_CELL}
    return [(name, dtype, "", docs[name]) for name, dtype in column_types().items()]


def _any(dtype: str) -> Any:
    return dtype  # whose literals pandas' stubs list one by one


def _of_place(scope: Selection, index: dict[Cell, int], place: Place) -> dict[str, Any]:
    measure = measure_of(place.cell.dataset, place.result)
    return {
        "kind": "place" if place.known is None else "intermediate",
        **_fields(place.cell),
        "verdict": place.verdict,
        "measure": measure.unit,
        "iteration": place.iteration,
        "in_table": place.fills,
        "seeds": place.seeds,
        **_estimate(place.interval and (place.interval.mean, place.interval)),
        "paper": place.paper,
        "side": place.side,
        "grade": place.grade,
        "margin": place.margin,
        "decides": place.decides,
        **_evidence(scope, [index[place.cell]], place.result, place.share),
        **place.lost,
    }


def _of_claim(scope: Selection, index: dict[Cell, int], result: ClaimResult) -> dict[str, Any]:
    claim = result.test.claim
    common = {**claim.where, **result.test.place, **(claim.left if claim.right is None else {})}
    rows = [index[cell] for cell in result.cells]
    return {
        "kind": "claim",
        "claim": claim.name,
        "text": claim.text,
        **{name: value for name, value in common.items() if name in column_types()},
        "verdict": result.verdict,
        "measure": _claim_measure(result),
        "seeds": result.wanted,
        **_estimate(result.interval and (result.interval.mean, result.interval)),
        "margin": result.test.margin,
        "p": result.p,
        "decides": result.decides,
        **_evidence(scope, rows, None),
        "diverged": result.diverged,
        "means": list(result.means),
        "paper_means": None if result.paper is None else list(result.paper),
        "values": list(result.values),
    }


def _claim_measure(result: ClaimResult) -> str:
    measure = measure_of(result.cells[0].dataset, result.test.claim.result)
    if result.test.claim.is_slope:
        return f"{measure.difference} a step of {result.test.claim.over}"
    return measure.unit if result.test.right is None else measure.difference


def _of_bin(scope: Selection, index: dict[Cell, int], one: Bin) -> dict[str, Any]:
    found = one.found
    known = one.paper
    common = {name: one.cell.value(name) for name in ("dataset", "network", "depth", "rule")}
    return {
        "kind": "median",
        "text": f"{known.above:g} < p_update <= {known.up_to:g} at {known.at:g} of training",
        **common,
        "decoupled": one.cell.decoupled,
        "verdict": one.verdict,
        "measure": measure_of(one.cell.dataset).unit,
        "seeds": one.seeds,
        **_estimate(found and (found.mean, found)),
        "paper": known.value,
        "side": "above" if known.censored else None,
        "grade": known.grade,
        "margin": one.margin,
        "decides": one.decides,
        **_evidence(scope, [index[cell] for cell in one.cells], None),
        "diverged": one.diverged,
        "values": None,
    }


def _fields(cell: Cell) -> dict[str, Any]:
    return {name: cell.value(name) for name in (*_OF_CELL, *dict(cell.hyperparameters))}


def _estimate(found: Any) -> dict[str, Any]:
    if not found:
        return {"n": 0}
    estimate, interval = found
    return {"n": interval.n, "estimate": estimate, "low95": interval.low, "high95": interval.high}


def _evidence(
    scope: Selection, rows: Sequence[int], result: str | None, at: float | None = None
) -> dict[str, Any]:
    """Return the records of declared seeds by configuration and seed, and their results.

    `at` is the share of training at which those are read; the end if None.
    """
    import pandas as pd

    frame = scope.frame[scope.frame["configuration"].isin(rows) & scope.declared(scope.frame)]
    frame = frame.sort_values(["configuration", "seed"])
    values = scope.values(result)[frame.index]
    if at is not None:
        found = frame.to_dict("records")
        cells = [scope.cells[int(n)] for n in frame["configuration"].tolist()]
        pairs = zip(cells, found, strict=True)
        read = [value_at(cell, row, result, at) for cell, row in pairs]
        values = pd.Series(read, index=frame.index, dtype=float)
    left = frame[values.isna()]
    lost = {status: int((left["status"] == status).sum()) for status in LOST}
    return {"values": values.dropna().tolist(), "records": frame["id"].tolist(), **lost}
