"""The figures of networks in stages as data: crossovers, shares of time, timelines, simulation."""

import operator
import statistics
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from matplotlib.colors import to_hex

from ...bench.outcome import SPAN_KINDS
from ...bench.registry import RULES
from ..analysis.naming import seeds_words
from ..analysis.stages.answer import headline, sentence
from ..analysis.stages.crossovers import Crossover
from ..analysis.stages.rates import Arm, Network, level_of, spread
from ..analysis.stages.simulated import Beside, Beyond
from . import colors
from .spec import StagesDrawing

Row = dict[str, Any]
KINDS: dict[str, str] = dict(
    zip(
        SPAN_KINDS,
        ("#56b4e9", "#0072b2", "#009e73", "#cc79a7", "#dcdcdc", "#e69f00"),
        strict=True,
    )
)
"""What a stage does, with its colour."""
_SHARES = {"busy": "#0072b2", "communicating": "#e69f00", "waiting": "#dcdcdc"}
_NO_DELAY = "no delay"
_UPDATES = 6  # of the slowest arm that a timeline without delay shows


def drawings(
    networks: Sequence[Network],
    measured: Sequence[tuple[Network, Sequence[Beside]]],
    simulated: Sequence[tuple[Network, Sequence[Beyond]]],
) -> list[StagesDrawing]:
    """Return the figures of some networks; none of those for which there are no results."""
    found: list[StagesDrawing] = []
    if networks:
        found.append(_crossover(networks))
    for network in networks:
        found += [_shares(network), *_timeline(network)]
    if any(some for _, some in measured):
        found.append(_simulated(measured, simulated))
    return found


def colors_of(arms: Iterable[Arm]) -> dict[str, str]:
    """Return the colour of each arm: a shade of its rule's."""
    by_rule: dict[str, dict[str, None]] = {}
    for arm in arms:
        by_rule.setdefault(arm.cell.rule, {})[arm.label] = None
    found: dict[str, str] = {}
    for rule, labels in by_rule.items():
        shades = colors.shades(RULES.declared(rule).color, list(labels))
        found |= {label: to_hex(color) for label, color in shades.items()}
    return found


def _seeds(networks: Sequence[Network]) -> str:
    counts = [len(runs) for one in networks for arm in one.arms for runs in arm.runs.values()]
    return seeds_words(min(counts), max(counts))


def _crossover(networks: Sequence[Network]) -> StagesDrawing:
    rows: list[Row] = []
    level = level_of(networks)
    missing: dict[str, None] = {}
    for network in networks:
        most = network.delays[-1]
        for arm in network.arms:
            for delay in [0.0, most] if arm.whole else arm.delays:
                values = list(arm.seconds(level, delay).values())
                found = spread(values)
                if found is None:
                    missing[f"{arm.label} ({network.label})"] = None
                    continue
                ends = {"low": found.low, "high": found.high}
                rows.append(
                    {
                        "panel": network.label,
                        "line": arm.label,
                        "x": delay,
                        "mean": found.mean,
                        **ends,
                    }
                )
    heads = [headline(network, level) for network in networks]
    marks: list[Row] = []
    for network, one in zip(networks, heads, strict=True):
        if one is not None and (at := one.interval) is not None:
            ends = {"low": at.low, "high": at.high}
            marks.append({"panel": network.label, "x": at.mean, **ends})
    notes = [
        f"Seconds of training to {level:g} % test error, {_seeds(networks)}: geometric means and"
        " 95 % intervals. Arms that wait: updates to the error without delay, over updates a second"
        " at the delay; unlocked ones were trained at each delay."
        + (" Vertical line: the title's crossover, shaded its interval." if marks else "")
    ]
    if missing:
        notes.append(f"Left out where not every seed reached it: {', '.join(missing)}.")
    shown = {row["line"] for row in rows}
    every = colors_of(arm for network in networks for arm in network.arms)
    return StagesDrawing(
        name="crossover",
        title=_crossover_title(networks, heads, level),
        kind="crossover",
        y_label=f"seconds to {level:g} % error",
        colors={label: color for label, color in every.items() if label in shown},
        data=pd.DataFrame(rows, columns=["panel", "line", "x", "mean", "low", "high"]),
        marks=pd.DataFrame(marks, columns=["panel", "x", "low", "high"]),
        notes=tuple(notes),
    )


def _crossover_title(
    networks: Sequence[Network], heads: Sequence[Crossover | None], level: float
) -> str:
    words = [
        f"{network.label}: {sentence(one)}"
        for network, one in zip(networks, heads, strict=True)
        if one is not None
    ]
    return "; ".join(words) or f"Seconds to {level:g} % error by the delay of a message"


def _shares(network: Network) -> StagesDrawing:
    rows: list[Row] = []
    for arm in network.arms:
        for delay in dict.fromkeys((0.0, arm.delays[-1])):
            runs = list(arm.runs[delay, 1.0].values())
            for stage in range(len(runs[0].pipeline)):
                line = f"{arm.label}, stage {stage + 1}" if not arm.whole else arm.label
                rows += [
                    {
                        "panel": "no delay" if delay == 0 else f"{delay:g} ms",
                        "line": line,
                        "kind": kind,
                        "share": 100 * statistics.fmean(r.pipeline[stage][kind] for r in runs),
                    }
                    for kind in _SHARES
                ]
    return StagesDrawing(
        name=f"shares-{network.slug}",
        title=f"{network.label}: {_waits(network)}",
        kind="shares",
        y_label="",
        colors=_SHARES,
        data=pd.DataFrame(rows),
        notes=(
            f"Shares of each stage's time, the bottom one first, means of {_seeds([network])};"
            " measured.",
        ),
    )


def _waits(network: Network) -> str:
    """Return how much stages wait, locked and unlocked, at the longest delay of each."""
    words: list[str] = []
    for schedule in ("locked", "unlocked"):
        arms = [a for a in network.arms if a.cell.schedule == schedule and not a.whole]
        for arm in arms[:1]:
            delay = arm.delays[-1]
            runs = arm.runs[delay, 1.0].values()
            share = 100 * statistics.fmean(run.pipeline[0]["waiting"] for run in runs)
            words.append(
                f"{arm.label}'s bottom stage waits {share:.0f} % of the time at {delay:g} ms"
            )
    return ", ".join(words) or "what stages do with their time"


def _timeline(network: Network) -> list[StagesDrawing]:
    """Return the timelines of a network's arms; nothing where no run that is shown has one."""
    rows: list[Row] = []
    seeds = set[int]()
    slowest = min(statistics.fmean(arm.rates(0.0).values()) for arm in network.arms)
    alike = len({arm.delays[-1] for arm in network.arms if arm.delays[-1]}) < 2
    for arm in network.arms:
        longest = arm.delays[-1]
        panel = arm.label if alike or not longest else f"{arm.label}, {longest:g} ms"
        for delay in dict.fromkeys((0.0, longest)):
            runs = [(seed, run) for seed, run in arm.runs[delay, 1.0].items() if run.timeline]
            if not runs:
                continue
            (seed, run), short = min(runs, key=operator.itemgetter(0)), delay == 0
            seeds.add(seed)
            end = max(span["end"] for span in run.timeline)
            limit = min(end, _UPDATES / slowest) if short else end
            rows += [
                {
                    "panel": panel,
                    "column": _NO_DELAY if short else f"{delay:g} ms" if alike else "longest delay",
                    "stage": span["stage"],
                    "kind": span["kind"],
                    "start": 1000 * span["start"],
                    "end": 1000 * min(span["end"], limit),
                }
                for span in run.timeline
                if span["start"] < limit
            ]
    if not rows:
        return []
    found = StagesDrawing(
        name=f"timeline-{network.slug}",
        title=f"{network.label}: who computes, and who waits",
        kind="timeline",
        y_label="stage",
        colors=KINDS,
        data=pd.DataFrame(rows, columns=["panel", "column", "stage", "kind", "start", "end"]),
        notes=(
            f"One run of each arm, seed {' or '.join(map(str, sorted(seeds)))}, from its own trace."
            f" Left: the time of {_UPDATES} updates of the slowest arm without delay."
            " Right: at the arm's longest delay, as far as its trace goes. Stage 1 is below.",
        ),
    )
    return [found]


def _simulated(
    measured: Sequence[tuple[Network, Sequence[Beside]]],
    simulated: Sequence[tuple[Network, Sequence[Beyond]]],
) -> StagesDrawing:
    rows: list[Row] = [
        {"panel": "", "line": one.arm.label, "x": one.mean, "mean": one.simulated, "dashed": False}
        for _, some in measured
        for one in some
    ]
    rows += [
        {
            "panel": f"{scenario.distance}, {scenario.delay:g} ms",
            "line": one.arm.label,
            "x": float(scenario.stages),
            "mean": scenario.updates_per_second,
            "dashed": True,
        }
        for _, some in simulated[:1]
        for one in some
        for scenario in one.scenarios
    ]
    off = [abs(one.off) for _, some in measured for one in some]
    near = sum(value <= 10 for value in off)
    arms = [one.arm for _, some in measured for one in some]
    of = "".join(f" ({network.label})" for network, _ in simulated[:1])
    return StagesDrawing(
        name="simulated",
        title=f"The simulation is within 10 % of what was measured in {near} of {len(off)} cases"
        f" (median off by {statistics.median(off):.0f} %)",
        kind="simulated",
        y_label="updates a second, simulated",
        colors=colors_of(arms),
        data=pd.DataFrame(rows),
        notes=(
            "First panel: each arm, delay and straggler that was run, simulated against measured;"
            f" grey: within 10 %. The others, dashed and hollow, are simulated alone: deeper{of}"
            " networks in 4 to 64 stages, each stage as measured here, at the delays of named"
            " distances; an unlocked arm in more than 4 stages at the shortest delay only.",
        ),
    )
