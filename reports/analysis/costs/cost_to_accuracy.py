"""Cost to accuracy: the updates, seconds and operations of training until an error is reached.

The targets are multiples of the error that the baseline of the same sizes and schedule, not cut
into stages, ends with; where validation errors decide when training ends, of its lowest one.
Where one was reached is read from the curves of the records, so it is as fine as their evaluations.
Seconds are those of the training itself, which other work on the machine may have slowed, and those
that as many updates take by the timings, which have counted operations and bytes of an update, too.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ....bench import registry
from ....bench.cell import Cell
from ....reproductions.running.timing_run import id_of
from ....results.record import Record
from ....results.timings import SAME_SIZES, Timing
from ..naming import cell_names
from .speeds import is_baseline

TARGETS = {"error": (2.0, 1.2), "bits": (1.1, 1.02)}
"""Factors of what the baseline ends with, by the curve's quantity: percent, or bits a character."""
_QUANTITIES = {"images": "error", "text": "bits"}  # of the kinds of data, in a curve's points
Curve = list[tuple[float, float, float]]
"""Of a seed: updates, seconds of training, error or bits."""
_SCHEDULE = ("iterations", "drops", "drop_factor", "split", "patience")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How long a configuration takes to one target, medians over seeds.

    Attributes:
        name: a short name for the configuration.
        cell: the configuration, as its cell of seed 0.
        factor: of what the baseline ends with.
        first: whether it is the nearer of the two targets.
        target: the error in percent, or bits a character.
        seeds: the number of seeds.
        iterations: until there, None where fewer than half of the seeds got there.
        seconds: the same, as they were trained.
        timed: the same, by the timing of the program; None where there is none.
        flops: multiplications and additions of products until there, as the timing counted them.
        bytes: that all operations read and write until there, likewise.
    """

    name: str
    cell: Cell
    factor: float
    first: bool
    target: float
    seeds: int
    iterations: float | None
    seconds: float | None
    timed: float | None
    flops: float | None
    bytes: float | None


def reached(records: Iterable[Record], timings: Sequence[Timing]) -> list[Reached]:
    """Return each configuration's times to its targets, of those that have a baseline."""
    records_of: dict[str, dict[int, Record]] = defaultdict(dict)
    cells: dict[str, Cell] = {}
    for record in sorted(records, key=lambda r: (r.key, r.machine_class)):
        if not record.known or record.status != "ok" or not record.curve:
            continue
        cell = record.cell.with_seed(0)
        if quantity(cell) is not None:
            cells[cell.key] = cell
            records_of[cell.key].setdefault(record.seed, record)
    ends: dict[tuple[Any, ...], float] = {}
    for key, some in records_of.items():
        cell = cells[key]
        if is_baseline(cell) and cell.stages is None:
            curves = [_points(cell, record) for record in some.values()]
            last = [min(p[2] for p in c) if cell.patience else c[-1][2] for c in curves]
            ends[_sizes(cell)] = statistics.median(last)
    kept = sorted(
        (k for k in records_of if _sizes(cells[k]) in ends), key=lambda k: _order(cells[k])
    )
    speeds = {timing.id: timing for timing in timings if timing.replicas == 1}
    names = cell_names([cells[key] for key in kept], seeds=False)
    found: list[Reached] = []
    for name, key in zip(names, kept, strict=True):
        cell = cells[key]
        end, timing = ends[_sizes(cell)], speeds.get(id_of((cell,)))
        curves = [_points(cell, record) for record in records_of[key].values()]
        factors = TARGETS[quantity(cell) or ""]
        for factor in factors:
            iterations, seconds = _first(curves, factor * end)
            there = math.isfinite(iterations)
            counted = timing if there else None
            found.append(
                Reached(
                    name=name,
                    cell=cell,
                    factor=factor,
                    first=factor == max(factors),
                    target=factor * end,
                    seeds=len(curves),
                    iterations=iterations if there else None,
                    seconds=seconds if there else None,
                    timed=counted and iterations * counted.median_of("step").median,
                    flops=counted and iterations * counted.flops,
                    bytes=counted and iterations * counted.bytes,
                )
            )
    return found


def quantity(cell: Cell) -> str | None:
    """Return what of its curve tells how good a cell is: error or bits; None of a curriculum."""
    return _QUANTITIES.get(registry.DATASETS.declared(cell.dataset).kind)


def _points(cell: Cell, record: Record) -> Curve:
    """Return a record's curve; what overflowed is infinite."""
    name = quantity(cell) or ""
    points = [(p["iteration"], p["seconds"], p[name]) for p in record.curve]
    return [(i, s, math.inf if value is None else value) for i, s, value in points]


def _first(curves: Sequence[Curve], target: float) -> tuple[float, float]:
    """Return the updates and seconds to the first point not above `target`, medians over curves."""
    nowhere = math.inf, math.inf
    found = [
        next(((i, s) for i, s, value in curve if value <= target), nowhere) for curve in curves
    ]
    iterations, seconds = (statistics.median_high(some) for some in zip(*found, strict=True))
    return iterations, seconds


def _sizes(cell: Cell) -> tuple[Any, ...]:
    return tuple(cell.value(name) for name in (*SAME_SIZES, *_SCHEDULE))


def _order(cell: Cell) -> tuple[Any, ...]:
    sizes = (cell.dataset, cell.network, cell.depth or 0, cell.T or 0, cell.rule)
    return (*sizes, cell.sg_layers or 0, cell.decoupled or "", cell.p_update or 0, cell.key)
