"""The paper's claims as data, and the tests that a scale's grid makes of them.

A claim says what is compared; `tests_of` writes it out for every combination of its `each` fields
that the grid has. The statistics, on paired seeds, are `results.statistics.intervals`'s.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .strict_toml import Table

KINDS = ("below", "above", "grows", "does_not_grow", "reaches")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An ordering that the paper's numbers have, or a level that they reach.

    `kind` is `below` (the mean of left - factor * right is below the margin), `above` (it is above
    it), `grows` (the slope of left's error over the field `over` is above the margin, a step),
    `does_not_grow` (that slope is below the margin) or `reaches` (left's mean is below the level).
    `margins` maps a dataset to a margin in what it is measured in (points, steps of T_task, bits),
    0 where absent, or to the level: where that is absent, nothing is tested. `datasets` are the
    only ones it is of, all where there are none. `result` is what it compares where a cell has
    several.
    """

    name: str
    text: str
    source: str
    kind: str
    each: tuple[str, ...]
    where: Mapping[str, Any]
    left: Mapping[str, Any]
    right: Mapping[str, Any] | None
    over: str | None
    margins: Mapping[str, float]
    factor: float
    datasets: tuple[str, ...]
    result: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTest:
    """A claim at one place: which cells are compared, paired by seed.

    `left` and `right` select cells by field (None: the field does not apply); `values` are those
    of the field `over`, ascending. `place` holds the claim's `each` fields, for the row's name.
    `margin` is the level where the claim is that one is reached.
    """

    claim: Claim
    place: Mapping[str, Any]
    left: Mapping[str, Any]
    right: Mapping[str, Any] | None
    values: tuple[Any, ...]
    margin: float


def tests_of(
    claim: Claim,
    points: Iterable[Mapping[str, Any]],
    fixed: Callable[[str, str, str], int | None],
) -> list[ClaimTest]:
    """Return the tests of `claim` on a grid, in the grid's order.

    Args:
        claim: the claim.
        points: the grid's points, each a mapping of axes to values.
        fixed: sg_layers of the M that the protocol fixes for (dataset, network, rule).
    """
    grid = [
        point
        for point in points
        if _fits(point, claim.where) and point["dataset"] in (claim.datasets or (point["dataset"],))
    ]
    places: list[dict[str, Any]] = []
    for point in grid:
        place = {name: point[name] for name in claim.each if name in point}
        if place not in places:
            places.append(place)
    tests: list[ClaimTest] = []
    for place in places:
        sides: list[dict[str, Any]] = []
        values: set[Any] = set()
        for side in (claim.left, claim.right):
            if side is None:
                continue
            wanted = {**claim.where, **place, **side}
            found = [point for point in grid if _fits(point, wanted)]
            values = {point[claim.over] for point in found} if claim.over else set()
            if found:
                wanted["sg_layers"] = fixed(
                    found[0]["dataset"], found[0]["network"], found[0]["rule"]
                )
                sides.append(wanted)
        if len(sides) < (1 if claim.right is None else 2) or (claim.over and len(values) < 2):
            continue  # the grid lacks a side, or has no trend to look at
        dataset = place.get("dataset", "")
        if claim.kind == "reaches" and dataset not in claim.margins:
            continue  # the paper says nothing of such data
        tests.append(
            ClaimTest(
                claim=claim,
                place=place,
                left=sides[0],
                right=sides[1] if claim.right is not None else None,
                values=tuple(sorted(values)),
                margin=claim.margins.get(dataset, 0.0),
            )
        )
    return tests


def _fits(point: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(name in point and point[name] == value for name, value in wanted.items())


def read_claim(table: Table) -> Claim:
    """Return the claim that a table of an exhibit's file declares; UsageError where malformed."""
    kind = table.choice("kind", KINDS)
    each = table.take_field_names("each")
    right = over = None
    if kind in ("below", "above"):
        right = table.take_table("right").take_fields()
    elif kind != "reaches":
        over = table.take_field_name("over")
    level = kind == "reaches"
    claim = Claim(
        name=table.take("name", str),
        text=table.take("text", str),
        source=table.take("source", str),
        kind=kind,
        each=each,
        where=table.take_table("where", {}).take_fields(),
        left=table.take_table("left").take_fields(),
        right=right,
        over=over,
        margins=table.take_by("level" if level else "margin", "dataset", float, optional=not level),
        factor=table.take("factor", float, 1.0),
        datasets=table.take_datasets(),
        result=table.take_result(),
    )
    if claim.margins and "dataset" not in each:
        raise table.error("level" if level else "margin", "is by dataset: `each` must have dataset")
    table.close()
    return claim
