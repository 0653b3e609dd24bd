"""The parser of what an exhibit's file says of results: numbers, medians, models, margins."""

import itertools
import math
from typing import Any

from ...bench import datasets
from ...results.metrics import measure_of, results_of
from ...results.statistics.place_verdict import Side
from .evidence import (
    GRADES,
    SIDES,
    UNITS,
    FixedModel,
    Intermediate,
    Margin,
    Median,
    Number,
    PaperPlace,
    Spread,
)
from .strict_toml import Table


def numbers(tables: list[Table]) -> dict[PaperPlace, Number]:
    """Return the paper's numbers in the tables `[[numbers]]`."""
    found: dict[PaperPlace, Number] = {}
    for table in tables:
        dataset, network, grade = _place(table)
        result = table.take_result()
        exactness = _exactness(table, dataset, result)
        first, *rules = table.take_list("columns", str) or [""]
        if first not in ("depth", "T") or not rules:
            raise table.error("columns", "must be depth or T, then the rules")
        rules = [table.coerced("columns", "rule", rule) for rule in rules]
        rows = table.take_rows("rows", 1 + len(rules))
        spreads_of = _deviations(table, dataset, rows)
        for row, spread in zip(rows, spreads_of, strict=True):
            along = table.coerced("rows", first, row[0])
            depth, T = (along, None) if first == "depth" else (None, along)
            for rule, value, known in zip(rules, row[1:], spread, strict=True):
                place = (dataset, network, depth, T, rule, result)
                if place in found:
                    raise table.error("rows", f"give {place} twice")
                found[place] = Number(value=value, grade=grade, **exactness, **known)
        table.close()
    return found


def _deviations(table: Table, dataset: str, rows: list[list[float]]) -> list[list[dict[str, Any]]]:
    """Return how each number of some rows spreads over the paper's runs, where the table says.

    `deviations` has a row for each of `rows`, which begins as that does; `runs`, how many runs they
    are of, may be missing.
    """
    if "deviations" not in table.remaining():
        return [[{}] * (len(row) - 1) for row in rows]
    if datasets.kind(dataset) == "episodes":
        raise table.error("deviations", f"are of no use on {dataset}, whose results are a ladder's")
    runs = table.take("runs", int) if "runs" in table.remaining() else None
    if runs is not None and runs < 2:
        raise table.error("runs", "must be at least 2")
    found = table.take_rows("deviations", len(rows[0]) if rows else 1)
    if [row[0] for row in found] != [row[0] for row in rows]:
        raise table.error(
            "deviations", "must have a row for each of `rows`, which begins as it does"
        )
    if not all(0 < value < 100 for row in found for value in row[1:]):
        raise table.error("deviations", "must be between 0 and 100")
    return [[{"deviation": value, "runs": runs} for value in row[1:]] for row in found]


def intermediate(tables: list[Table]) -> tuple[Intermediate, ...]:
    """Return the paper's numbers before the end of training, in the tables `[[intermediate]]`.

    A row is the depth or T, when they were read (the unit is the column's name), then a number for
    each rule; one that is nan is not known.
    """
    found: dict[tuple[Any, ...], Intermediate] = {}
    for table in tables:
        dataset, network, grade = _place(table)
        result, reading = table.take_result(), _positive(table, "reading")
        side: Side = table.choice("side", SIDES) if "side" in table.remaining() else "at"
        first, unit, *rules = [*table.take_list("columns", str), "", ""]
        rules = [table.coerced("columns", "rule", rule) for rule in rules[:-2]]
        if first not in ("depth", "T") or unit not in UNITS or not rules:
            raise table.error(
                "columns", f"must be depth or T, {' or '.join(UNITS)}, then the rules"
            )
        for along, at, *values in table.take_rows("rows", 2 + len(rules)):
            if at < 1 or at % 1:
                raise table.error("rows", f"have {at:g}, which is no number of updates or steps")
            fields = {first: table.coerced("rows", first, along)}
            for rule, value in zip(rules, values, strict=True):
                where = {"dataset": dataset, "network": network, **fields, "rule": rule}
                key = (*where.values(), result, unit, at)
                if key in found:
                    raise table.error("rows", f"give {rule} at {along:g}, {at:g} twice")
                if not math.isnan(value):
                    number = Number(value=value, grade=grade, reading=reading)
                    found[key] = Intermediate(
                        where=where, result=result, unit=unit, at=int(at), number=number, side=side
                    )
        table.close()
    return tuple(found.values())


def _exactness(table: Table, dataset: str, result: str | None) -> dict[str, float]:
    """Return how exactly numbers are known: by `reading`, or by their printed `decimals`."""
    if "reading" in table.remaining():
        return {"reading": _positive(table, "reading")}
    known = results_of(dataset)
    named = result if result in known else known[0]  # a wrong one is refused by `validate`
    decimals = table.take("decimals", int, measure_of(dataset, named).paper_decimals)
    if not 0 <= decimals <= 9:
        raise table.error("decimals", "must be from 0 to 9")
    return {"rounding": 0.5 * 10.0**-decimals}


def medians_of(table: Table) -> list[Median]:
    """Return the medians of a table: a row of them for each fraction of training in `at`.

    One that is nan is cut off by the paper's axis at `cut`, or unknown where there is none.
    `networks` is the number of them along all of p_update, evenly spread, as the paper's are.
    """
    reading = _positive(table, "reading") if "reading" in table.remaining() else 0.0
    cut = _positive(table, "cut") if "cut" in table.remaining() else math.nan
    networks = table.take("networks", int, 1)
    grade, edges = table.choice("grade", GRADES), table.take_list("edges", float)
    if edges != sorted({0.0, *edges}) or len(edges) < 2:
        raise table.error("edges", "must ascend from 0")
    rows = table.take_rows("rows", len(edges))  # the first of a row is `at`
    where = table.take_fields()
    return [
        Median(
            where=where, above=low, up_to=high, at=at, value=cut if math.isnan(value) else value,
            grade=grade, reading=reading, censored=math.isnan(value),
            networks=max(1, round(networks * (high - low) / edges[-1])),
        )
        for at, *values in rows
        for (low, high), value in zip(itertools.pairwise(edges), values, strict=True)
        if not (math.isnan(value) and math.isnan(cut))
    ]  # fmt: skip


def fixed(tables: list[Table]) -> dict[tuple[str, str, str], FixedModel]:
    """Return the models of the tables `[[fixed]]`."""
    found: dict[tuple[str, str, str], FixedModel] = {}
    for table in tables:
        dataset, network, grade = _place(table)
        for rule, layers in table.take_by("sg_layers", "rule", int).items():
            if (dataset, network, rule) in found:
                raise table.error("sg_layers", f"is given twice for {dataset}, {network}, {rule}")
            hidden = table.coerced("sg_layers", "sg_layers", layers)
            found[dataset, network, rule] = FixedModel(sg_layers=hidden, grade=grade)
        table.close()
    return found


def _place(table: Table) -> tuple[str, str, str]:
    dataset, network = table.take("dataset", str), table.take("network", str)
    table.coerced("dataset", "dataset", dataset)
    table.coerced("network", "network", network)
    return dataset, network, table.choice("grade", GRADES)


def margins(table: Table) -> dict[str, Margin]:
    """Return the margins in the table `[margins]`."""
    found: dict[str, Margin] = {}
    for dataset in table.remaining():
        table.coerced(dataset, "dataset", dataset)
        row = table.take_table(dataset)
        points = row.take("points", float)
        rules = row.take_by("rules", "rule", float, optional=True)
        if not all(0 < value < 100 for value in (points, *rules.values())):
            raise row.error("points", "and rules must be between 0 and 100")
        found[dataset] = Margin(points=points, rules=rules)
        row.close()
    return found


def spreads(tables: list[Table]) -> dict[tuple[str, str, str, str | None], Spread]:
    """Return the estimates of the tables `[[spreads]]`."""
    found: dict[tuple[str, str, str, str | None], Spread] = {}
    for table in tables:
        dataset, network = table.take("dataset", str), table.take("network", str)
        table.coerced("dataset", "dataset", dataset)
        table.coerced("network", "network", network)
        result, source = table.take_result(), table.take("source", str)
        for rule, deviation in table.take_by("deviation", "rule", float).items():
            if (dataset, network, rule, result) in found:
                raise table.error("deviation", f"is given twice for {dataset}, {network}, {rule}")
            if not 0 < deviation < 100:
                raise table.error("deviation", "must be between 0 and 100")
            found[dataset, network, rule, result] = Spread(deviation=deviation, source=source)
        table.close()
    return found


def _positive(table: Table, key: str) -> float:
    value = table.take(key, float)
    if not 0 < value < 100:
        raise table.error(key, "must be between 0 and 100")
    return value
