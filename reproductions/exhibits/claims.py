"""The paper's claims as data, and the tests that they make on the grid of a scale.

A claim says what is compared; `tests_of` makes a test for every combination of its `each` fields
that the grid has. The statistics are in `results.statistics.two_samples`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...results.metrics import QUANTITIES, Measure, measure_of
from .strict_toml import Table

KINDS = ("below", "above", "grows", "does_not_grow", "reaches", "within")
SLOPES = ("grows", "does_not_grow")
PAIRINGS = ("paired", "unpaired")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An ordering that the paper's numbers have, or a level that they reach.

    Attributes:
        name: what it is called.
        text: the claim in words.
        source: where the paper makes it.
        kind: `below` (the mean of left - factor * right is below the margin), `above` (it is above
            the margin), `grows` (the slope of left's error over the field `over`, per step, is
            above the margin), `does_not_grow` (that slope is below the margin), `reaches` (the
            mean of left is below the level) or `within` (left is factor * right, or its slope over
            the field `over` is factor, to within the margin in percent).
        each: fields; there is a test for every combination of their values in the grid.
        where: fields that all compared cells have.
        left: fields of what is compared.
        right: fields of what it is compared with; None where that is a slope or a level.
        over: the field along which the slope is taken; of `below` and `above`, the field over whose
            values the difference is averaged.
        margins: by dataset, the margin in the unit of its results (points, steps of T_task, bits),
            0 where absent; or the level, nothing being tested where absent.
        factor: what right is multiplied by.
        datasets: the only ones that it is about; all where there are none.
        result: which result is compared, where a cell has several.
        pairing: how left and right are compared: seed by seed, or as two samples. It is fixed
            before the run: paired where results are expected to correlate over seeds by more than
            a half, an estimate from few seeds being rough.
        correlation: the estimate of that correlation, for planning.
        quantity: what is compared in place of a result, of `results.metrics.QUANTITIES`.
        every_scale: whether it is of the cells of whichever scale, so that it is judged at each,
            for that scale's schedule; for exhibits that no paper has a protocol of.
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
    pairing: str = "paired"
    correlation: float = 0.0
    quantity: str | None = None
    every_scale: bool = False

    @property
    def is_slope(self) -> bool:
        """Whether the slope along `over` is compared."""
        return self.kind in SLOPES or (self.kind == "within" and self.right is None)

    def measure(self, dataset: str) -> Measure:
        """Return the metric of what is compared, of cells trained on `dataset`."""
        if self.quantity is not None:
            return QUANTITIES[self.quantity]
        return measure_of(dataset, self.result)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTest:
    """A claim at one place of the grid: which cells are compared.

    Attributes:
        claim: the claim.
        place: the values of the claim's `each` fields.
        left: fields that select the cells on the left (None: the field does not apply).
        right: the same on the right; None where there is none.
        values: those of the field `over`, ascending.
        margin: the margin, or the level of a claim that one is reached.
    """

    claim: Claim
    place: Mapping[str, Any]
    left: Mapping[str, Any]
    right: Mapping[str, Any] | None
    values: tuple[Any, ...]
    margin: float

    @property
    def is_order(self) -> bool:
        """Whether it says only which side is larger: no margin, no factor, no slope, no level."""
        return self.right is not None and self.claim.factor == 1 and self.margin == 0

    def sides(self) -> list[list[dict[str, Any]]]:
        """Return the fields of each cell that is compared, seed apart: by side, along `over`."""
        sides = [dict(side) for side in (self.left, self.right) if side is not None]
        over = self.claim.over
        if over is None:
            return [[side] for side in sides]
        return [[{**side, over: value} for value in self.values] for side in sides]


def tests_of(
    claim: Claim,
    points: Iterable[Mapping[str, Any]],
    fixed: Callable[[str, str, str], int | None],
) -> list[ClaimTest]:
    """Return the tests of `claim` on a grid, in the grid's order.

    Args:
        claim: the claim.
        points: the grid's points, each a mapping of axes to values.
        fixed: takes dataset, network and rule, returns sg_layers of the M that the protocol fixes.
    """
    grid = [
        point
        for point in points
        if _fits(point, claim.where) and point["dataset"] in (claim.datasets or (point["dataset"],))
    ]
    places: list[dict[str, Any]] = []
    each = [name for name in claim.each if any(name in point for point in grid)]
    for point in grid:
        place = {name: point.get(name) for name in each}  # None: the field does not apply
        if place not in places:
            places.append(place)
    tests: list[ClaimTest] = []
    for place in places:
        sides: list[dict[str, Any]] = []
        along: list[set[Any]] = []
        for side in (claim.left, claim.right):
            if side is None:
                continue
            wanted = {**claim.where, **place, **side}
            found = [point for point in grid if _fits(point, wanted)]
            along.append({point[claim.over] for point in found} if claim.over else set())
            if found:
                names = (found[0][name] for name in ("dataset", "network", "rule"))
                wanted.setdefault("sg_layers", fixed(*names))
                sides.append(wanted)
        values = set[Any]().union(*along[:1]).intersection(*along)
        if len(sides) < (1 if claim.right is None else 2) or (claim.over and len(values) < 2):
            continue  # the grid lacks a side, or has one value where two are needed
        dataset = place.get("dataset", "")
        if claim.kind == "reaches" and dataset not in claim.margins:
            continue  # the claim is about other datasets
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
    return all(point.get(name) == value for name, value in wanted.items())


def read_claim(table: Table) -> Claim:
    """Return the claim in a table of an exhibit's file; UsageError where it is malformed."""
    kind = table.choice("kind", KINDS)
    each = table.take_field_names("each")
    right = over = None
    within = kind == "within"
    if kind in ("below", "above") or (within and "right" in table.remaining()):
        right = table.take_table("right").take_fields(absent=True)
    if (
        kind in SLOPES
        or (within and right is None)
        or (right is not None and "over" in table.remaining())
    ):
        over = table.take_field_name("over")
    level = kind == "reaches"
    quantity = (
        table.choice("quantity", tuple(QUANTITIES)) if "quantity" in table.remaining() else None
    )
    claim = Claim(
        name=table.take("name", str),
        text=table.take("text", str),
        source=table.take("source", str),
        kind=kind,
        each=each,
        where=table.take_table("where", {}).take_fields(absent=True),
        left=table.take_table("left").take_fields(absent=True),
        right=right,
        over=over,
        margins=table.take_by("level" if level else "margin", "dataset", float, optional=not level),
        factor=table.take("factor", float, 1.0),
        datasets=table.take_datasets(),
        result=table.take_result(),
        pairing=table.choice("pairing", PAIRINGS) if "pairing" in table.remaining() else "paired",
        correlation=table.take("correlation", float, 0.0),
        quantity=quantity,
        every_scale=quantity is not None or table.take_flag("every_scale"),
    )
    if (quantity is None) == (kind == "within"):
        words = "names what is measured; within is of that alone, and that of within alone"
        raise table.error("quantity", words)
    if kind == "within" and (claim.pairing != "paired" or claim.factor <= 0):
        raise table.error("kind", "within is of pairs, whose factor is above 0")
    if right is None and claim.pairing != "paired":
        raise table.error("pairing", "is of two sides: leave it out")
    if not -1 <= claim.correlation <= 1:
        raise table.error("correlation", "must be between -1 and 1")
    if claim.margins and "dataset" not in each:
        raise table.error("level" if level else "margin", "is by dataset: `each` must have dataset")
    table.close()
    return claim
