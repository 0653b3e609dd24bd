"""An exhibit as data: protocol, grid, scales, the paper's numbers, margins, claims, figures."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...bench import registry
from ...bench.cell import Cell
from ...bench.errors import UsageError, did_you_mean
from .claims import Claim, ClaimTest, tests_of
from .evidence import FixedModel, Intermediate, Margin, Median, Number, PaperPlace, Spread
from .space import Dimension

GATED_KINDS = ("speed", "correctness")

FIGURE_KINDS = ("curves", "sweep", "population")

NEIGHBOUR_FIELDS = ("depth", "T")

MOST_CELLS = 100_000
"""Of a scale: a product of axes is soon more than any memory holds."""

NO_PAPER = "none"
"""As the paper of an exhibit: it reruns nothing of any."""

CUSTOM = "custom"
"""The scale under which cells that were changed by --set are recorded: no exhibit's own."""


ANY = "any"
"""In the `when` of an override: whatever value the field has, if it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Protocol fields of the cells that have all the values of `when`."""

    when: Mapping[str, Any]
    protocol: Mapping[str, Any]

    def fits(self, values: Mapping[str, Any]) -> bool:
        """Tell whether these values of a cell include all those of `when`."""
        given = {field: values.get(field) for field in self.when}
        return all(
            given[field] is not None if value == ANY else given[field] == value
            for field, value in self.when.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """One size of the exhibit, with its full protocol.

    Attributes:
        name: `demo`, `quick`, `paper` or another.
        description: in one line.
        seeds: how many there are, 0 to seeds - 1.
        overrides: protocol fields for the cells of a condition, or for all of them; of several that
            give a field the last counts.
        blocks: the grid; each block is the product of its axes (field to values).
    """

    name: str
    description: str
    seeds: int
    overrides: tuple[Override, ...]
    blocks: tuple[Mapping[str, tuple[Any, ...]], ...]

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets of the grid, in its order."""
        return self.values("dataset")

    def values(self, field: str) -> tuple[Any, ...]:
        """Return the values of the axis `field`, in the grid's order; () where it is no axis."""
        found = (value for block in self.blocks for value in block.get(field, ()))
        return tuple(dict.fromkeys(found))

    def points(self) -> Iterator[dict[str, Any]]:
        """Yield the points of the grid, each a mapping of axes to values."""
        for block in self.blocks:
            for values in itertools.product(*block.values()):
                yield dict(zip(block, values, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The fields of a table's rows and columns, outermost first.

    Where a cell has several results, `result` is one of the fields.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure: `y` against `x`, a panel for each value of `panels`, a line for each of `lines`.

    Attributes:
        name: part of its files' names.
        kind: `curves` shows what was evaluated in training against iterations, steps of data,
            passes over the data, multiplications and additions, seconds or the updates of a
            decoupled layer; `sweep` shows results against a field;
            `population` shows networks as points over a field, at each of `evaluate_at` and at
            the end, with running medians.
        title: its title.
        source: where the paper has it.
        x: what is along x.
        y: what is along y.
        panels: the field that the panels differ in.
        lines: what the lines differ in: a field, or `layer` or `iteration`.
        datasets: the only ones that it shows; all where there are none.
        rules: the same of rules.
        references: rules, under the same protocol as the cells, whose results a sweep is held
            against; those that some exhibit has trained are drawn.
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
    rules: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """Cells that `sgbench gate` compares, by the options that pick them.

    Of kind `speed` a program of each shape is timed, of kind `correctness` the cells are trained.
    """

    kind: str
    scale: str
    where: tuple[str, ...]
    set: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One table or figure of the paper, or an exhibit of one's own.

    Attributes:
        name: the stem of its file.
        file: what messages call the file.
        title: its title.
        short: what a reader knows it by, where that is not the title's beginning.
        source: where the paper has it.
        paper: the paper that it reruns, where that is another than the one on synthetic gradients;
            "the paper" of all below is that one. `none` where it reruns nothing of any.
        scales: by name.
        numbers: the paper's, by (dataset, network, depth, T, rule, result).
        medians: the paper's, of populations.
        cut_off: those of the paper's medians that its axis cuts off.
        intermediate: the paper's numbers before the end of training.
        fixed: the M whose result stands in the table, by (dataset, network, rule).
        margins: by dataset.
        spreads: estimates, by (dataset, network, rule, result).
        baseline: the rule that others are held against: where the paper's number of the baseline
            is within a place's margin, the place cannot tell its rule from the baseline.
        neighbours: the field along which places have neighbours, whose spread tells more of theirs.
        readings: what the paper leaves open, by name, and how it is read here.
        unstated: fields of the protocol of the paper's scale that the paper does not state.
        claims: the paper's.
        figures: in the order of the report.
        layout: of the table; None for a plain one by the axes of the grid.
        labels: how values are written, by field and value.
        gated: what `sgbench gate` compares.
        space: what `sgbench tune` searches without `--space`.
        external: rules in the grid that the file does not name (`external.py`).
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
    external: tuple[str, ...] = ()
    cut_off: tuple[Median, ...] = ()
    intermediate: tuple[Intermediate, ...] = ()
    spreads: Mapping[tuple[str, str, str, str | None], Spread] = field(
        default_factory=dict[tuple[str, str, str, str | None], Spread]
    )
    short: str = ""
    paper: str = ""
    baseline: str | None = None
    neighbours: str | None = None
    readings: Mapping[str, str] = field(default_factory=dict[str, str])
    unstated: tuple[str, ...] = ()

    @property
    def other_paper(self) -> str:
        """The other paper that it reruns; empty where it reruns none, or the one on DNI."""
        return "" if self.paper == NO_PAPER else self.paper

    @property
    def short_title(self) -> str:
        """What a reader knows it by: `Table 1`."""
        return self.short or self.title.partition(":")[0]

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
        """Return the paper's number for a cell, None where it has none.

        `result` says which, where a cell has several (`results.metrics`). For a network of a
        population the number is the median of its bin, at the end of training.
        """
        place = (cell.dataset, cell.network, cell.depth, cell.T, cell.rule, result)
        if cell.p_update is None:
            return self.numbers.get(place)
        return next(
            (
                Number(value=m.value, grade=m.grade, reading=m.reading)
                for m in self.medians_of(cell, 1.0)
            ),
            None,
        )

    def baseline_number(self, cell: Cell, result: str | None = None) -> Number | None:
        """Return the paper's number of the baseline where it has one for the cell, of its rule."""
        if self.baseline is None or cell.rule == self.baseline or cell.p_update is not None:
            return None
        return self.numbers.get(
            (cell.dataset, cell.network, cell.depth, cell.T, self.baseline, result)
        )

    def medians_of(self, cell: Cell, at: float) -> list[Median]:
        """Return the paper's medians of the bin that a cell is in, at a fraction of training."""
        return [
            median
            for median in self.medians
            if median.at == at
            and median.has(cell.p_update)
            and all(cell.value(name) == value for name, value in median.where.items())
        ]

    def fixed_layers(self, dataset: str, network: str, rule: str) -> int | None:
        """Return sg_layers of the M that the protocol fixes there; None where it fixes none."""
        model = self.fixed.get((dataset, network, rule))
        return None if model is None else model.sg_layers

    def fills_place(self, dataset: str, network: str, rule: str, sg_layers: int | None) -> bool:
        """Tell whether such a cell has the M that the protocol fixes there, if it fixes one."""
        layers = self.fixed_layers(dataset, network, rule)
        return None in (sg_layers, layers) or sg_layers == layers

    def margin(self, dataset: str, rule: str) -> float | None:
        """Return the margin for a dataset and rule (see `Margin`); None where none is declared."""
        margin = self.margins.get(dataset)
        return None if margin is None else margin.rules.get(rule, margin.points)

    def spread(self, cell: Cell, result: str | None = None) -> Spread | None:
        """Return the estimated spread of a result over seeds; None where none is declared."""
        return self.spreads.get((cell.dataset, cell.network, cell.rule, result))

    def claim_tests(self, scale: str) -> list[ClaimTest]:
        """Return the tests that the claims make on the grid of `scale`, with the fixed M."""
        points = [p for p in self.scale(scale).points() if p["rule"] not in self.external]
        tests = (tests_of(claim, points, self.fixed_layers) for claim in self.claims)
        return list(itertools.chain.from_iterable(tests))

    def intermediate_of(self, cell: Cell) -> list[Intermediate]:
        """Return the paper's numbers before the end of training that a cell is to give."""
        if cell.p_update is not None:
            return []
        return [one for one in self.intermediate if cell.has(one.where)]

    def has_label(self, field: str, value: object) -> bool:
        """Tell whether the exhibit itself says how a value is written, or, of None, its absence."""
        return self._own_label(field, value) is not None

    def label(self, field: str, value: object) -> str:
        """Return how tables write a field's value.

        The exhibit's own label counts, that of `none` for a cell without the field, then that of
        the rule or dataset, then the value itself.
        """
        own, text = self._own_label(field, value), str(value)
        if own is not None:
            return own
        if field == "rule" and text in registry.RULES.names():
            return registry.RULES.label(text)
        if field == "dataset" and text in registry.DATASETS.names():
            return registry.DATASETS.label(text)
        return text

    def _own_label(self, field: str, value: object) -> str | None:
        text, labels = str(value), self.labels.get(field, {})
        short = "none" if value is None else f"{value:g}" if isinstance(value, float) else text
        return labels.get(short, labels.get(text))
