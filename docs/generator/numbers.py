"""Single numbers in a sentence: `<!-- n: KIND … -->number<!-- /n -->`.

A value is written as the tables of reports write it. `KINDS` says what there is; `NAMED`
(`findings.py`) holds those that take a computation of their own.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pandas as pd
from sgbench.bench.errors import SgbenchError
from sgbench.reports.analysis.overview import joined
from sgbench.reports.analysis.selection.select import Selection
from sgbench.reports.analysis.verdicts.places import Place, mean_of
from sgbench.reports.tables import entries
from sgbench.results.metrics import measure_of
from sgbench.results.rows import POINT_TYPES

from . import cost, findings, sources
from .markers import MarkerError

MINUS = "\N{MINUS SIGN}"


def number(words: list[str]) -> str:
    """Return what stands in an inline marker of these words. Raises MarkerError."""
    kind, *rest = words
    if kind in findings.NAMED and not rest:
        return findings.NAMED[kind]()
    if kind not in KINDS:
        known = ", ".join([*KINDS, *findings.NAMED])
        raise MarkerError(f"unknown number {kind!r}: write one of {known}")
    least, write = KINDS[kind]
    if len(rest) < least:
        raise MarkerError(f"{kind} takes {least} words or more: {' '.join(rest) or 'none'} given")
    return write(rest)


def _of_place(write: Callable[[Place], str]) -> Callable[[list[str]], str]:
    def found(words: list[str]) -> str:
        exhibit, scale, *where = words
        return write(sources.place(exhibit, scale, where))

    return found


def _interval(place: Place) -> str:
    if place.interval is None:
        raise MarkerError("the place has no result")
    decimals = measure_of(place.cell.dataset, place.result).decimals
    return entries.interval(place.interval, decimals)


def _seeds(place: Place) -> str:
    return "0" if place.interval is None else f"{place.interval.n}"


def _paper(place: Place) -> str:
    if place.paper is None:
        raise MarkerError("the paper has no number for that place")
    decimals = measure_of(place.cell.dataset, place.result).paper_decimals
    return entries.paper(place.paper, decimals)


def _claim(words: list[str]) -> str:
    """`claim EXHIBIT SCALE NAME p|verdict|n|value|interval FIELD=VALUE…`."""
    exhibit, scale, name, what, *where = words
    one = sources.claim(exhibit, scale, name, where)
    decimals = one.test.claim.measure(one.cells[0].dataset).decimals
    if what == "verdict":
        return one.verdict
    if what == "n":
        return f"{len(one.values)}"
    if what == "p" and one.p is not None:
        return entries.p_value(one.p)
    if what in ("value", "interval") and one.interval is not None:
        signed = one.test.claim.kind != "reaches"
        text = entries.interval(one.interval, decimals, signed=signed)
        return text if what == "interval" else text.split(" ± ")[0]
    raise MarkerError(f"claim {name}: no {what} (p, verdict, n, value or interval)")


def _count(words: list[str]) -> str:
    """`count EXHIBIT SCALE cells|run|further|seeds|configurations FIELD=VALUE…`."""
    exhibit, scale, what, *where = words
    known: Mapping[str, Callable[[Selection], int]] = {
        "cells": lambda s: s.wanted,  # that the scale has
        "run": lambda s: s.done,  # of those, with a record
        "further": lambda s: int((~s.frame["seed"].isin(s.own_seeds)).sum()),  # of further seeds
        "records": lambda s: len(s.frame),
        "seeds": lambda s: s.seeds,
        "configurations": lambda s: len(s.cells),
    }
    if what not in known:
        raise MarkerError(f"count: no {what!r} ({', '.join(known)})")
    whole = sources.whole(exhibit, scale)
    try:
        return f"{known[what](whole.narrowed(sources.conditions(where))):,}"
    except SgbenchError as error:
        raise MarkerError(str(error)) from None


def _processors(words: list[str]) -> str:
    """`processors [EXHIBIT]`: how many published records each processor made, the most first."""
    exhibit, *rest = [*words, ""]
    made_by = Counter(r.device for r in sources.records() if exhibit in ("", r.exhibit))
    if len(rest) > 1 or not made_by:
        raise MarkerError(f"processors {' '.join(words)}: no published record; name one exhibit")
    most_first = sorted(made_by.items(), key=lambda one: (-one[1], one[0]))
    return joined([f"{device} ({n:,})" for device, n in most_first])


def _left(words: list[str]) -> str:
    """`left EXHIBIT SCALE FIELD=VALUE…`: how long what has no record takes on two cores."""
    exhibit, scale, *where = words
    try:
        return cost.left(exhibit, scale, where)
    except SgbenchError as error:
        raise MarkerError(str(error)) from None


def _interval_of(values: "pd.Series[float]", form: str) -> str:
    """Return mean and half-width of the 95 % interval, with the decimals of a form like `.2f`."""
    found = mean_of(list(values))
    assert found is not None  # there are values
    return entries.interval(found, int(form.strip(".f")))


FOLDS: Mapping[str, Callable[["pd.Series[float]"], float]] = {
    "min": lambda s: float(s.min()),
    "max": lambda s: float(s.max()),
    "mean": lambda s: float(s.mean()),
    "median": lambda s: float(s.median()),
}


def _field(words: list[str]) -> str:
    """`field EXHIBIT SCALE NAME FOLD FORMAT FIELD=VALUE…`: over records, as `{:FORMAT}`."""
    exhibit, scale, name, fold, form, *where = words
    frame = sources.selection(exhibit, scale, tuple(where)).frame
    if name not in frame:
        raise MarkerError(f"records have no field {name!r}")
    return _folded(frame[name].dropna().astype(float), fold, form)


def _curve(words: list[str]) -> str:
    """`curve EXHIBIT SCALE NAME FOLD FORMAT FIELD=VALUE… [at=ITERATION] [layer=N]`.

    Over the curves' points, at the last one unless `at` names an iteration; a list (a value for
    each M, the lowest layer's first) is folded too unless `layer` picks one, from 1. FOLD may be
    `interval`: mean and half-width over the records.
    """
    exhibit, scale, name, fold, form, *where = words
    picks = {
        w.split("=")[0]: int(w.split("=")[1]) for w in where if w.startswith(("at=", "layer="))
    }
    where = [word for word in where if not word.startswith(("at=", "layer="))]
    if name not in POINT_TYPES:
        raise MarkerError(f"points of a curve have no {name!r} ({', '.join(POINT_TYPES)})")
    values: list[float] = []
    for curve in sources.selection(exhibit, scale, tuple(where)).frame["curve"]:
        points = [p for p in curve if "at" not in picks or p["iteration"] == picks["at"]]
        value: Any = points[-1][name] if points else None
        layers = cast("list[float | None]", value if isinstance(value, list) else [value])
        if "layer" in picks:
            layers = layers[picks["layer"] - 1 : picks["layer"]]
        values += [one for one in layers if one is not None]
    return _folded(pd.Series(values, dtype=float), fold, form)


def _folded(values: "pd.Series[float]", fold: str, form: str) -> str:
    if fold not in (*FOLDS, "interval"):
        raise MarkerError(f"unknown fold {fold!r}: {', '.join(FOLDS)}, interval")
    if values.empty:
        raise MarkerError("no record has a value there")
    if fold == "interval":
        return _interval_of(values, form)
    return f"{FOLDS[fold](values):{form}}".replace("-", MINUS)


KINDS: Mapping[str, tuple[int, Callable[[list[str]], str]]] = {
    "mean": (2, _of_place(lambda place: _interval(place).split(" ± ")[0])),
    "interval": (2, _of_place(_interval)),
    "n": (2, _of_place(_seeds)),
    "paper": (2, _of_place(_paper)),
    "verdict": (2, _of_place(lambda place: place.verdict)),
    "claim": (4, _claim),
    "count": (3, _count),
    "processors": (0, _processors),
    "left": (2, _left),
    "field": (5, _field),
    "curve": (5, _curve),
}
"""By kind: how many words it takes at least, and what writes it."""


def kinds() -> Sequence[str]:
    """Return a line of help for each kind of number."""
    place = "EXHIBIT SCALE FIELD=VALUE,…"
    lines = [f"{name} {place}" for name in ("mean", "interval", "n", "paper", "verdict")]
    docs = [write.__doc__ or "" for write in (_claim, _count, _processors, _left, _field, _curve)]
    return [*lines, *(doc.split("`")[1] for doc in docs), *findings.NAMED]
