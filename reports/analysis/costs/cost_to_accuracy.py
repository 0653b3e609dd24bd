"""Cost to accuracy: the updates, seconds and operations of training until an error is reached.

The targets are multiples of the error that the baseline of the same sizes and schedule, not cut
into stages, ends with; where validation errors decide when training ends, of its lowest one. Of
several baselines, such as at other learning rates or without batch norm, it is the one that differs
in the fewest fields, of equals the one with the lowest error.
Where one was reached is read from the curves of the records, so it is as fine as their evaluations.
Seconds are those of the training itself, which other work on the machine may have slowed, and those
that as many updates take by the timings, which have counted operations and bytes of an update, too.
"""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ....bench import registry
from ....bench.cell import Cell
from ....reproductions.running.timing_run import id_of
from ....reproductions.tuning.trials import current
from ....results.record import Record
from ....results.timings import SAME_SIZES, Timing
from ..naming import cell_names
from .speeds import differing, is_baseline

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
        iterations: until there, None where at most half of the seeds got there.
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
    records_of = _by_configuration(records)
    ends = _ends(records_of)
    kept = sorted((cell for cell in records_of if _sizes(cell) in ends), key=_order)
    speeds = {timing.id: timing for timing in timings if timing.replicas == 1}
    names = cell_names(kept, seeds=False)
    found: list[Reached] = []
    for name, cell in zip(names, kept, strict=True):
        end, timing = _end(cell, ends[_sizes(cell)]), speeds.get(id_of((cell,)))
        curves = [_points(cell, record) for record in records_of[cell].values()]
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


def _by_configuration(records: Iterable[Record]) -> dict[Cell, dict[int, Record]]:
    """Return the records with curves of this code by their cell of seed 0, and by seed.

    Of several of a cell the same one counts as in an exhibit's report (`selection.select`), in
    whatever order they come.
    """
    some = [r for r in records if r.status == "ok" and r.curve and _current(r)]
    classes = Counter(name for _, name in {(r.key, r.machine_class) for r in some})
    leading = min(classes, key=lambda name: (-classes[name], name), default="")
    alike = Counter((r.dataset, r.data_hash) for r in some)

    def rank(record: Record) -> tuple[Any, ...]:
        data = (not record.data_canonical, -alike[record.dataset, record.data_hash])
        machine = (record.machine_class != leading, record.machine_class)
        return (*data, record.data_hash, *machine, record.finished)

    found: dict[Cell, dict[int, Record]] = defaultdict(dict)
    for record in sorted(some, key=rank):
        cell = record.cell.with_seed(0)
        if quantity(cell) is not None:
            found[cell].setdefault(record.seed, record)
    return found


def _current(record: Record) -> bool:
    """Tell whether this code made a record, with the same source of external rules and data."""
    return current(record) and record.sources == record.cell.source_hashes()


_Ends = Sequence[tuple[Cell, float]]
"""Baselines, each with what it ends with."""


def _ends(
    records_of: Mapping[Cell, Mapping[int, Record]],
) -> dict[tuple[Any, ...], list[tuple[Cell, float]]]:
    """Return the baselines that are not cut into stages, by what others share with them."""
    found: dict[tuple[Any, ...], list[tuple[Cell, float]]] = defaultdict(list)
    for cell, some in records_of.items():
        if is_baseline(cell) and cell.stages is None:
            curves = [_points(cell, record) for record in some.values()]
            last = [min(p[2] for p in c) if cell.patience else c[-1][2] for c in curves]
            found[_sizes(cell)].append((cell, statistics.median(last)))
    return found


def _end(cell: Cell, ends: _Ends) -> float:
    """Return what the baseline ends with that is nearest to a cell."""
    values = cell.to_dict()
    return min((differing(values, base.to_dict()), end) for base, end in ends)[1]


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
    iterations, seconds = (statistics.median(some) for some in zip(*found, strict=True))
    return iterations, seconds


def _sizes(cell: Cell) -> tuple[Any, ...]:
    return tuple(cell.value(name) for name in (*SAME_SIZES, *_SCHEDULE))


def _order(cell: Cell) -> tuple[Any, ...]:
    sizes = (cell.dataset, cell.network, cell.depth or 0, cell.T or 0, cell.rule)
    return (*sizes, cell.sg_layers or 0, cell.decoupled or "", cell.p_update or 0, cell.key)
