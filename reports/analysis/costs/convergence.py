"""How long cells train that stop when their validation error has not fallen for a while."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ....bench.cell import Cell
from ....reproductions.exhibits.epochs import training_examples
from ..selection.select import Selection
from .of_an_update import operations, passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """How long the seeds of a configuration trained. Passes are over the training examples.

    Attributes:
        cell: the configuration, as its cell of seed 0.
        lowest: passes until the lowest validation error, the first of equals; a number per seed.
        trained: passes until the end of training; a number per seed.
        limited: how many seeds ended at the limit of the schedule, and may not have converged.
        operations: multiplications and additions of products until the lowest validation error, by
            the shapes of the network; the mean over seeds.
    """

    cell: Cell
    lowest: tuple[float, ...]
    trained: tuple[float, ...]
    limited: int
    operations: float


def convergences(selection: Selection) -> list[Convergence]:
    """Return those of the cells with images, `patience` and a whole run, in the grid's order."""
    found: list[Convergence] = []
    for n, cell in enumerate(selection.cells):
        if not cell.patience or training_examples(cell.to_dict()) is None:
            continue
        mine = selection.frame[selection.frame["configuration"] == n]
        mine = mine[(mine["status"] == "ok") & selection.declared(mine)]
        curves: list[Sequence[Any]] = [curve for curve in mine["curve"] if curve]
        if curves:
            found.append(_of(cell, curves))
    return found


def _of(cell: Cell, curves: Sequence[Sequence[Any]]) -> Convergence:
    lowest = [min(curve, key=_error)["iteration"] for curve in curves]
    ends = [curve[-1]["iteration"] for curve in curves]
    return Convergence(
        cell=cell,
        lowest=tuple(iteration * passes(cell) for iteration in lowest),
        trained=tuple(iteration * passes(cell) for iteration in ends),
        limited=sum(end == cell.iterations for end in ends),
        operations=statistics.fmean(lowest) * operations(cell),
    )


def _error(point: Any) -> float:
    """Return a point's error, infinite where it overflowed."""
    return math.inf if point["error"] is None else point["error"]
