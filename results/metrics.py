"""Metrics of results, by the kind of data: record fields, units, and which direction is better.

The paper reports four metrics: test error (images), the longest task solved (episodes), bits per
character (text), and the counting errors of two networks, which are two results a cell. Free of
torch.
"""

import functools
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..bench import datasets, registry
from ..bench.configuration import applicable
from .record import Record, describe


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
_RESULTS = {  # fields that only records of such data have
    "images": (
        *("test_error", "test_loss", "validation_error", "validation_loss"),
        *("train_error", "train_loss"),
    ),
    "episodes": ("longest", "progression"),
    "text": ("validation_bits", "test_bits"),
    "counting": ("error_a", "error_b"),
}
_OF_SPLIT = {  # fields of one split; validation bits, which choose the weights, are on both
    "test": ("test_error", "test_loss", "test_bits"),
    "validation": ("validation_error", "validation_loss"),
}
_MODELS = ("train_loss", "sg_loss", "sg_cosine")  # of any training, and of any with models M
_EVALUATED = {  # fields of a curve's points that only such data have
    "images": ("error", "loss"),
    "episodes": ("bits", "longest", "aux_loss"),
    "text": ("bits", "aux_loss"),
    "counting": ("error_a", "error_b"),
}
FINAL = tuple(n for of in _RESULTS.values() for n in of if n != "progression")
"""All fields that hold final results."""
FIELDS = tuple(itertools.chain.from_iterable(m.fields for m in MEASURES.values()))
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


RESULTS = {"error_a": _counted("A"), "error_b": _counted("B")}
"""The metrics of a cell with several results, by the record's field."""


def results_of(dataset: str) -> tuple[str | None, ...]:
    """Return the fields of the results of a cell trained on `dataset`; None for a single result."""
    return tuple(RESULTS) if datasets.kind(dataset) == "counting" else (None,)


def measure_of(dataset: str, result: str | None = None) -> Measure:
    """Return the metric of a cell trained on `dataset`; `result` names one of several."""
    return MEASURES[datasets.kind(dataset)] if result is None else RESULTS[result]


def evaluated(dataset: str) -> tuple[str, ...]:
    """Return what can be evaluated while a cell trains on `dataset`: fields of a curve's points."""
    return (*_EVALUATED[datasets.kind(dataset)], *_MODELS)


def measures_of(record: Record) -> list[Measure]:
    """Return the metrics of a record's results, also where its data set is not registered."""
    if record.dataset in datasets.names():
        return [measure_of(record.dataset, result) for result in results_of(record.dataset)]
    every = (*MEASURES.values(), *RESULTS.values())
    return [m for m in every if any(getattr(record, name) is not None for name in m.fields)]


def not_applying(record: Record) -> set[str]:
    """Return the fields that are null because they do not apply to the record's cell.

    A result applies to a cell that failed, too. Where the record's rule or data set is not
    registered, all fields that are null are returned.
    """
    if not record.known:
        return {name for name, value, *_ in describe(record) if value is None or value == []}
    fits = applicable(record.configuration)
    found = {name for name, applies in fits.items() if not applies}
    kind = datasets.kind(record.dataset)
    found.update(*(names for of, names in _RESULTS.items() if of != kind))
    found.update(*(names for split, names in _OF_SPLIT.items() if split != record.split))
    found.add("tokens_per_second" if record.T is None else "examples_per_second")
    return found | ({"error"} if record.status == "ok" else set())


def grain(dataset: str) -> float:
    """Return the width of the interval that a result of `dataset` stands for, as `rungs` has it.

    An error in percent moves by one test image, a number of levels by one; 0 where results are as
    good as continuous.
    """
    kind = datasets.kind(dataset)
    if kind == "images":
        return 100 / registry.DATASETS.declared(dataset).need("examples")[1]
    return 1.0 if kind == "episodes" else 0.0


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


@functools.cache
def _ladder(dataset: str) -> tuple[float, ...]:
    task = datasets.load(dataset)
    assert isinstance(task, datasets.Episodes)
    return (0.0, *(float(level.length) for level in task.levels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """The objective of a study: a number on the validation split that every cell has.

    Attributes:
        name: for tables and axes.
        unit: printed after a number.
        decimals: as printed.
        minimize: whether less is better.
        worst: the value of a cell that diverged.
        final: the record's fields that hold it at the end; the mean of several.
        point: the same fields of a point of the curve.
        best: whether the best evaluation so far counts, as for texts, whose best weights are kept.
        tested: the record's fields of the result on the test split.
        tested_name: the name of that result.
    """

    name: str
    unit: str
    decimals: int
    minimize: bool = True
    worst: float
    final: tuple[str, ...]
    point: tuple[str, ...]
    best: bool = False
    tested: tuple[str, ...]
    tested_name: str

    def better(self, one: float, other: float) -> bool:
        """Tell whether `one` is better than `other`."""
        return one < other if self.minimize else one > other

    def of(self, record: Record) -> float | None:
        """Return a record's result on the validation split, None where it has none."""
        return _mean(getattr(record, name) for name in self.final)

    def tested_of(self, record: Record) -> float | None:
        """Return a record's result on the test split, None where it has none."""
        return _mean(getattr(record, name) for name in self.tested)

    def seen(self, curve: Iterable[Mapping[str, Any]]) -> list[tuple[int, float]]:
        """Return (iteration, value) of every evaluation of a curve that has a value."""
        found: list[tuple[int, float]] = []
        for point in curve:
            value = _mean(point[name] for name in self.point)
            if value is not None and self.best and found and self.better(found[-1][1], value):
                value = found[-1][1]
            if value is not None:
                found.append((point["iteration"], value))
        return found


def _mean(values: Iterable[float | None]) -> float | None:
    found = list(values)
    numbers = [float(value) for value in found if value is not None]
    return sum(numbers) / len(numbers) if len(numbers) == len(found) else None


_OBJECTIVES = {
    "images": Objective(
        name="validation error",
        unit="%",
        decimals=2,
        worst=100.0,
        final=("validation_error",),
        point=("error",),
        tested=("test_error",),
        tested_name="test error",
    ),
    "episodes": Objective(  # every update draws new episodes, so nothing is held out
        name="longest T_task solved",
        unit="T_task",
        decimals=1,
        minimize=False,
        worst=0.0,
        final=("longest",),
        point=("longest",),
        tested=("longest",),
        tested_name="longest T_task solved",
    ),
    "text": Objective(
        name="validation bits per character",
        unit="bits per character",
        decimals=3,
        worst=8.0,  # a uniform guess of a byte
        final=("validation_bits",),
        point=("bits",),
        best=True,
        tested=("test_bits",),
        tested_name="test bits per character",
    ),
    "counting": Objective(  # the losses of A and B have the same weight
        name="counts wrong on the validation split, mean of A and B",
        unit="%",
        decimals=2,
        worst=100.0,
        final=("error_a", "error_b"),
        point=("error_a", "error_b"),
        tested=("error_a", "error_b"),
        tested_name="counts wrong on the test split, mean of A and B",
    ),
}


def objective_of(dataset: str) -> Objective:
    """Return the objective of a study of cells trained on `dataset`."""
    return _OBJECTIVES[datasets.kind(dataset)]
