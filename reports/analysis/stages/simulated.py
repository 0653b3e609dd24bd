"""Updates a second by the simulation of stages: beside those measured, and past the machine.

It is given the times that the records have of each stage, measured before the run; nothing is
fitted to what it is held against.
"""

import functools
import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from ....bench.families.feedforward.stages import ERRORS, learns_from
from ....bench.pipeline.simulation.pipeline import Pipeline, StageTimes, measured_times
from ....bench.pipeline.simulation.prediction import WARM_UP, pace
from ....bench.pipeline.simulation.scenarios import COUNTS, DELAYS, Scenario, scenarios
from .rates import Arm, Network, Run

_UPDATES = 60  # that are simulated: stages repeat themselves after a few
_MOST = 1500
_FEW = 20  # where there are many stages
_MEANS = (
    *("forward_seconds", "backward_seconds", "model_seconds", "update_seconds", "message_seconds"),
    *("overhead_seconds", "target_seconds", "send_seconds", "read_seconds", "together"),
)
_BEYOND = ("locked", "1f1b", "data_parallel", "unlocked")
"""Schedules that are simulated with more stages than were run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Updates a second of an arm at a delay, as they were measured (a seed each) and simulated.

    `counted` is whether the records have what batches, schedules and messages take on a stage's
    own core; older ones lack it, and the simulation then leaves it out.
    """

    arm: Arm
    delay: float
    straggler: float
    measured: tuple[float, ...]
    simulated: float
    counted: bool = True

    @property
    def mean(self) -> float:
        """The mean of the measured ones."""
        return statistics.fmean(self.measured)

    @property
    def off(self) -> float:
        """By how many percent the simulated one is off the mean of the measured ones."""
        return 100 * (self.simulated / self.mean - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """What is simulated of an arm with more stages, at named delays."""

    arm: Arm
    scenarios: tuple[Scenario, ...]


def beside(network: Network) -> list[Beside]:
    """Return what was measured and what is simulated, of each arm and knob that was run."""
    found: list[Beside] = []
    for arm in network.arms:
        for (delay, straggler), runs in arm.runs.items():
            pipeline = pipeline_of(arm, list(runs.values()), delay, straggler)
            found.append(
                Beside(
                    arm=arm,
                    delay=delay,
                    straggler=straggler,
                    measured=tuple(run.rate for run in runs.values()),
                    simulated=_rate(pipeline, _updates(arm, runs.values())),
                    counted=all(_counted(run) for run in runs.values()),
                )
            )
    return found


def _updates(arm: Arm, runs: Collection[Run]) -> int:
    """Return how many updates are simulated of an arm's runs.

    Stages that wait for errors do not repeat themselves: they send in bursts, which take a whole
    run to even out. So they are simulated for as long as they ran.
    """
    if learns_from(arm.cell.rule) != ERRORS or not arm.unlocked:
        return _UPDATES
    mean = statistics.fmean(run.pipeline[0]["updates"] for run in runs)
    return max(_UPDATES, min(_MOST, round(mean) - WARM_UP))


def _counted(run: Run) -> bool:
    return all(row.get("overhead_seconds") is not None for row in run.pipeline)


def beyond(network: Network) -> list[Beyond]:
    """Return what is simulated with more stages.

    Of each schedule, and what unlocked stages learn from, the arm with the cheapest M.
    """
    found: dict[tuple[str, str], Beyond] = {}
    for arm in network.arms:
        schedule = str(arm.cell.schedule)
        key = schedule, learns_from(arm.cell.rule)
        if schedule in _BEYOND and not arm.whole and key not in found:
            runs = list(arm.runs[0.0, 1.0].values())
            pipeline = _apart(pipeline_of(arm, runs, 0.0, 1.0))
            found[key] = Beyond(arm=arm, scenarios=_scenarios(pipeline, arm.unlocked))
    return list(found.values())


@functools.lru_cache(maxsize=1024)
def _rate(pipeline: Pipeline, updates: int) -> float:
    """Return the simulated updates a second; each page of the same records asks for the same."""
    return pace(pipeline, updates).updates_per_second


@functools.lru_cache(maxsize=64)
def _scenarios(pipeline: Pipeline, unlocked: bool) -> tuple[Scenario, ...]:
    """Return what is simulated with more stages; likewise."""
    if not unlocked:
        return tuple(scenarios(pipeline, updates=_FEW))
    # every stage has to be late before it is steady: long to simulate
    near = min(DELAYS.items(), key=lambda one: one[1])
    some = scenarios(pipeline, COUNTS[:1], updates=_FEW)
    return (*some, *scenarios(pipeline, COUNTS[1:], dict([near]), _FEW))


def _apart(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline whose stages have a machine each: none slows another down."""
    return replace(pipeline, stages=tuple(replace(one, together=1.0) for one in pipeline.stages))


def pipeline_of(arm: Arm, runs: Sequence[Run], delay: float, straggler: float) -> Pipeline:
    """Return an arm as the simulation takes it: the mean times of some of its runs."""
    return Pipeline(
        stages=_mean([measured_times(run.pipeline) for run in runs]),
        schedule=str(arm.cell.schedule),
        delay=delay,
        straggler=straggler,
        learns_from=learns_from(arm.cell.rule),
    )


def _mean(times: Sequence[Sequence[StageTimes]]) -> tuple[StageTimes, ...]:
    return tuple(
        replace(some[0], layers=1, **{name: _of(some, name) for name in _MEANS})
        for some in zip(*times, strict=True)
    )


def _of(some: Sequence[StageTimes], name: str) -> float:
    return statistics.fmean(getattr(one, name) for one in some)
