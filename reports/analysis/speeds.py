"""Timings side by side: what each program does a second, and what it costs beside backprop."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...bench.cell import Cell
from ...results.statistics.rounds import WIDE, Median
from ...results.timings import PARTS, SAME_SIZES, Timing, relative
from ..console.terminal import cell_names
from ..tables.table import Grid, entry, text_table

BASELINES = ("backprop", "bptt", "end_to_end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """A timing, a short name for it, and its step's time over that of the baseline."""

    name: str
    timing: Timing
    cell: Cell
    cost: Median | None
    """None where the baseline of the same sizes was not timed on the same machine."""
    paired: bool
    """Whether both were timed in the same rounds; otherwise `cost` has no interval."""


def speeds(timings: Iterable[Timing]) -> list[Speed]:
    """Return timings with their costs, in an order that does not depend on theirs."""
    found = sorted(timings, key=_order)
    cells = [timing.trained for timing in found]
    names = cell_names(cells, seeds=False)
    names = [
        name if timing.replicas == 1 else f"{name} x {timing.replicas}"
        for name, timing in zip(names, found, strict=True)
    ]
    pairs = list(zip(found, cells, strict=True))
    bases = {_size(cell, timing): timing for timing, cell in pairs if cell.rule in BASELINES}
    speeds: list[Speed] = []
    for (timing, cell), name in zip(pairs, names, strict=True):
        base = bases.get(_size(cell, timing))
        cost, paired = (None, False) if base is None else relative(timing, base)
        speeds.append(Speed(name=name, timing=timing, cell=cell, cost=cost, paired=paired))
    return speeds


def _order(timing: Timing) -> tuple[Any, ...]:
    cell = timing.trained
    place = (cell.dataset, cell.network, cell.depth or 0, cell.T or 0, cell.rule)
    numbers = (cell.decoupled or "", cell.p_update or 0, cell.sg_layers or 0, timing.replicas)
    return (timing.machine_class, *place, *numbers, timing.id)


def _size(cell: Cell, timing: Timing) -> tuple[Any, ...]:
    sizes = (cell.value(name) for name in SAME_SIZES)
    return (timing.machine_class, timing.replicas, *sizes)


def values(speed: Speed) -> dict[str, Any]:
    """Return what a timing says, in SI units, for `--json` and spreadsheets."""
    timing, cell = speed.timing, speed.cell
    step, limit, rate = timing.of("step"), timing.of("limit"), timing.of("matmul")
    symbols = cell.family == "recurrent"
    return {
        "id": timing.id,
        "name": speed.name,
        "exhibit": timing.exhibit,
        "scale": timing.scale,
        **{f: cell.value(f) for f in _CELL},
        "replicas": timing.replicas,
        "steps_per_second": timing.steps_per_second,
        "examples_per_second": None if symbols else timing.examples_per_second,
        "tokens_per_second": timing.examples_per_second if symbols else None,
        **_three("step_seconds", step),
        **{f"{part}_seconds": timing.of(part).median for part in PARTS},
        "flops": timing.flops,
        "bytes": timing.bytes,
        "adam_bytes": timing.adam_bytes,
        "matmul_flops_per_second": rate.median,
        "copy_bytes_per_second": timing.of("copy").median,
        **_three("limit_seconds", limit),
        "limit_by": timing.limit_by,
        **_three("fraction_of_limit", timing.fraction),
        **_three("cost", speed.cost),
        "cost_paired": speed.paired if speed.cost else None,
        "peak_bytes": timing.peak_bytes,
        "compile_seconds": timing.compile_seconds,
        "rounds": len(timing.rounds["step"]),
        "unsteady": timing.of("step").wide,
        "load_before": timing.load_before,
        "load_after": timing.load_after,
        "threads": timing.threads,
        "machine_class": timing.machine_class,
        "session": timing.session,
        "measured": timing.measured,
    }


_CELL = ("dataset", "network", "depth", "T", "rule", "sg_layers", "decoupled", "p_update")


def _three(name: str, found: Median | None) -> dict[str, Any]:
    three = (None,) * 3 if found is None else found
    return dict(zip((name, f"{name}_low", f"{name}_high"), three, strict=True))


def json_line(speed: Speed) -> str:
    """Return a timing and its raw rounds as a line of JSON."""
    return json.dumps(values(speed) | {"raw": speed.timing.rounds}, allow_nan=False)


HEAD = ("steps/s", "examples/s", "ms", "of limit", "x backprop", "GFLOP", "GB", "GFLOP/s", "MiB")
PARTS_HEAD = ("forward", "backward", "M", "update", "other", "compile s")


def grids(found: Sequence[Speed]) -> list[tuple[str, Grid]]:
    """Return the table of speeds, and that of the parts of a step, each with a name."""
    return [
        ("speed", _grid("Speed: medians over rounds", HEAD, found, _row)),
        ("parts", _grid("The parts of a step, in ms", PARTS_HEAD, found, _parts_row)),
    ]


def _grid(
    caption: str,
    head: tuple[str, ...],
    found: Sequence[Speed],
    line: Callable[[Speed], tuple[str, ...]],
) -> Grid:
    return Grid(
        caption=caption,
        stubs=("program",),
        columns=tuple((name,) for name in head),
        rows=tuple(((speed.name,), tuple(map(entry, line(speed)))) for speed in found),
    )


def _row(speed: Speed) -> tuple[str, ...]:
    """Return a line of the table, with a question mark after what is unsteady."""
    timing, fraction, cost = speed.timing, speed.timing.fraction, speed.cost
    step = timing.of("step")
    return (
        number(timing.steps_per_second) + _mark(step),
        number(timing.examples_per_second) + _mark(step),
        number(1000 * step.median) + _mark(step),
        f"{100 * fraction.median:.0f} %{_mark(fraction)}",
        "-" if cost is None else f"{cost.median:.2f}{_mark(cost)}",
        number(timing.flops / 1e9),
        number(timing.bytes / 1e9),
        number(timing.flops / step.median / 1e9) + _mark(step),
        f"{timing.peak_bytes / 2**20:,.1f}",
    )


def _mark(found: Median) -> str:
    return "?" if found.wide else ""


def _parts_row(speed: Speed) -> tuple[str, ...]:
    timing = speed.timing
    parts = (number(1000 * timing.of(part).median) for part in PARTS)
    return (*parts, number(timing.compile_seconds))


def number(value: float) -> str:
    """Return a number with three digits that count."""
    if value == 0:
        return "0"
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.3g}"


def notes(found: Sequence[Speed]) -> list[str]:
    """Return what has to be known of the machine and the rounds, a line each."""
    lines: list[str] = []
    for session in dict.fromkeys(speed.timing.session for speed in found):
        some = [speed.timing for speed in found if speed.timing.session == session]
        first = some[0]
        load = "unknown"
        if first.load_before is not None and first.load_after is not None:
            load = f"{first.load_before:.1f} before, {first.load_after:.1f} after"
        cell = first.trained
        lines.append(
            f"{cell.dataset} {cell.network}: {first.machine_class}, {first.cores} cores;"
            f" products {number(first.of('matmul').median / 1e9)} GFLOP/s,"
            f" copies {number(first.of('copy').median / 1e9)} GB/s;"
            f" {len(first.rounds['step'])} rounds, load {load}"
        )
    wide = [speed for speed in found if speed.timing.of("step").wide]
    ratios = [m for s in found for m in (s.timing.fraction, s.cost) if m is not None]
    count = sum(ratio.wide for ratio in ratios)
    if wide or count:
        widths = (s.timing.of("step").width for s in found)
        most = max(*widths, *(ratio.width for ratio in ratios))
        lines.append(
            f"? {len(wide)} of {len(found)} rates and {count} of {len(ratios)} ratios are unsteady:"
            f" the 95 % interval of the median spans more than {100 * WIDE:.0f} % of it (at most"
            f" {100 * most:.0f} %); take more --rounds, or a quieter machine"
        )
    return lines


def text(title: str, found: Sequence[Speed]) -> str:
    """Return the tables for a terminal, and what has to be known of them."""
    blocks = [f"{title}: {len(found)} programs; medians over rounds"]
    blocks += [text_table(grid).rstrip() for _, grid in grids(found)]
    return "\n\n".join([*blocks, "\n".join(notes(found))]) + "\n"
