"""What curves can be drawn against beside iterations: what a cell's update takes of it."""

import math
from collections.abc import Iterable, Mapping

from ....bench.cell import Cell
from ....reproductions.running.timing_run import id_of
from ....results.timings import Timing
from ...analysis.costs import of_an_update

LOGARITHMIC = ("flops", "bytes")
"""What spans so much, from rule to rule, that its axis is logarithmic."""


def bytes_counted(timings: Iterable[Timing]) -> dict[str, float]:
    """Return the bytes that an update reads and writes, by the id of the timing that counted them.

    Timings of several replicas at a time are left out. On several machines the last one counts.
    """
    ordered = sorted(timings, key=lambda timing: (timing.measured, timing.machine_class))
    return {timing.id: timing.bytes for timing in ordered if timing.replicas == 1}


def per_update(cell: Cell, x: str, counted: Mapping[str, float]) -> float:
    """Return what an update of a cell takes of what is along x; 1 of what has no such measure.

    Args:
        cell: the cell.
        x: `data_steps`, steps of data; `passes` over the training examples, iterations of data
            that has none; `flops`, multiplications and additions of the products, by the shapes of
            the network; `bytes` that all operations read and write, NaN where none were counted.
        counted: as `bytes_counted` returns it.
    """
    if x == "data_steps":
        return cell.data_steps
    if x == "passes":
        return of_an_update.passes(cell)
    if x == "flops":
        return of_an_update.operations(cell)
    if x == "bytes":
        return counted.get(id_of((cell,)), math.nan)
    return 1
