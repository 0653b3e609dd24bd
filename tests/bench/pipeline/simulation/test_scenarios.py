"""Scenarios: deeper networks, longer ways, and where one arm overtakes another."""

import math
from dataclasses import replace

import pytest
from sgbench.bench.errors import UsageError
from sgbench.bench.pipeline.simulation.pipeline import Pipeline, StageTimes
from sgbench.bench.pipeline.simulation.scenarios import DELAYS, Arm, crossover, deeper, scenarios

BOTTOM = StageTimes(
    forward_seconds=1e-3,
    backward_seconds=2e-3,
    model_seconds=1e-3,
    update_seconds=5e-4,
    message_seconds=2.5e-4,
)
TOP = replace(BOTTOM, forward_seconds=5e-4, message_seconds=0.0)
MIDDLE = replace(BOTTOM, forward_seconds=2e-3)
LOCKED = Pipeline(stages=[BOTTOM, TOP], schedule="locked")
UNLOCKED = Pipeline(stages=[BOTTOM, TOP], schedule="unlocked")


def test_a_deeper_network_keeps_its_top():
    assert deeper([BOTTOM, TOP], 4, "locked") == (BOTTOM, BOTTOM, BOTTOM, TOP)
    wanted = (BOTTOM, MIDDLE, BOTTOM, MIDDLE, TOP)
    assert deeper([BOTTOM, MIDDLE, TOP], 5, "unlocked") == wanted
    assert deeper([BOTTOM, MIDDLE, TOP], 1, "locked") == (TOP,)


def test_processes_of_a_deeper_network_have_as_much_to_do():
    stages = deeper([BOTTOM, BOTTOM], 8, "data_parallel")
    assert len(stages) == 8
    assert stages[0].forward_seconds == BOTTOM.forward_seconds
    assert stages[0].update_seconds == 4 * BOTTOM.update_seconds
    # 14 messages around the ring instead of 2
    assert stages[0].message_seconds == pytest.approx(7 * BOTTOM.message_seconds)


@pytest.mark.parametrize(
    ("stages", "count", "message"),
    [([TOP], 4, "stages has one stage"), ([BOTTOM, TOP], 0, "count is 0: give at least 1 stage")],
)
def test_what_says_nothing_of_messages_is_refused(stages, count, message):
    with pytest.raises(UsageError, match=message):
        deeper(stages, count, "locked")


def test_scenarios_are_told_by_stages_and_delay():
    found = scenarios(LOCKED, counts=(2, 4), updates=5)
    assert [(one.stages, one.distance) for one in found] == [
        (count, name) for count in (2, 4) for name in DELAYS
    ]
    for one in found:
        path = (one.stages - 1) * 3e-3 + 2.5e-3 + BOTTOM.update_seconds
        way = 2 * (one.stages - 1) * (BOTTOM.message_seconds + one.delay / 1000)
        assert one.updates_per_second == pytest.approx(1 / (path + way))
        assert one.staleness is None


def test_unlocked_keeps_its_rate_at_any_distance_and_targets_age():
    found = scenarios(UNLOCKED, counts=(8,))
    assert {round(one.updates_per_second, 6) for one in found} == {round(1 / 4.5e-3, 6)}
    ages = [one.staleness for one in found]
    assert ages == sorted(ages)
    assert ages[-1] == pytest.approx(2 * 0.075 / 4.5e-3, abs=2)


@pytest.mark.parametrize("more", [2.0, 3.0])
def test_the_crossover_of_locked_and_unlocked(more):
    """Where more updates of 4.5 ms each take as long as locked ones of a path and two delays."""
    path = 3.5 + 2.5 + 2 * 0.25
    wanted = (more * 4.5 - path) / 2
    found = crossover(
        Arm(pipeline=LOCKED, updates=1000.0), Arm(pipeline=UNLOCKED, updates=more * 1000)
    )
    assert found == pytest.approx(wanted, abs=2e-3)


def test_the_crossover_counts_updates_that_grow_with_the_delay():
    first = Arm(pipeline=LOCKED, updates=1000.0)
    steady = Arm(pipeline=UNLOCKED, updates=2000.0)
    growing = Arm(pipeline=UNLOCKED, updates=lambda delay: 2000.0 + 100 * delay)
    assert crossover(first, growing) > crossover(first, steady)


def test_an_arm_that_is_ahead_everywhere_or_nowhere():
    first = Arm(pipeline=LOCKED, updates=1000.0)
    assert crossover(first, Arm(pipeline=UNLOCKED, updates=1000.0)) == 0.0
    assert crossover(first, Arm(pipeline=UNLOCKED, updates=math.inf)) is None
    assert crossover(first, Arm(pipeline=UNLOCKED, updates=2000.0), most=0.5) is None
    assert crossover(first, first) is None
