"""The objective of a study, by the kind of data. Free of torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..bench import datasets
from .record import Record


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

    def validation_result(self, record: Record) -> float | None:
        """Return a record's result on the validation split, None where it has none."""
        return _mean(getattr(record, name) for name in self.final)

    def test_result(self, record: Record) -> float | None:
        """Return a record's result on the test split, None where it has none."""
        return _mean(getattr(record, name) for name in self.tested)

    def seen(
        self, curve: Iterable[Mapping[str, Any]], *, best: bool = False
    ) -> list[tuple[int, float]]:
        """Return (iteration, value) of every evaluation of a curve that has a value.

        With `best` the best evaluation so far counts, whatever the data.
        """
        best = best or self.best
        found: list[tuple[int, float]] = []
        for point in curve:
            value = _mean(point[name] for name in self.point)
            if value is not None and best and found and self.better(found[-1][1], value):
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
