"""What the paper says of results, as data: numbers, medians, models; and our margins for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...bench.cell import Cell
from ...results.statistics.place_verdict import Side

GRADES = ("T", "F", "A", "P", "R", "O")
"""Of evidence: the paper's Table; a digitised Figure; its Authors' own code, or a table published
with it; Public re-implementations; Recalled; Ours."""

SIDES: tuple[Side, ...] = ("at", "above", "below")
UNITS = ("iteration", "data_steps")
"""Of when an intermediate number was read: updates, or steps of data, as the x of figures."""

PaperPlace = tuple[str, str, int | None, int | None, str, str | None]
"""Dataset, network, depth, T, rule and result: what the paper has a number for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of the paper, in the unit of its table, with its grade of evidence.

    Attributes:
        value: the number.
        grade: of the evidence.
        rounding: half a unit of its last printed decimal.
        reading: the error of reading it off a figure, where that is how it is known.
        deviation: the standard deviation over runs, where the paper prints mean ± deviation.
        runs: the number of runs that these are of, where it says.
    """

    value: float
    grade: str
    rounding: float = 0.0
    reading: float = 0.0
    deviation: float | None = None
    runs: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intermediate:
    """A number of the paper before the end of training, read off one of its curves.

    The first part of a schedule is enough for it. Its error of reading is its margin.

    Attributes:
        where: fields of its cells: dataset, network, depth or T, and rule.
        result: which of a cell's several results it is of; None where there is one.
        unit: what `at` counts, one of UNITS.
        at: when it was read.
        number: the number, with its grade and its error of reading.
        side: whether the paper's curve is `at` the number, or somewhere `above` or `below` it.
    """

    where: Mapping[str, Any]
    result: str | None
    unit: str
    at: int
    number: Number
    side: Side = "at"

    def iteration(self, cell: Cell) -> float:
        """Return the updates that a cell at the paper's own scale has done by then."""
        return self.at / (cell.data_steps if self.unit == "data_steps" else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Median:
    """The paper's median over part of a population: the networks in one bin of p_update.

    Attributes:
        where: fields of its cells.
        above: p_update is above this.
        up_to: the largest p_update.
        at: the fraction of the iterations at which the errors were read.
        value: the median error in percent.
        grade: of the evidence.
        reading: the error of reading it off the figure, in points.
        networks: of the paper's in the bin.
        censored: whether the paper's axis cuts it off: it lies above `value`.
    """

    where: Mapping[str, Any]
    above: float
    up_to: float
    at: float
    value: float
    grade: str
    reading: float = 0.0
    networks: int = 1
    censored: bool = False

    def has(self, p_update: float | None) -> bool:
        """Tell whether networks of that p_update are in the bin; without one they are in none."""
        return p_update is not None and self.above < p_update <= self.up_to


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedModel:
    """The hidden layers of the M whose result stands in the table, with the grade of evidence."""

    sg_layers: int
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How near to the paper's number a result must be to reproduce it; `rules` has exceptions.

    In percentage points, levels of a curriculum or bits, by the unit of the dataset's results.
    """

    points: float
    rules: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The standard deviation of a result over seeds, estimated before the run, for planning.

    In percentage points, levels of a curriculum or bits; `source` says what it was estimated from.
    """

    deviation: float
    source: str
