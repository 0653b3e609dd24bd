"""Turns: how many steps they take, and what counts of them."""

import pytest
from sgbench.bench.profiling import interleaved
from sgbench.bench.profiling.clock import CpuClock
from sgbench.bench.profiling.interleaved import Turn


class Time:
    """A time that stands still but for what is done."""

    def __init__(self):
        self.now = 0.0

    def take(self, seconds):
        self.now += seconds


@pytest.mark.parametrize(("seconds", "unit", "steps"), [(0.01, 1, 5), (1.0, 1, 1), (0.01, 4, 8)])
def test_a_turn_is_filled_with_steps(seconds, unit, steps):
    time = Time()
    turn = Turn(do=lambda: time.take(seconds))
    turn.fill(CpuClock(lambda: time.now), unit)
    assert turn.steps == steps
    assert turn.seconds == []


def test_a_turn_has_a_limit_of_steps():
    time = Time()
    turn = Turn(do=lambda: time.take(1e-9))
    turn.fill(CpuClock(lambda: time.now))
    assert turn.steps == interleaved.MOST_STEPS


def test_the_preparation_of_a_turn_does_not_count():
    time = Time()
    turn = Turn(do=lambda: time.take(2.0), begin=lambda: time.take(100.0), steps=3)
    turn.run(CpuClock(lambda: time.now))
    assert turn.seconds == [2.0]
