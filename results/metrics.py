"""What a cell's result is, by what it was trained on: which fields, in what unit, which way is up.

The paper's tables are of four kinds: test error of image networks, the longest task solved, bits
per character, and of two networks that count the error of each: two results a cell. Free of torch.
"""

import functools
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..bench import datasets
from ..bench.configuration import applicable
from .record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A kind of result.

    `fields` are the record's, the first that is not null counts; `name` is what a table's caption
    says, `unit` what stands after a number, `difference` what a difference is in, `decimals` and
    `paper_decimals` how ours and the paper's numbers are printed.
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
_RESULTS = {  # the fields that only records of such data have
    "images": (
        *("test_error", "test_loss", "validation_error", "validation_loss"),
        *("train_error", "train_loss"),
    ),
    "episodes": ("longest", "progression"),
    "text": ("validation_bits", "test_bits"),
    "counting": ("error_a", "error_b"),
}
_OF_SPLIT = {  # and those of one split; the bits of the validation text choose the weights
    "test": ("test_error", "test_loss", "test_bits"),
    "validation": ("validation_error", "validation_loss"),
}
FINAL = tuple(n for of in _RESULTS.values() for n in of if n != "progression")
"""The numbers that a run ends with."""
FIELDS = tuple(itertools.chain.from_iterable(m.fields for m in MEASURES.values()))
"""Of a cell that has one result."""


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
"""The results of a cell that has several, by the record's field."""


def results_of(dataset: str) -> tuple[str | None, ...]:
    """Return the names of the results that a cell trained on `dataset` has; None for its only."""
    return tuple(RESULTS) if datasets.family(dataset) == "counting" else (None,)


def measure_of(dataset: str, result: str | None = None) -> Measure:
    """Return how the result of what was trained on `dataset` is measured."""
    return MEASURES[datasets.family(dataset)] if result is None else RESULTS[result]


def not_applying(record: Record) -> set[str]:
    """Return the fields that do not apply to the record's cell, and are null therefore.

    A result does apply to a cell that failed, and so does what a cell may be given (`corpus`).
    """
    fits = applicable(record.to_dict())
    found = {name for name, applies in fits.items() if not applies}
    family = datasets.family(record.dataset)
    found.update(*(names for of, names in _RESULTS.items() if of != family))
    found.update(*(names for split, names in _OF_SPLIT.items() if split != record.split))
    found.add("tokens_per_second" if record.T is None else "examples_per_second")
    return found | ({"error"} if record.status == "ok" else set())


def rungs(dataset: str, values: list[float]) -> list[float]:
    """Return how many levels of the curriculum of `dataset` such T_tasks are, 0 for none solved.

    A T_task between two levels is as far between their numbers. Values of other data are returned
    as they are: their margins are in their own unit.
    """
    if datasets.family(dataset) != "episodes":
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
    """What a study looks for: a number of the validation split, as every cell of a kind has it.

    Attributes:
        name: of the number.
        unit: what stands after it.
        decimals: how it is printed.
        minimize: whether less is better.
        worst: what a cell that diverged counts as.
        final: the record's fields that hold it at the end; of several, the mean.
        point: the same of a point of the curve.
        best: whether the best evaluation counts, as of texts, whose best weights are kept.
        tested: the record's fields of a cell that was trained anew, on the test split.
        tested_name: the name of that.
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
        """Return (iteration, value) of every evaluation of a curve that had one."""
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
    "episodes": Objective(  # drawn anew for every update: there is nothing to hold out
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
        worst=8.0,  # a byte, guessed
        final=("validation_bits",),
        point=("bits",),
        best=True,
        tested=("test_bits",),
        tested_name="test bits per character",
    ),
    "counting": Objective(  # A's and B's losses are learned from alike
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
    """Return what a study of cells that are trained on `dataset` looks for."""
    return _OBJECTIVES[datasets.family(dataset)]
