"""Timings side by side: the speed of each program, and its cost beside the baseline's."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ....bench import registry
from ....bench.cell import Cell
from ....bench.families import family as families
from ....reproductions.running.plan import not_shape
from ....reproductions.running.timing_run import id_of
from ....results.statistics.rounds import Median
from ....results.timings import PARTS, SAME_SIZES, Timing, relative
from ..naming import cell_names

FIELDS = ("dataset", "network", "depth", "T", "rule", "sg_layers", "decoupled", "p_update")
"""Of a cell, that stand beside its speed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """A timing beside the baseline's.

    Attributes:
        name: a short name for the program.
        timing: the timing.
        cell: what it trains.
        cost: the step's time over the baseline's; None where that of the same sizes was not timed
            on the same machine.
        paired: whether both were timed in the same rounds; otherwise `cost` has no interval.
    """

    name: str
    timing: Timing
    cell: Cell
    cost: Median | None
    paired: bool


def current(timings: Iterable[Timing]) -> list[Timing]:
    """Return the timings of this code, the latest of each program on each class of machines.

    Those of other versions of the code stay in the store by ids of their own, as records do.
    """
    mine = (t for t in timings if t.id == id_of((t.trained,) * t.replicas))
    ordered = sorted(mine, key=lambda t: (t.measured, t.exhibit, t.session))
    return list({(t.id, t.machine_class): t for t in ordered}.values())


def speeds(timings: Iterable[Timing]) -> list[Speed]:
    """Return timings with their costs, in an order that does not depend on theirs.

    The baseline of a program may be another exhibit's: a program that two exhibits have is stored
    once, for the one that was timed last.
    """
    found = sorted(timings, key=_order)
    cells = [timing.trained for timing in found]
    names = _names(found, cells)
    pairs = list(zip(found, cells, strict=True))
    bases: dict[tuple[Any, ...], list[Timing]] = defaultdict(list)
    for timing, cell in pairs:
        if is_baseline(cell):
            bases[_size(cell, timing)].append(timing)
    speeds: list[Speed] = []
    for (timing, cell), name in zip(pairs, names, strict=True):
        base = _nearest(timing, bases[_size(cell, timing)])
        cost, paired = (None, False) if base is None else relative(timing, base)
        speeds.append(Speed(name=name, timing=timing, cell=cell, cost=cost, paired=paired))
    return speeds


def _nearest(timing: Timing, bases: Sequence[Timing]) -> Timing | None:
    """Return the baseline that differs from a timing in the fewest fields; None without any.

    Of equals it is one of the same exhibit, then of the same rounds, then the latest.
    """

    def nearness(base: Timing) -> tuple[Any, ...]:
        far = differing(timing.cell, base.cell, not_shape())
        same = (base.exhibit == timing.exhibit, base.session == timing.session)
        return (-far, *same, base.measured, base.id)

    return max(bases, key=nearness, default=None)


def differing(
    one: Mapping[str, Any], other: Mapping[str, Any], left_out: Collection[str] = ()
) -> int:
    """Return in how many fields two cells, as dictionaries, differ, but for some."""
    return sum(one.get(n) != other.get(n) for n in {*one, *other}.difference(left_out))


def _names(timings: list[Timing], cells: list[Cell]) -> list[str]:
    """Return a short name for each: by what differs in its exhibit, which is named among several.

    Exhibits train by other schedules, which say nothing of an update's time.
    """
    exhibits = list(dict.fromkeys(timing.exhibit for timing in timings))
    names: dict[int, str] = {}
    for exhibit in exhibits:
        mine = [n for n, timing in enumerate(timings) if timing.exhibit == exhibit]
        names |= zip(mine, cell_names([cells[n] for n in mine], seeds=False), strict=True)
    found: list[str] = []
    for n, timing in enumerate(timings):
        before = f"{timing.exhibit}: " if len(exhibits) > 1 else ""
        after = "" if timing.replicas == 1 else f" x {timing.replicas}"
        found.append(before + names[n] + after)
    return found


def is_baseline(cell: Cell) -> bool:
    """Tell whether the costs of others are told as multiples of this cell's."""
    return registry.RULES.declared(cell.rule).baseline


def _order(timing: Timing) -> tuple[Any, ...]:
    cell = timing.trained
    sizes = (cell.dataset, cell.network, cell.depth or 0, cell.T or 0, cell.rule)
    numbers = (cell.decoupled or "", cell.p_update or 0, cell.sg_layers or 0, timing.replicas)
    return (timing.machine_class, timing.exhibit, *sizes, *numbers, timing.id)


def _size(cell: Cell, timing: Timing) -> tuple[Any, ...]:
    sizes = (cell.value(name) for name in SAME_SIZES)
    return (timing.machine_class, timing.replicas, *sizes)


def values(speed: Speed) -> dict[str, Any]:
    """Return what a timing says, in SI units, for `--json` and spreadsheets."""
    timing, cell = speed.timing, speed.cell
    step, limit, rate = (
        timing.median_of("step"),
        timing.median_of("limit"),
        timing.median_of("matmul"),
    )
    symbols = families.family_for(cell).unit == "symbol"
    return {
        "id": timing.id,
        "name": speed.name,
        "exhibit": timing.exhibit,
        "scale": timing.scale,
        **{f: cell.value(f) for f in FIELDS},
        "replicas": timing.replicas,
        "steps_per_second": timing.steps_per_second,
        "examples_per_second": None if symbols else timing.examples_per_second,
        "tokens_per_second": timing.examples_per_second if symbols else None,
        **_three("step_seconds", step),
        **{f"{part}_seconds": timing.median_of(part).median for part in PARTS},
        "flops": timing.flops,
        "bytes": timing.bytes,
        "adam_bytes": timing.adam_bytes,
        "matmul_flops_per_second": rate.median,
        "copy_bytes_per_second": timing.median_of("copy").median,
        **_three("limit_seconds", limit),
        "limit_by": timing.limit_by,
        **_three("fraction_of_limit", timing.fraction),
        **_three("cost", speed.cost),
        "cost_paired": speed.paired if speed.cost else None,
        "peak_bytes": timing.peak_bytes,
        "compile_seconds": timing.compile_seconds,
        "rounds": len(timing.rounds["step"]),
        "unsteady": timing.median_of("step").wide,
        "load_before": timing.load_before,
        "load_after": timing.load_after,
        "threads": timing.threads,
        "machine_class": timing.machine_class,
        "session": timing.session,
        "measured": timing.measured,
    }


def _three(name: str, found: Median | None) -> dict[str, Any]:
    three = (None,) * 3 if found is None else found
    return dict(zip((name, f"{name}_low", f"{name}_high"), three, strict=True))


def json_line(speed: Speed) -> str:
    """Return a timing and its raw rounds as a line of JSON."""
    return json.dumps(values(speed) | {"raw": speed.timing.rounds}, allow_nan=False)
