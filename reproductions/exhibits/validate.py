"""Whether the parts of an exhibit fit one another, before anything trains.

The parser checks each key of the file by itself: types, bounds, names of fields and rules. Here the
scales are expanded, and everything else that the file says is held against their cells: an entry
that no cell has is a slip, and would be noticed only in a report of hours of training.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...bench import datasets, registry
from ...bench.cell import Cell
from ...bench.configuration import field_names, field_of
from ...bench.errors import UsageError, did_you_mean
from ...bench.outcome import CurvePoint
from ...results.metrics import FINAL, MEASURES, METRIC_BY_RESULT, evaluated, measure_of, results_of
from .expansion import expand
from .field_text import parse_value
from .schema import Exhibit, Figure, Gated
from .sets import parse_set
from .where import parse_where

CURVE_X = ("iteration", "data_steps", "passes", "flops", "bytes", "seconds", "updates")
"""What a figure of curves may have along x."""
CURVE_Y = tuple(
    spec.name
    for spec in dataclasses.fields(CurvePoint)
    if spec.name not in ("iteration", "seconds", "updates")
)
"""What was evaluated in training: the y of a figure of curves or a population."""
LAYERED = ("sg_loss", "sg_cosine", "sg_held_cosine", "sg_weight_cosine", "sg_ridge_cosine")
"""Those that have a value for each hidden layer, of which `lines = "layer"` can be."""

Cells = Mapping[str, Sequence[Cell]]
"""The cells of each scale, as those of seed 0."""


def validate(exhibit: Exhibit) -> None:
    """Raise UsageError, naming the file and the key, where parts do not fit one another."""
    cells = {name: expand(exhibit, name, seeds=1) for name in exhibit.scales}
    every = list(dict.fromkeys(itertools.chain.from_iterable(cells.values())))
    _check_places(exhibit, every)
    _check_intermediate(exhibit, cells.get("paper", ()))
    along = exhibit.neighbours
    if along is not None and len({cell.value(along) for cell in every} - {None}) < 2:
        raise _error(exhibit, "neighbours", f"is {along}, of which no two cells have two values")
    _check_labels(exhibit, every)
    for name, of_scale in cells.items():
        _check_layout(exhibit, name, of_scale)
    for number, figure in enumerate(exhibit.figures):
        _check_figure(exhibit, f"figures[{number}]", figure, every)
    _check_claims(exhibit, cells)
    for number, gated in enumerate(exhibit.gated):
        _check_gated(exhibit, f"gate[{number}]", gated)
    for dimension in exhibit.space:
        if not any(_has(cell, dimension.field) for cell in every):
            raise _error(exhibit, f"space.{dimension.field}", "is a field that no cell has")
    for name in exhibit.unstated:
        if name not in field_names() or not any(_has(cell, name) for cell in every):
            raise _error(exhibit, "unstated", f"has {name}, a field that no cell has")


def _error(exhibit: Exhibit, key: str, problem: str) -> UsageError:
    return UsageError(f"{exhibit.file}: {key} {problem}")


def _has(cell: Cell, field: str) -> bool:
    return cell.value(field) is not None


def _words(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in fields.items() if value is not None)


def _check_places(exhibit: Exhibit, cells: Sequence[Cell]) -> None:
    """Check what is about places of the grid: numbers, spreads, medians, models, margins."""
    for dataset, network, depth, T, rule, result in exhibit.numbers:
        fields = {"dataset": dataset, "network": network, "depth": depth, "T": T, "rule": rule}
        if not any(cell.has(fields) for cell in cells):
            raise _error(exhibit, "numbers", f"has one where no cell is: {_words(fields)}")
        _check_result(exhibit, f"numbers of dataset={dataset}", [dataset], result)
    for dataset, network, rule, result in exhibit.spreads:
        fields = {"dataset": dataset, "network": network, "rule": rule}
        if not any(cell.has(fields) for cell in cells):
            raise _error(exhibit, "spreads", f"has one where no cell is: {_words(fields)}")
        _check_result(exhibit, f"spreads of dataset={dataset}", [dataset], result)
    if exhibit.baseline is not None and all(cell.rule != exhibit.baseline for cell in cells):
        raise _error(exhibit, "baseline", f"is {exhibit.baseline}, a rule that no cell has")
    for median in (*exhibit.medians, *exhibit.cut_off):
        if not any(cell.has(median.where) for cell in cells):
            raise _error(exhibit, "medians", f"has one where no cell is: {_words(median.where)}")
    for (dataset, network, rule), model in exhibit.fixed.items():
        fields = {"dataset": dataset, "network": network, "rule": rule}
        here = {str(cell.sg_layers) for cell in cells if cell.has(fields)}
        if str(model.sg_layers) not in here:
            there = f"the grid has {', '.join(sorted(here))}" if here else "no cell is there"
            raise _error(
                exhibit,
                "fixed",
                f"has sg_layers={model.sg_layers} where {_words(fields)}: {there}",
            )
    rules = {cell.rule for cell in cells}
    for dataset, margin in exhibit.margins.items():
        if not any(cell.dataset == dataset for cell in cells):
            raise _error(exhibit, f"margins.{dataset}", "is of a dataset that no cell has")
        for rule in set(margin.rules) - rules:
            raise _error(
                exhibit, f"margins.{dataset}.rules.{rule}", "is of a rule that no cell has"
            )


def _check_intermediate(exhibit: Exhibit, cells: Sequence[Cell]) -> None:
    """Check that the cells of the paper's scale give each intermediate number as they train."""
    for one in exhibit.intermediate:
        mine, when = [c for c in cells if c.has(one.where)], f"{one.unit} {one.at:,}"
        key = f"intermediate, {when} of {_words(one.where)},"
        if not mine:
            raise _error(exhibit, key, "is where no cell of scale paper is")
        _check_result(exhibit, key, [mine[0].dataset], one.result)
        for cell in mine:
            done = one.iteration(cell)
            if done >= cell.iterations:
                raise _error(
                    exhibit, key, f"is not before the end: cells train for {cell.iterations:,}"
                    " updates; the number at the end is one of [[numbers]]",
                )  # fmt: skip
            if datasets.kind(cell.dataset) == "text":
                problem = "is of a text, which is tested at the end alone: a curve is of other text"
                raise _error(exhibit, key, problem)
            if datasets.kind(cell.dataset) == "episodes":  # when a level was solved is recorded
                continue
            following = cell.next_evaluation(math.ceil(done) - 1)
            if following != done:
                raise _error(
                    exhibit, key, f"is after {done:g} updates, where no cell is evaluated; the next"
                    f" evaluation is after {following:,}",
                )  # fmt: skip


def _check_result(exhibit: Exhibit, key: str, datasets: Iterable[str], result: str | None) -> None:
    """Check that `result` is named where the cells have several, and only there."""
    for dataset in datasets:
        known = results_of(dataset)
        if result not in known:
            choices = [name for name in known if name is not None]
            problem = (
                f"needs a result: cells of {dataset} have {' and '.join(choices)}"
                if choices
                else f"has result={result!r}, but cells of {dataset} have one result; leave it out"
            )
            raise _error(exhibit, key, problem)


def _check_labels(exhibit: Exhibit, cells: Sequence[Cell]) -> None:
    for field, labels in exhibit.labels.items():
        key = f"labels.{field}"
        if field == "result":
            results = [name for cell in cells for name in results_of(cell.dataset) if name]
            for value in labels:
                _check_choice(exhibit, f"{key}.{value}", value, list(dict.fromkeys(results)))
            continue
        if not any(_has(cell, field) for cell in cells):
            raise _error(exhibit, key, "are of a field that no cell has")
        for value in labels:
            parse_value(f"{exhibit.file}: {key}:", field, value)


def _check_layout(exhibit: Exhibit, scale: str, cells: Sequence[Cell]) -> None:
    """Check that a table's place is one cell: of several models, the one that is fixed."""
    if exhibit.layout is None:
        return
    fields = [name for name in (*exhibit.layout.rows, *exhibit.layout.columns) if name != "result"]
    several = any(len(results_of(cell.dataset)) > 1 for cell in cells)
    if several and "result" not in (*exhibit.layout.rows, *exhibit.layout.columns):
        raise _error(
            exhibit, "layout", "lacks result, of which a cell has several; add it to the columns"
        )
    places: dict[tuple[Any, ...], Cell] = {}
    for cell in cells:
        if not exhibit.fills_place(cell.dataset, cell.network, cell.rule, cell.sg_layers):
            continue
        place = tuple(cell.value(name) for name in fields)
        other = places.setdefault(place, cell)
        if other is not cell:
            differ = [n for n in field_names() if cell.value(n) != other.value(n)]
            remedy = f"add {' or '.join(differ)} to rows or columns"
            if "sg_layers" in differ:
                remedy += ", or a [[fixed]] table that says which sg_layers fills the place"
            raise _error(
                exhibit,
                "layout",
                f"puts several cells of scale {scale} in one place,"
                f" {_words(dict(zip(fields, place, strict=True)))}; {remedy}",
            )


def _check_figure(exhibit: Exhibit, key: str, figure: Figure, cells: Sequence[Cell]) -> None:
    mine = [cell for cell in cells if cell.dataset in (figure.datasets or (cell.dataset,))]
    for rule in figure.rules:
        if not any(cell.rule == rule for cell in mine):
            raise _error(exhibit, f"{key}.rules", f"has {rule}, which no cell has")
    mine = [cell for cell in mine if cell.rule in (figure.rules or (cell.rule,))]
    if not mine:
        raise _error(exhibit, f"{key}.datasets", "are datasets that no cell has")
    sweep, layered = figure.kind == "sweep", figure.y in LAYERED and figure.kind == "curves"
    _check_choice(exhibit, f"{key}.y", figure.y, FINAL if sweep else CURVE_Y)
    if sweep:
        _check_final(exhibit, f"{key}.y", figure.y, {cell.dataset for cell in mine})
    else:
        theirs = dict.fromkeys(name for cell in mine for name in evaluated(cell.dataset))
        if figure.y not in theirs:
            choices = ", ".join(theirs)
            problem = f"is {figure.y}, which no cell has; choose from: {choices}"
            raise _error(exhibit, f"{key}.y", problem)
    if figure.kind == "curves":
        _check_choice(exhibit, f"{key}.x", figure.x, CURVE_X)
    else:
        _check_field(exhibit, f"{key}.x", figure.x, mine, numeric=True)
    _check_field(exhibit, f"{key}.panels", figure.panels, mine)
    if figure.lines == "layer" and not layered:
        words = f'is layer, which needs kind = "curves" and y one of {", ".join(LAYERED)}'
        raise _error(exhibit, f"{key}.lines", words)
    if figure.kind != "population" and figure.lines != "layer":
        _check_field(exhibit, f"{key}.lines", figure.lines, mine)
    for rule in figure.references:
        if any(cell.family not in registry.RULES.declared(rule).families for cell in mine):
            raise _error(exhibit, f"{key}.references", f"{rule} does not train all its networks")


def _check_final(exhibit: Exhibit, key: str, y: str, datasets: Iterable[str]) -> None:
    """Check that cells trained on one of the datasets have the result `y`."""
    measured = [
        measure_of(dataset, result) for dataset in datasets for result in results_of(dataset)
    ]
    theirs = {name for measure in measured for name in measure.fields}
    every = {
        name
        for measure in (*MEASURES.values(), *METRIC_BY_RESULT.values())
        for name in measure.fields
    }
    if y in every - theirs:
        raise _error(
            exhibit, key, f"is {y}, which no cell has; choose from: {', '.join(sorted(theirs))}"
        )


def _check_choice(exhibit: Exhibit, key: str, name: str, choices: Sequence[str]) -> None:
    if name not in choices:
        raise _error(exhibit, key, f"is unknown: {name!r}{did_you_mean(name, choices)}")


def _check_field(
    exhibit: Exhibit, key: str, name: str, cells: Sequence[Cell], numeric: bool = False
) -> None:
    """Check that `name` is a field that some of the cells have."""
    if name not in field_names():
        tail = did_you_mean(name, field_names())
        raise _error(exhibit, key, f"is no field of a cell: {name!r}{tail}")
    if numeric and (field_of(name).scalar is str or field_of(name).many):
        raise _error(exhibit, key, f"is {name}, which is no number")
    if not any(_has(cell, name) for cell in cells):
        raise _error(exhibit, key, f"is {name}, which no cell has")


def _check_claims(exhibit: Exhibit, cells: Cells) -> None:
    tests = {scale: exhibit.claim_tests(scale) for scale in cells}
    for number, claim in enumerate(exhibit.claims):
        key = f"claims[{number}] {claim.name!r}"
        mine = [
            (scale, test) for scale, some in tests.items() for test in some if test.claim is claim
        ]
        if not mine:
            raise _error(
                exhibit,
                key,
                "compares nothing at any scale: its where, left and right pick no cells together",
            )
        for scale, test in mine:
            for side in itertools.chain.from_iterable(test.sides()):
                found = [cell for cell in cells[scale] if cell.has(side)]
                if len(found) != 1:
                    raise _error(
                        exhibit,
                        key,
                        f"compares {len(found)} cells of scale {scale} where {_words(side)}; name"
                        " in each, where, left or right what tells them apart",
                    )
                _check_result(exhibit, key, [found[0].dataset], claim.result)


def _check_gated(exhibit: Exhibit, key: str, gated: Gated) -> None:
    if gated.scale not in exhibit.scales:
        tail = did_you_mean(gated.scale, exhibit.scales)
        raise _error(exhibit, f"{key}.scale", f"is unknown: {gated.scale!r}{tail}")
    try:
        where = parse_where(gated.where) if gated.where else None
        expand(exhibit, gated.scale, parse_set(gated.set), 1, where)
    except UsageError as error:
        raise _error(exhibit, key, f"picks no cells: {error}") from None
