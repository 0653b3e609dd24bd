"""Cost to accuracy: how long training takes until an error is reached.

The error to be reached is one that backprop, of the same sizes and schedule, ends with, and some
more; where it was reached is read from the curves of the records, so it is as fine as their
evaluations are. Seconds are those of the training itself, which others may have disturbed, and
those that as many updates take by the timings.
"""

import dataclasses
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...bench.cell import Cell
from ...reproductions.running.timing_run import id_of
from ...results.record import Record
from ...results.timings import SAME_SIZES, Timing
from ..console.terminal import cell_names
from ..tables.table import Entry, Grid, entry
from .speeds import BASELINES, number

TARGETS = {"error": (2.0, 1.2), "bits": (1.1, 1.02)}
"""Factors of what the baseline ends with, by the curve's quantity: percent, or bits a character."""
Curve = list[tuple[float, float, float]]
"""Of a seed: updates, seconds of training, error or bits."""
_SCHEDULE = ("iterations", "drops", "drop_factor", "split")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How long the cells of a place take to one target, medians over seeds."""

    name: str
    cell: Cell
    factor: float
    first: bool
    """Whether it is the nearer of the two targets."""
    target: float
    seeds: int
    iterations: float | None
    """None where fewer than half of the seeds got there."""
    seconds: float | None
    """As they were trained."""
    timed: float | None
    """By the timing of the program; None where there is none."""


def reached(records: Iterable[Record], timings: Sequence[Timing]) -> list[Reached]:
    """Return every place's times to its targets, of what has a baseline; one record a cell."""
    places: dict[str, dict[int, Record]] = defaultdict(dict)
    cells: dict[str, Cell] = {}
    for record in sorted(records, key=lambda r: (r.key, r.machine_class)):
        if not record.known:
            continue
        cell = dataclasses.replace(record.cell, seed=0)
        if record.status == "ok" and record.curve and quantity(cell) is not None:
            cells[cell.key] = cell
            places[cell.key].setdefault(record.seed, record)
    ends: dict[tuple[Any, ...], float] = {}
    for key, some in places.items():
        last = [_points(cells[key], record)[-1][2] for record in some.values()]
        if cells[key].rule in BASELINES:
            ends[_sizes(cells[key])] = statistics.median(last)
    kept = sorted((k for k in places if _sizes(cells[k]) in ends), key=lambda k: _order(cells[k]))
    speeds = {timing.id: timing for timing in timings if timing.replicas == 1}
    names = cell_names([cells[key] for key in kept], seeds=False)
    found: list[Reached] = []
    for name, key in zip(names, kept, strict=True):
        cell = cells[key]
        end, timing = ends[_sizes(cell)], speeds.get(id_of((cell,)))
        curves = [_points(cell, record) for record in places[key].values()]
        factors = TARGETS[quantity(cell) or ""]
        for factor in factors:
            iterations, seconds = _first(curves, factor * end)
            there = math.isfinite(iterations)
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
                    timed=iterations * timing.of("step").median if there and timing else None,
                )
            )
    return found


def quantity(cell: Cell) -> str | None:
    """Return what of its curve tells how good a cell is: error or bits; None of a curriculum."""
    if cell.family == "feedforward":
        return "error"
    return "bits" if cell.solve_bits is None and cell.family == "recurrent" else None


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
    place = (cell.dataset, cell.network, cell.depth or 0, cell.T or 0, cell.rule)
    return (*place, cell.sg_layers or 0, cell.decoupled or "", cell.p_update or 0, cell.key)


def grid(found: Sequence[Reached]) -> Grid:
    """Return the table, a line a place, its two targets beside one another."""
    lines: dict[str, list[Reached]] = defaultdict(list)
    for one in found:
        lines[one.name].append(one)
    columns = tuple(
        (level, what)
        for level in ("first target", "second target")
        for what in ("to reach", "updates", "s trained", "s by timing")
    )
    return Grid(
        caption="Cost to accuracy: updates and seconds of training to an error",
        stubs=("cells", "seeds"),
        columns=columns,
        rows=tuple(
            ((name, str(some[0].seeds)), tuple(e for one in some for e in _entries(one)))
            for name, some in lines.items()
        ),
    )


def _entries(one: Reached) -> tuple[Entry, ...]:
    unit = "%" if quantity(one.cell) == "error" else "bits"
    return (
        entry(f"{one.target:.3g} {unit}"),
        *(
            entry("-" if value is None else number(value))
            for value in (one.iterations, one.seconds, one.timed)
        ),
    )


NOTE = (
    "The first target is 2 times the error that backprop of the same sizes and schedule ends with"
    " (text: 1.1 times its bits a character), the second 1.2 times (1.02). Medians over seeds; a"
    " dash: fewer than half of the seeds got there, or the program was not timed."
)
