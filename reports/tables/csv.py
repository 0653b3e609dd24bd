"""The numbers behind a report as CSV: a line for every place, row of the claims, bin."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from ...results.metrics import measure_of
from ...results.statistics import intervals
from ..analysis.medians import Bin
from ..analysis.select import Selection
from ..analysis.verdicts import Place, Row

OF_RULES = ("bp_lambda", "decoupled", "p_update")
"""Fields of a cell that only some learning rules have."""


def places_csv(selection: Selection, places: Sequence[Place]) -> str:
    """Return every place as a line of CSV, whatever its M; `measure` says what its mean is of."""
    axes = ("dataset", "network", "depth", "T", "rule", "sg_layers", "sg_scale", *OF_RULES)
    lines: list[dict[str, Any]] = [
        {
            **{name: place.cell.value(name) for name in axes},
            "split": place.cell.split,
            "measure": measure_of(place.cell.dataset, place.result).name,
            "in_table": str(place.fills).lower(),
            **_measured(place.interval, place.seeds),
            "paper": place.paper,
            "grade": place.grade,
            "margin": place.margin,
            "verdict": place.verdict,
            "seeds_needed": place.seeds_needed,
            **place.lost,
            "other_data": " ".join(place.other_data),
        }
        for place in places
    ]
    return _csv(selection, lines)


def claims_csv(selection: Selection, rows: Sequence[Row]) -> str:
    """Return every row of the claims as a line of CSV.

    `mean` is of the difference, the slope or what reaches a level, which is then the `margin`.
    """
    axes = ("dataset", "network", "depth", "T", "rule", *OF_RULES)
    lines: list[dict[str, Any]] = [
        {
            "claim": row.test.claim.name,
            **{name: _fields(row).get(name) for name in axes},
            "kind": row.test.claim.kind,
            "factor": row.test.claim.factor,
            "margin": row.test.margin,
            **_measured(row.interval, row.wanted),
            "p_holm": row.p,
            "verdict": row.verdict,
            "seeds_needed": row.seeds_needed,
            "diverged": row.diverged,
            "other_data": " ".join(row.other_data),
        }
        for row in rows
    ]
    return _csv(selection, lines)


def medians_csv(selection: Selection, found: Sequence[Bin]) -> str:
    """Return every bin of p_update as a line of CSV; `median` is of its networks' errors (%)."""
    axes = ("dataset", "network", "depth", "rule", "decoupled")
    lines: list[dict[str, Any]] = [
        {
            **{name: one.cell.value(name) for name in axes},
            "above": one.paper.above,
            "up_to": one.paper.up_to,
            "at": one.paper.at,
            "iterations": round(one.paper.at * one.cell.iterations),
            "n": 0 if one.found is None else one.found.n,
            "median": one.found and one.found.median,
            "low95": one.found and one.found.low,
            "high95": one.found and one.found.high,
            "paper": one.paper.value,
            "grade": one.paper.grade,
            "margin": one.margin,
            "verdict": one.verdict,
            "diverged": one.diverged,
        }
        for one in found
    ]
    return _csv(selection, lines)


def _fields(row: Row) -> dict[str, Any]:
    """Return what all that a row compares has in common."""
    claim = row.test.claim
    return {**claim.where, **row.test.place, **(claim.left if claim.right is None else {})}


def _measured(found: intervals.Interval | None, seeds: int) -> dict[str, Any]:
    names = ("n", "mean", "low95", "high95")
    values = (
        (0, None, None, None) if found is None else (found.n, found.mean, found.low, found.high)
    )
    return {"seeds": seeds, **dict(zip(names, values, strict=True))}


def _csv(selection: Selection, lines: Sequence[dict[str, Any]]) -> str:
    label = {"exhibit": selection.exhibit.name, "scale": selection.scale}
    # As objects: an integer beside a null stays an integer.
    frame = pd.DataFrame([{**label, **line} for line in lines], dtype=object)
    return frame.to_csv(index=False, lineterminator="\n")
