"""The numbers behind a report as CSV, a line for each place, claim, bin, timing or trial."""

from collections.abc import Sequence
from typing import Any, cast

import pandas as pd

from ...results.metrics import measure_of
from ...results.statistics import intervals
from ..analysis.costs.cost_to_accuracy import Reached, quantity
from ..analysis.costs.speeds import FIELDS as SPEED_FIELDS
from ..analysis.costs.speeds import Speed, values
from ..analysis.selection.select import Selection
from ..analysis.study_results import StudyResults
from ..analysis.verdicts.claims import ClaimResult
from ..analysis.verdicts.medians import Bin
from ..analysis.verdicts.places import Place

DIGITS = 9
"""Significant digits of numbers in files: those behind differ by the versions of libraries."""


def rounded(value: Any) -> Any:
    """Return JSON values with their numbers rounded to `DIGITS`."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in cast("Sequence[Any]", value)]
    return value


def places_csv(selection: Selection, places: Sequence[Place]) -> str:
    """Return every place as a line of CSV, whatever its M; `measure` says what its mean is of.

    Places before the end of training have their `iteration` and `side`, too.
    """
    blocks = selection.exhibit.scale(selection.scale).blocks
    own = (name for cell in selection.cells for name, _ in cell.hyperparameters)
    axes = dict.fromkeys(("dataset", "network", "depth", "T", "rule", "sg_layers", "sg_scale"))
    axes |= dict.fromkeys((*own, "decoupled", "p_update"))
    axes |= dict.fromkeys(name for block in blocks for name in block)
    spread = any(place.published is not None for place in places)
    lines: list[dict[str, Any]] = [
        {
            **{name: place.cell.value(name) for name in axes},
            "split": place.cell.split,
            "measure": measure_of(place.cell.dataset, place.result).name,
            **({} if place.known is None else {"iteration": place.iteration}),
            "in_table": str(place.fills).lower(),
            **_measured(place.interval, place.seeds),
            "paper": place.paper,
            **({} if place.known is None else {"side": place.side}),
            "grade": place.grade,
            **(_spread(place) if spread else {}),
            "margin": place.margin,
            "baseline_in_margin": place.baseline,
            "verdict": place.verdict,
            "within": place.within,
            "drawn": place.drawn,
            "decides": place.decides,
            "n_all": place.further and place.further.n,
            "mean_all": place.further and place.further.mean,
            **place.lost,
            "other_data": " ".join(place.other_data),
        }
        for place in places
    ]
    return _csv(selection, lines)


def _spread(place: Place) -> dict[str, Any]:
    """Return what is known where a paper prints its number with a standard deviation."""
    known, found = place.published, place.difference
    return {
        "paper_sd": known and known.deviation,
        "paper_runs": known and known.runs,
        "difference": found and found.mean,
        "difference_low95": found and found.low,
        "difference_high95": found and found.high,
    }


def claims_csv(selection: Selection, results: Sequence[ClaimResult]) -> str:
    """Return every result of a claim as a line of CSV.

    `mean` is of the difference, the slope or what reaches a level, which is then the `margin`.
    """
    axes = dict.fromkeys(("dataset", "network", "depth", "T", "rule", "decoupled", "p_update"))
    axes |= dict.fromkeys(name for result in results for name in _fields(result))
    lines: list[dict[str, Any]] = [
        {
            "claim": result.test.claim.name,
            **{name: _fields(result).get(name) for name in axes},
            "kind": result.test.claim.kind,
            "factor": result.test.claim.factor,
            "pairing": result.test.claim.pairing,
            "margin": result.test.margin,
            **_measured(result.interval, result.wanted),
            "p_holm": result.p,
            "verdict": result.verdict,
            "decides": result.decides,
            "diverged": result.diverged,
            "other_data": " ".join(result.other_data),
        }
        for result in results
    ]
    return _csv(selection, lines)


def medians_csv(selection: Selection, found: Sequence[Bin]) -> str:
    """Return every bin of p_update as a line of CSV; `mean` is of its seeds' medians (%)."""
    axes = ("dataset", "network", "depth", "rule", "decoupled")
    lines: list[dict[str, Any]] = [
        {
            **{name: one.cell.value(name) for name in axes},
            "above": one.paper.above,
            "up_to": one.paper.up_to,
            "at": one.paper.at,
            "iterations": round(one.paper.at * one.cell.iterations),
            "networks": one.networks,
            **_measured(one.found, one.seeds),
            "paper": one.paper.value,
            "cut_off": str(one.paper.censored).lower(),
            "grade": one.paper.grade,
            "margin": one.margin,
            "verdict": one.verdict,
            "within": one.within,
            "drawn": one.drawn,
            "decides": one.decides,
            "diverged": one.diverged,
        }
        for one in found
    ]
    return _csv(selection, lines)


def _fields(result: ClaimResult) -> dict[str, Any]:
    """Return what all that a claim compares has in common."""
    claim = result.test.claim
    return {**claim.where, **result.test.place, **(claim.left if claim.right is None else {})}


def _measured(found: intervals.Interval | None, seeds: int) -> dict[str, Any]:
    names = ("n", "mean", "low95", "high95")
    values = (
        (0, None, None, None) if found is None else (found.n, found.mean, found.low, found.high)
    )
    return {"seeds": seeds, **dict(zip(names, values, strict=True))}


def speeds_csv(found: Sequence[Speed]) -> str:
    """Return every timing as a line of CSV, in SI units."""
    return _lines_csv([values(speed) for speed in found])


def cost_csv(found: Sequence[Reached]) -> str:
    """Return every configuration's time to each target as a line of CSV."""
    return _lines_csv(
        [
            {
                "name": one.name,
                **{name: one.cell.value(name) for name in SPEED_FIELDS},
                "factor": one.factor,
                "target": one.target,
                "quantity": quantity(one.cell),
                "seeds": one.seeds,
                "iterations": one.iterations,
                "seconds": one.seconds,
                "seconds_by_timing": one.timed,
                "flops": one.flops,
                "bytes": one.bytes,
            }
            for one in found
        ]
    )


def trials_csv(results: StudyResults) -> str:
    """Return every trial of a study as a line of CSV."""
    return _lines_csv(
        [
            {
                "study": results.study.name,
                "arm": arm.arm.label,
                "trial": trial.number,
                "state": trial.state,
                "objective": arm.arm.objective.name,
                "value": trial.value,
                **{field: trial.params.get(field) for field in results.study.space},
                "iterations": trial.iterations,
                "seconds": round(trial.seconds, 3),
                "cells": " ".join(record.id for record in trial.records),
            }
            for arm in results.arms
            for trial in arm.trials
        ]
    )


def budget_csv(results: StudyResults) -> str:
    """Return the expected best of k trials, for every k of each arm, as a line of CSV."""
    return _lines_csv(
        [
            {"study": results.study.name, "arm": arm.arm.label, "trials": k, "expected_best": value}
            for arm in results.arms
            for k, value in enumerate(arm.curve, start=1)
        ],
        columns=["study", "arm", "trials", "expected_best"],
    )


def _csv(selection: Selection, lines: Sequence[dict[str, Any]]) -> str:
    label = {"exhibit": selection.exhibit.name, "scale": selection.scale}
    return _lines_csv([{**label, **line} for line in lines])


def _lines_csv(lines: Sequence[dict[str, Any]], columns: list[str] | None = None) -> str:
    # As objects: an integer beside a null stays an integer.
    frame = pd.DataFrame([rounded(line) for line in lines], columns=columns, dtype=object)
    return frame.to_csv(index=False, lineterminator="\n")
