"""Metrics of results, by the kind of data: record fields, units, and which direction is better.

The paper reports four metrics: test error (images), the longest task solved (episodes), bits per
character (text), and the counting errors of two networks, which are two results a cell. Free of
torch.
"""

import functools
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..bench import datasets, registry
from .record import Record

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """The metric of a result.

    Attributes:
        fields: of the record; the first that is not null is the result.
        name: for captions of tables.
        unit: printed after a number.
        difference: unit of a difference of two results.
        decimals: of our numbers, as printed.
        paper_decimals: of the paper's numbers.
    """

    fields: tuple[str, ...]
    name: str
    unit: str
    difference: str
    decimals: int
    paper_decimals: int


MEASURES = {
    "images": Measure(
        fields=("test_error", "validation_error"),
        name="error in percent",
        unit="% error",
        difference="points",
        decimals=2,
        paper_decimals=1,
    ),
    "episodes": Measure(
        fields=("longest",),
        name="longest T_task solved",
        unit="T_task solved",
        difference="steps of T_task",
        decimals=1,
        paper_decimals=0,
    ),
    "text": Measure(
        fields=("test_bits", "validation_bits"),
        name="bits per character",
        unit="bits per character",
        difference="bits",
        decimals=3,
        paper_decimals=2,
    ),
}
FIELDS_BY_KIND = {
    "images": (
        *("test_error", "test_loss", "validation_error", "validation_loss"),
        *("train_error", "train_loss"),
    ),
    "episodes": ("longest", "progression"),
    "text": ("validation_bits", "test_bits"),
    "counting": ("error_a", "error_b"),
}
_MODELS = ("train_loss", "sg_loss", "sg_cosine")  # of any training, and of any with models M
_EVALUATED = {  # fields of a curve's points that only such data have
    "images": ("error", "loss", "sg_held_cosine"),
    "episodes": ("bits", "longest", "aux_loss"),
    "text": ("bits", "aux_loss"),
    "counting": ("error_a", "error_b"),
}
QUANTITIES = {
    "updates_per_second": Measure(
        fields=("steps_per_second",),
        name="updates a second",
        unit="updates/s",
        difference="%",
        decimals=1,
        paper_decimals=1,
    ),
    "milliseconds_per_update": Measure(
        fields=("steps_per_second",),
        name="milliseconds an update",
        unit="ms an update",
        difference="%",
        decimals=2,
        paper_decimals=2,
    ),
}
"""What is measured of a run beside its result, by the name that a claim has for it."""
FINAL = tuple(n for of in FIELDS_BY_KIND.values() for n in of if n != "progression")
"""All fields that hold final results."""
RESULT_FIELDS = tuple(itertools.chain.from_iterable(m.fields for m in MEASURES.values()))
"""Fields that hold the result of a cell with one result."""


def _counted(name: str) -> Measure:
    return Measure(
        fields=(f"error_{name.lower()}",),
        name=f"{name}'s counts that are wrong, in percent",
        unit=f"% of {name}'s counts wrong",
        difference="points",
        decimals=2,
        paper_decimals=1,
    )


METRIC_BY_RESULT = {"error_a": _counted("A"), "error_b": _counted("B")}
"""The metrics of a cell with several results, by the record's field."""


def results_of(dataset: str) -> tuple[str | None, ...]:
    """Return the fields of the results of a cell trained on `dataset`; None for a single result."""
    return tuple(METRIC_BY_RESULT) if datasets.kind(dataset) == "counting" else (None,)


def measure_of(dataset: str, result: str | None = None) -> Measure:
    """Return the metric of a cell trained on `dataset`; `result` names one of several."""
    return MEASURES[datasets.kind(dataset)] if result is None else METRIC_BY_RESULT[result]


def quantities(name: str, updates_per_second: "pd.Series[float]") -> "pd.Series[float]":
    """Return the values of one of QUANTITIES, from runs' updates a second."""
    if name == "updates_per_second":
        return updates_per_second
    return 1000 / updates_per_second


def evaluated(dataset: str) -> tuple[str, ...]:
    """Return what can be evaluated while a cell trains on `dataset`: fields of a curve's points."""
    return (*_EVALUATED[datasets.kind(dataset)], *_MODELS)


def measures_of(record: Record) -> list[Measure]:
    """Return the metrics of a record's results, also where its dataset is not registered."""
    if record.dataset in datasets.names():
        return [measure_of(record.dataset, result) for result in results_of(record.dataset)]
    every = (*MEASURES.values(), *METRIC_BY_RESULT.values())
    return [m for m in every if any(getattr(record, name) is not None for name in m.fields)]


def grain(dataset: str) -> float:
    """Return the width of the interval that a result of `dataset` stands for, as `rungs` has it.

    An error in percent moves by one test image, a number of levels by one; 0 where results are as
    good as continuous.
    """
    kind = datasets.kind(dataset)
    if kind == "images":
        return 100 / registry.DATASETS.declared(dataset).need("examples")[1]
    return 1.0 if kind == "episodes" else 0.0


def grain_at(dataset: str, value: float) -> float:
    """Return the grain of a result about a value, in the result's own unit.

    Of a T_task it is the distance from halfway to the level below to halfway to that above.
    """
    if datasets.kind(dataset) != "episodes":
        return grain(dataset)
    (level,) = rungs(dataset, [value])
    low, high = lengths(dataset, [level - 0.5, level + 0.5])
    return high - low


def rungs(dataset: str, values: list[float]) -> list[float]:
    """Return values of T_task as numbers of levels of the curriculum of `dataset`; 0: none solved.

    A T_task between two levels is interpolated linearly. Values of data without a curriculum are
    returned unchanged: their margins are in their own unit.
    """
    if datasets.kind(dataset) != "episodes":
        return values
    import numpy as np

    ladder = _ladder(dataset)
    return [float(value) for value in np.interp(values, ladder, range(len(ladder)))]


def lengths(dataset: str, values: list[float]) -> list[float]:
    """Return numbers of levels as values of T_task: what `rungs` makes of them are the numbers."""
    if datasets.kind(dataset) != "episodes":
        return values
    import numpy as np

    ladder = _ladder(dataset)
    return [float(value) for value in np.interp(values, range(len(ladder)), ladder)]


@functools.cache
def _ladder(dataset: str) -> tuple[float, ...]:
    task = datasets.load(dataset)
    assert isinstance(task, datasets.Episodes)
    return (0.0, *(float(level.length) for level in task.levels))
