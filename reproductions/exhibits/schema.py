"""An exhibit as data: protocol, grid, scales, the paper's numbers, margins, claims, figures."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...bench.cell import Cell
from ...bench.errors import UsageError, did_you_mean
from ..tuning.space import Dimension
from .claims import Claim, ClaimTest, tests_of

GRADES = ("T", "F", "P", "R", "O")
"""Table; digitised Figure; Public re-implementations; Recalled; Ours (the paper does not say)."""

PaperPlace = tuple[str, str, int | None, int | None, str, str | None]
"""Dataset, network, depth, T, rule and result: what the paper has a number for."""

GATED_KINDS = ("speed", "correctness")

FIGURE_KINDS = ("curves", "sweep", "population")

MOST_CELLS = 100_000
"""Of a scale: a product of axes is soon more than any memory holds."""

CUSTOM = "custom"
"""The scale under which cells that were changed by --set are recorded: no exhibit's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Protocol fields of the cells that have all the values of `when`."""

    when: Mapping[str, Any]
    protocol: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """One size of the exhibit, with its full protocol.

    `layers` are looked up in order, later wins; `blocks` are products of axes (field to values);
    `seeds` is the number of seeds, 0 to seeds - 1.
    """

    name: str
    description: str
    seeds: int
    layers: tuple[Override, ...]
    blocks: tuple[Mapping[str, tuple[Any, ...]], ...]

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets that the grid needs, in its order."""
        return self.values("dataset")

    def values(self, field: str) -> tuple[Any, ...]:
        """Return the values that the grid gives to `field`, in its order; () if it is no axis."""
        found = (value for block in self.blocks for value in block.get(field, ()))
        return tuple(dict.fromkeys(found))

    def points(self) -> Iterator[dict[str, Any]]:
        """Yield the grid: field to value, for the axes alone."""
        for block in self.blocks:
            for values in itertools.product(*block.values()):
                yield dict(zip(block, values, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of the paper, in the unit of its table, with its grade of evidence."""

    value: float
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """The paper's median over a population: the networks of one bin of p_update.

    `where` holds the fields of its cells; the bin is `above` < p_update <= `up_to`, `at` the
    fraction of the iterations at which the error was read, `value` in percent.
    """

    where: Mapping[str, Any]
    above: float
    up_to: float
    at: float
    value: float
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedModel:
    """The hidden layers of the M that fills a place, with the grade of evidence."""

    sg_layers: int
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How near to the paper's number is "reproduced"; `rules` are the exceptions.

    In points of percent, rungs of a curriculum or bits, as the dataset is measured.
    """

    points: float
    rules: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The fields that a table's rows and columns are of, outermost first.

    `result` is one where a cell has several results.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure: `y` against `x`, a panel for each value of `panels`, a line for each of `lines`.

    `curves` shows what was evaluated in training (x: iteration, data_steps, seconds, or updates of
    a decoupled layer), `sweep` results by a field, `population` networks as points over p_update,
    at each of `evaluate_at` and at the end, with running medians.

    `datasets` are the only ones it is of, all where there are none.
    """

    name: str
    kind: str
    title: str
    source: str
    x: str
    y: str
    panels: str
    lines: str
    datasets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """Cells that `sgbench gate` compares, by the options that pick them.

    `kind` is `speed` (a program of each shape is timed) or `correctness` (they are trained).
    """

    kind: str
    scale: str
    where: tuple[str, ...]
    set: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One table or figure of the paper, or a sweep of ours (then without numbers and claims).

    `numbers` are by (dataset, network, depth, T, rule, result), `fixed` by (dataset, network,
    rule), `margins` by dataset, `labels` by field and value; `space` is what a study searches
    unless it is told.
    """

    name: str
    file: str
    title: str
    source: str
    scales: Mapping[str, Scale]
    numbers: Mapping[PaperPlace, Number]
    medians: tuple[Median, ...]
    fixed: Mapping[tuple[str, str, str], FixedModel]
    margins: Mapping[str, Margin]
    claims: tuple[Claim, ...]
    figures: tuple[Figure, ...]
    layout: Layout | None
    labels: Mapping[str, Mapping[str, str]]
    gated: tuple[Gated, ...]
    space: tuple[Dimension, ...] = ()

    def scale(self, name: str) -> Scale:
        """Return the scale `name`; UsageError with the nearest name otherwise."""
        if name == CUSTOM and CUSTOM not in self.scales:
            raise UsageError(
                f"--scale {CUSTOM}: no cell of {self.name} that --set changed is stored; run it by"
                " --set with the scale that it changes"
            )
        if name not in self.scales:
            tail = did_you_mean(name, self.scales)
            raise UsageError(f"unknown scale {name!r} of {self.name}{tail}")
        return self.scales[name]

    def number(self, cell: Cell, result: str | None = None) -> Number | None:
        """Return the paper's number for the place of a cell, None where it has none.

        `result` says for which, where a cell has several (`results.metrics`). For a network of a
        population the number is the median of its bin, at the end.
        """
        place = (cell.dataset, cell.network, cell.depth, cell.T, cell.rule, result)
        if cell.p_update is None:
            return self.numbers.get(place)
        return next(
            (Number(value=m.value, grade=m.grade) for m in self.medians_of(cell, 1.0)), None
        )

    def medians_of(self, cell: Cell, at: float) -> list[Median]:
        """Return the paper's median for the bin of a cell's p_update, at a fraction of training."""
        return [
            median
            for median in self.medians
            if median.at == at
            and median.above < (cell.p_update or 0) <= median.up_to
            and all(cell.value(name) == value for name, value in median.where.items())
        ]

    def fixed_layers(self, dataset: str, network: str, rule: str) -> int | None:
        """Return sg_layers of the M that the protocol fixes there, None for a rule without M."""
        model = self.fixed.get((dataset, network, rule))
        return None if model is None else model.sg_layers

    def fills_place(self, cell: Cell) -> bool:
        """Tell whether a cell has the M that the protocol fixes for its place, if it has one."""
        layers = self.fixed_layers(cell.dataset, cell.network, cell.rule)
        return None in (cell.sg_layers, layers) or cell.sg_layers == layers

    def margin(self, dataset: str, rule: str) -> float | None:
        """Return the margin of a place (see `Margin`), None where none is declared."""
        margin = self.margins.get(dataset)
        return None if margin is None else margin.rules.get(rule, margin.points)

    def claim_tests(self, scale: str) -> list[ClaimTest]:
        """Return the tests that the claims make on the grid of `scale`, with the fixed M."""
        points = list(self.scale(scale).points())
        tests = (tests_of(claim, points, self.fixed_layers) for claim in self.claims)
        return list(itertools.chain.from_iterable(tests))

    def label(self, field: str, value: object) -> str:
        """Return how the paper writes a field's value; the value itself where it says nothing."""
        return self.labels.get(field, {}).get(str(value), str(value))
