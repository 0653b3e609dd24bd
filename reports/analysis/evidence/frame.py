"""Verdicts as one data frame, each beside the evidence that it is from.

A row is a place of the exhibit's table, one before the end of training, the result of a claim, or
a bin of a population.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ....bench.configuration import FIELDS, hyperparameters
from .details import OF_CELL, Detail

if TYPE_CHECKING:
    import pandas as pd

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
    "ours": ("boolean", "of a claim, whether the paper lacks a number of what it compares"),
    "text": ("string", "what the verdict is about, in words"),
    "verdict": (
        "string",
        "reproduced, not reproduced, inconclusive, not run or not comparable; of a comparison of"
        " ours confirmed or contradicted in place of the first two; of an order at another scale"
        " than the paper's: same way round, other way round or undecided",
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
        "evidence of that number: T a table, F a digitised figure, A the authors' own code, P"
        " public re-implementations, R recalled, O ours",
    ),
    "paper_sd": ("Float64", "the standard deviation that the paper prints beside its number"),
    "paper_runs": ("Int64", "number of runs that those are of; null where the paper does not say"),
    "difference": ("Float64", "our mean less the paper's, where that is printed with its spread"),
    "difference_low95": ("Float64", "lower end of its 95 % interval, both means being uncertain"),
    "difference_high95": ("Float64", "upper end of it"),
    "margin": (
        "Float64",
        "how near to the paper's number counts as reproduced; of a claim the margin or level",
    ),
    "p": ("Float64", "a claim's one-sided p, after Holm"),
    "decides": ("string", "what would decide it, where it is inconclusive"),
    "why_not": ("string", "of a claim that is not comparable, what hangs on the schedule"),
    "diverged": ("Int64", "seeds that diverged"),
    "failed": ("Int64", "seeds that failed"),
    "timeout": ("Int64", "seeds that were cut short"),
    "means": ("object", "means of what a claim compares, in order"),
    "paper_means": ("object", "the paper's numbers for the same; null where it lacks one"),
    "values": ("object", "the results that the estimate is of, by seed"),
    "records": ("object", "ids of the records they are from, diverged ones included"),
}
"""What a row has besides its cell: dtype and meaning."""


def to_verdicts(details: Iterable[Detail]) -> "pd.DataFrame":
    """Return a row for each detail, in their order.

    The columns are COLUMNS; after `text` the fields that say which cells are meant (of a claim,
    what they have in common), null where a field does not apply.
    """
    import pandas as pd

    rows = [_row(one) for one in details]
    return pd.DataFrame(
        {
            name: pd.Series([row.get(name) for row in rows], dtype=_any(dtype))
            for name, dtype in column_types().items()
        }
    )


def column_types() -> dict[str, str]:
    """Return {column: dtype} of `to_verdicts`, in order."""
    own = {name: _TYPES[one.kind] for name, one in hyperparameters().items()}
    cell = {name: _TYPES[FIELDS[name].scalar] for name in OF_CELL} | own
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
    docs |= {name: FIELDS[name].doc for name in OF_CELL}
    return [(name, dtype, "", docs[name]) for name, dtype in column_types().items()]


def _any(dtype: str) -> Any:
    return dtype  # whose literals pandas' stubs list one by one


def _row(one: Detail) -> dict[str, Any]:
    """Return a row: the detail as JSON has it, and the results and records of declared seeds."""
    values = one.to_dict()
    runs = [run for run in one.runs if not one.seeds or run.seed < one.seeds]
    results = [run.value for run in runs if run.value is not None]
    return {
        **{name: values["where"].get(name) for name in column_types()},
        **{name: values[name] for name in COLUMNS if name in values},
        **values["lost"],
        "iteration": values["where"].get("iteration"),
        "in_table": one.in_table if one.kind in ("place", "intermediate") else None,
        "values": {"claim": values["values"], "median": None}.get(one.kind, results),
        "records": [run.record for run in runs],
    }
