"""Networks that are cut into stages: updates a second, and seconds to an error, by delay.

Schedules that wait learn alike at every delay. So their seconds to an error are the updates that
their run without delay takes to it, over the updates a second at the delay. Unlocked stages are
trained at each delay, and their seconds are those at which the error was reached.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ....bench.cell import Cell
from ....bench.contract import UNREPEATABLE
from ....bench.families.feedforward.stages import MODELS, learns_from
from ....results.statistics import intervals
from ..selection.select import Selection
from ..verdicts.places import CONFIDENCE
from ..wording import at, label

LEVELS = (5.0, 3.0, 2.0)
"""Test errors in percent that arms are timed to."""
HEADLINE = 3.0
FEWEST = 3
"""Seeds from which on an interval is given: one of two logarithms spans all there is."""
Seeds = dict[int, float]
"""A number a seed."""
_READ = ("seed", "steps_per_second", "curve", "pipeline", "timeline")
_NETWORK = ("dataset", "depth", "hidden_units")


@dataclass(frozen=True, slots=True)
class Run:
    """One seed of an arm at a delay: a record's rate, curve, stages and timeline."""

    rate: float
    curve: Sequence[Mapping[str, Any]]
    pipeline: Sequence[Mapping[str, Any]]
    timeline: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A rule and a schedule on one network.

    Attributes:
        cell: its configuration without delay, as the cell of seed 0.
        label: how tables and legends write it.
        runs: by delay in milliseconds and straggler, then by seed.
    """

    cell: Cell
    label: str
    runs: Mapping[tuple[float, float], Mapping[int, Run]]

    @property
    def unlocked(self) -> bool:
        """Whether its stages do not wait for gradients, so that it is trained at each delay."""
        return self.cell.schedule in UNREPEATABLE

    @property
    def synthetic(self) -> bool:
        """Whether its stages learn from synthetic gradients, which headlines are about."""
        return self.unlocked and learns_from(self.cell.rule) == MODELS

    @property
    def whole(self) -> bool:
        """Whether it is one process, which sends no message: a delay is nothing to it."""
        return self.cell.stages == 1

    @property
    def delays(self) -> list[float]:
        """The delays at which it was run without a straggler, ascending."""
        return sorted(delay for delay, straggler in self.runs if straggler == 1)

    def rates(self, delay: float, straggler: float = 1.0) -> Seeds:
        """Return the updates a second of its bottom stage."""
        runs = self.runs.get((0.0 if self.whole else delay, straggler), {})
        return {seed: run.rate for seed, run in runs.items()}

    def seconds(self, level: float, delay: float) -> Seeds:
        """Return the seconds to an error in percent; infinite of a seed that never has it."""
        if self.unlocked:
            own = self.runs.get((delay, 1.0), {})
            return {seed: reached(run.curve, level, "seconds") for seed, run in own.items()}
        trained, rates = self.runs.get((0.0, 1.0), {}), self.rates(delay)
        return {
            seed: reached(trained[seed].curve, level, "iteration") / rate
            for seed, rate in rates.items()
            if seed in trained
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network, by dataset, depth and width, with the arms that were run on it."""

    fields: Mapping[str, Any]
    label: str
    arms: tuple[Arm, ...]

    @property
    def slug(self) -> str:
        """Its part of a file's name."""
        return "-".join(map(str, self.fields.values()))

    @property
    def delays(self) -> list[float]:
        """All delays at which some arm was run, ascending."""
        return sorted({delay for arm in self.arms for delay in arm.delays})


def networks(selection: Selection) -> list[Network]:
    """Return the networks in stages of which there are results, in the grid's order."""
    there = (selection.frame["status"] == "ok") & selection.declared(selection.frame)
    rows: dict[int, list[dict[str, Any]]] = {}
    for row in selection.frame.loc[there, ["configuration", *_READ]].to_dict("records"):
        if len(row["pipeline"]):  # of an ordinary cell there is none
            rows.setdefault(int(row["configuration"]), []).append(
                {str(k): v for k, v in row.items()}
            )
    found: dict[tuple[Any, ...], dict[tuple[Any, ...], dict[tuple[float, float], int]]] = {}
    for n, cell in enumerate(selection.cells):
        if cell.stages is None or n not in rows:
            continue
        arms = found.setdefault(tuple(cell.value(name) for name in _NETWORK), {})
        key = (cell.rule, cell.schedule, cell.stages, cell.sg_layers, cell.sg_at)
        knobs = (float(cell.need("delay")), float(cell.need("straggler")))
        arms.setdefault(key, {})[knobs] = n
    several = len({values[1] for values in found}) > 1
    made: list[Network] = []
    for values, arms in found.items():
        fields: dict[str, Any] = dict(zip(_NETWORK, values, strict=True))
        shown = {name: v for name, v in fields.items() if several or name != "depth"}
        kept = [_arm(selection, knobs, rows) for knobs in arms.values() if (0.0, 1.0) in knobs]
        if kept:
            name = at(selection.exhibit, shown)
            made.append(Network(fields=fields, label=name, arms=tuple(kept)))
    return made


def _arm(
    selection: Selection,
    knobs: Mapping[tuple[float, float], int],
    rows: Mapping[int, Sequence[Mapping[str, Any]]],
) -> Arm:
    cell = selection.cells[knobs[0.0, 1.0]]
    runs = {
        knob: {
            int(row["seed"]): Run(
                float(row["steps_per_second"]), row["curve"], row["pipeline"], row["timeline"]
            )
            for row in rows[n]
        }
        for knob, n in sorted(knobs.items())
    }
    return Arm(cell=cell, label=_label(selection, cell), runs=runs)


def _label(selection: Selection, cell: Cell) -> str:
    exhibit, schedule = selection.exhibit, label(selection.exhibit, "schedule", cell.schedule)
    rule = label(exhibit, "rule", cell.rule)
    if cell.stages == 1:
        return f"{rule} whole (one core)"
    model = "" if not cell.sg_layers else f" M{cell.sg_layers}"
    more = [] if cell.sg_at is None else [label(exhibit, "sg_at", cell.sg_at)]
    more += [] if cell.stages == 2 else [f"{cell.stages} stages"]
    return f"{rule}{model} {schedule}" + (f" ({', '.join(more)})" if more else "")


def reached(curve: Sequence[Mapping[str, Any]], level: float, unit: str) -> float:
    """Return when a curve first has an error, interpolated; infinity where it never has.

    Args:
        curve: a record's.
        level: the error in percent.
        unit: `iteration` or `seconds`: what is returned.
    """
    before: Mapping[str, Any] | None = None
    for point in curve:
        error = point["error"]
        if error is not None and error <= level:
            if before is None:
                return float(point[unit])
            share = (before["error"] - level) / (before["error"] - error)
            return float(before[unit] + share * (point[unit] - before[unit]))
        before = point if error is not None else before
    return math.inf


def level_of(networks: Sequence[Network]) -> float:
    """Return the error of headlines: 3 %, or 5 % where no arm with synthetic gradients has 3."""
    for level in (HEADLINE, LEVELS[0]):
        for arm in (arm for network in networks for arm in network.arms if arm.synthetic):
            if any(spread(list(arm.seconds(level, delay).values())) for delay in arm.delays):
                return level
    return HEADLINE


def spread(values: Sequence[float]) -> intervals.Interval | None:
    """Return the geometric mean of positive values with its 95 % interval; None of infinite.

    There are no bounds below FEWEST seeds.
    """
    if not values or not all(0 < value < math.inf for value in values):
        return None
    found = intervals.mean_interval([math.log(value) for value in values], CONFIDENCE)
    enough = found.n >= FEWEST
    low, high = (math.exp(x) if x is not None and enough else None for x in (found.low, found.high))
    return intervals.Interval(math.exp(found.mean), low, high, found.n)


def range_words(found: intervals.Interval) -> str:
    """Return an interval's bounds in parentheses; nothing where there are none."""
    if found.low is None or found.high is None:
        return ""
    return f" ({found.low:.2g} to {found.high:.2g})"
