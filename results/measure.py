"""What a cell's result is, by what it was trained on: which field, in what unit, which way is up.

The paper's tables are of four kinds: test error of image networks, the longest task solved, bits
per character, and of two networks that count the error of each: two results a cell. Free of torch.
"""

import functools
import itertools
from dataclasses import dataclass

from ..bench import datasets


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
