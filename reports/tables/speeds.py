"""The tables of timings: the speed and cost of each program, and the parts of its step."""

from collections.abc import Sequence

from ...results.statistics.rounds import WIDE, Median
from ...results.timings import PARTS
from ..analysis.costs.speeds import Speed
from ..analysis.naming import machine_words
from .formats.text import text_table
from .table import Table, simple_table

NOTE = (
    "ms: of an update (a cycle of two networks). Of limit: the time that this machine needs for the"
    " matrix products and Adam alone, as a share of the update's. x baseline: the time of an update"
    " over that of the baseline, whose own is 1.00, at the same sizes. GFLOP: of products, counted."
    " GB: read and written by all operations. MiB: the most that tensors took, data included. ?:"
    " unsteady."
)
_SPEED = (
    *("program", "steps/s", "examples/s", "ms", "of limit", "x baseline"),
    *("GFLOP", "GB", "GFLOP/s", "MiB"),
)
_PARTS = ("program", "forward", "backward", "M", "update", "other", "compile s")


def speed_table(found: Sequence[Speed]) -> Table:
    """Return the table of speeds, costs and memory, a row per program."""
    rows = [(speed.name, *_speed(speed)) for speed in found]
    return simple_table(_SPEED, rows, caption="Speed: medians over rounds")


def parts_table(found: Sequence[Speed]) -> Table:
    """Return the table of the parts of a step, a row per program."""
    rows = [(speed.name, *_parts(speed)) for speed in found]
    return simple_table(_PARTS, rows, caption="The parts of a step, in ms")


def _speed(speed: Speed) -> tuple[str, ...]:
    """Return a row of the table, with a question mark after what is unsteady."""
    timing, fraction, cost = speed.timing, speed.timing.fraction, speed.cost
    step = timing.median_of("step")
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


def _parts(speed: Speed) -> tuple[str, ...]:
    timing = speed.timing
    parts = (number(1000 * timing.median_of(part).median) for part in PARTS)
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
            f"{cell.dataset} {cell.network}: {machine_words(first.machine_class)},"
            f" {first.cores} cores;"
            f" products {number(first.median_of('matmul').median / 1e9)} GFLOP/s,"
            f" copies {number(first.median_of('copy').median / 1e9)} GB/s;"
            f" {len(first.rounds['step'])} rounds, load {load}"
        )
    wide = [speed for speed in found if speed.timing.median_of("step").wide]
    ratios = [m for s in found for m in (s.timing.fraction, s.cost) if m is not None]
    count = sum(ratio.wide for ratio in ratios)
    if wide or count:
        widths = (s.timing.median_of("step").width for s in found)
        most = max(*widths, *(ratio.width for ratio in ratios))
        lines.append(
            f"? {len(wide)} of {len(found)} rates and {count} of {len(ratios)} ratios are unsteady:"
            f" the 95 % interval of the median spans more than {100 * WIDE:.0f} % of it (at most"
            f" {100 * most:.0f} %); take more --rounds, or a quieter machine"
        )
    return lines


def text(title: str, found: Sequence[Speed]) -> str:
    """Return the tables for a terminal, and what has to be known of them."""
    tables = (speed_table(found), parts_table(found))
    blocks = [f"{title}: {len(found)} programs; medians over rounds"]
    blocks += [text_table(table).rstrip() for table in tables]
    return "\n\n".join([*blocks, "\n".join(notes(found))]) + "\n"
