"""The tables of networks in stages: crossovers, seconds to an error, rates, stages, simulation."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..analysis.stages.answer import overtakes
from ..analysis.stages.crossovers import Crossover, crossovers
from ..analysis.stages.rates import LEVELS, Arm, Network, Run, spread
from ..analysis.stages.simulated import Beside, Beyond
from ..analysis.verdicts.places import mean_of
from ..analysis.wording import NONE
from .entries import interval
from .table import Table, simple_table

_NETWORK, _ARM = "network", "arm"


def crossover_table(networks: Sequence[Network]) -> Table | None:
    """Return when each unlocked arm overtakes each other one, by error, of those that one does."""
    pairs = [
        (network, some)
        for network in networks
        for some in zip(*(crossovers(network, level) for level in LEVELS), strict=True)
        if any(map(overtakes, some))
    ]
    shown = [n for n in range(len(LEVELS)) if any(overtakes(some[n]) for _, some in pairs)]
    rows = [
        [
            *(network.label, some[0].unlocked.label, some[0].waiting.label),
            *(_when(some[n]) for n in shown),
        ]
        for network, some in pairs
    ]
    heads = [_NETWORK, "unlocked", "overtakes", *(f"to {LEVELS[n]:g} %" for n in shown)]
    caption = (
        "The delay of a message from which on the unlocked arm has the error first: geometric mean"
        " over seeds (95 % interval), each seed's interpolated between the delays that were run."
        " Up to: at longer delays not every seed of the unlocked arm has the error."
        " Arms that it overtakes at no error with every seed are left out, and so are errors at"
        " which none is overtaken"
    )
    return simple_table(heads, rows, stubs=3, caption=caption) if rows else None


def _when(one: Crossover) -> str:
    return one.words if one.there else "not reached"


def seconds_table(networks: Sequence[Network]) -> Table | None:
    """Return the seconds that each arm takes to each error, by delay."""
    delays = sorted({delay for network in networks for delay in network.delays})
    rows = [
        [network.label, arm.label, f"{level:g} %", *(_seconds(arm, level, d) for d in delays)]
        for network in networks
        for arm in network.arms
        for level in LEVELS
    ]
    heads = [_NETWORK, _ARM, "error", *(f"{delay:g} ms" for delay in delays)]
    caption = (
        "Seconds of training to a test error, by the delay of a message: geometric mean over seeds"
        " (95 % interval). Of arms that wait: updates to the error without delay, over updates a"
        " second at the delay; of unlocked ones as measured at the delay"
    )
    return simple_table(heads, rows, stubs=3, caption=caption) if rows else None


def _seconds(arm: Arm, level: float, delay: float) -> str:
    if not arm.whole and delay not in arm.delays:
        return NONE
    values = list(arm.seconds(level, delay).values())
    there = [value for value in values if value < math.inf]
    found = spread(there)
    if len(there) < len(values) or found is None:
        return "not reached" if not there else f"reached by {len(there)} of {len(values)}"
    bounds = "" if found.low is None else f" ({found.low:.3g} to {found.high:.3g})"
    return f"{found.mean:.3g}{bounds}"


def rates_table(networks: Sequence[Network]) -> Table | None:
    """Return the updates a second of each arm, by delay and by straggler."""
    delays = sorted({delay for network in networks for delay in network.delays})
    knobs = [key for network in networks for arm in network.arms for key in arm.runs]
    slow = sorted({straggler for _, straggler in knobs if straggler != 1})
    columns = [*((d, 1.0) for d in delays), *((0.0, straggler) for straggler in slow)]
    rows = [
        [network.label, arm.label, *(_rate(arm, *column) for column in columns)]
        for network in networks
        for arm in network.arms
    ]
    heads = [f"{d:g} ms" if s == 1 else f"0 ms, top stage {s:g} x slower" for d, s in columns]
    caption = "Updates a second of the bottom stage: mean ± half-width of the 95 % interval (seeds)"
    return simple_table([_NETWORK, _ARM, *heads], rows, stubs=2, caption=caption) if rows else None


def _rate(arm: Arm, delay: float, straggler: float) -> str:
    if arm.whole and delay:
        return NONE
    found = mean_of(list(arm.rates(delay, straggler).values()))
    return NONE if found is None else interval(found, 1 if found.mean < 100 else 0)


def stages_table(networks: Sequence[Network]) -> Table | None:
    """Return what each stage of each arm did, without delay and at the longest."""
    rows: list[list[str]] = []
    for network in networks:
        for arm in network.arms:
            for delay in dict.fromkeys((0.0, arm.delays[-1])):
                runs = list(arm.runs[delay, 1.0].values())
                rows += [
                    [network.label, arm.label, f"{delay:g} ms", *_stage(runs, stage)]
                    for stage in range(len(runs[0].pipeline))
                ]
    heads = [
        *(_NETWORK, _ARM, "delay", "stage", "layers", "busy %", "waiting %", "communicating %"),
        *("kB sent an update", "staleness", "dropped per 100 updates"),
    ]
    caption = (
        "What each stage did, the bottom one first: shares of its time, what it sends, the mean age"
        " in updates of what it learns from, and messages that newer ones replaced, of its updates."
        " Means over seeds"
    )
    return simple_table(heads, rows, stubs=4, caption=caption) if rows else None


def _stage(runs: Iterable[Run], stage: int) -> list[str]:
    some = [run.pipeline[stage] for run in runs]

    def mean(of: Callable[[Mapping[str, Any]], float | None]) -> float | None:
        values = [value for value in map(of, some) if value is not None]
        return statistics.fmean(values) if values else None

    def text(value: float | None, digits: int = 0) -> str:
        return NONE if value is None else f"{value:.{digits}f}"

    return [
        f"{stage + 1}",
        f"{some[0]['layers']}",
        *(text(mean(lambda row, n=n: 100 * row[n])) for n in ("busy", "waiting", "communicating")),
        text(mean(lambda row: row["bytes_sent"] / 1000)),
        text(mean(lambda row: row["staleness"]), 1),
        text(mean(lambda row: 100 * row["dropped"] / max(1, row["updates"]))),
    ]


def beside_table(found: Sequence[tuple[Network, Sequence[Beside]]]) -> Table | None:
    """Return updates a second as measured and as simulated."""
    rows = [
        [
            *(network.label, one.arm.label, f"{one.delay:g} ms", f"{one.straggler:g}"),
            *(f"{one.mean:.4g}", f"{one.simulated:.4g}"),
            f"{one.off:+.0f} %".replace("-", "\N{MINUS SIGN}"),
        ]
        for network, some in found
        for one in some
    ]
    heads = [_NETWORK, _ARM, "delay", "straggler", "measured", "simulated", "off by"]
    caption = "Updates a second, measured and simulated from the times of the stages alone"
    return simple_table(heads, rows, stubs=4, caption=caption) if rows else None


def beyond_table(found: Sequence[tuple[Network, Sequence[Beyond]]]) -> Table | None:
    """Return the simulated updates a second with more stages, at named delays."""
    columns = dict.fromkeys(
        (s.distance, s.delay) for _, some in found for one in some for s in one.scenarios
    )
    rows: list[list[str]] = []
    for network, some in found:
        for one in some:
            at = {(s.stages, s.distance): s.updates_per_second for s in one.scenarios}
            for count in dict.fromkeys(s.stages for s in one.scenarios):
                values = (at.get((count, distance)) for distance, _ in columns)
                texts = (NONE if v is None else f"{v:.3g}" for v in values)
                rows.append([network.label, one.arm.label, f"{count}", *texts])
    heads = [_NETWORK, _ARM, "stages", *(f"{name}, {delay:g} ms" for name, delay in columns)]
    caption = (
        "Simulated, not measured: updates a second of deeper networks in more stages, each stage as"
        " measured here, at the one-way delays of named distances"
    )
    return simple_table(heads, rows, stubs=3, caption=caption) if rows else None
