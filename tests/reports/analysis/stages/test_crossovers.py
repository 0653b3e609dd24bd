"""Crossovers: the delay from which on unlocked stages have an error first."""

import math
from dataclasses import replace

import pytest
from reference.cell_values import LOCKED, UNLOCKED
from sgbench.bench.cell import Cell
from sgbench.reports.analysis.stages.crossovers import crossovers
from sgbench.reports.analysis.stages.rates import Arm, Network, Run


def arm(label, seconds, **fields):
    """An arm that takes so many seconds to 3 % by delay: a list has a number per seed."""
    values = {**(UNLOCKED if "unlocked" in label else LOCKED), **fields, "delay": 0.0}
    cell, runs = Cell.from_dict(values), {}
    for delay, some in seconds.items():
        runs[float(delay), 1.0] = {
            seed: Run(
                1000 / value if value < math.inf else 1.0,
                [{"iteration": 1000, "seconds": value, "error": 3.0}] if value < math.inf else [],
                (),
                (),
            )
            for seed, value in enumerate(some)
        }
    if not cell.schedule.endswith("unlocked"):  # the updates are those without delay
        first = runs[0.0, 1.0]
        runs = {
            key: {s: replace_curve(run, first[s]) for s, run in some.items()}
            for key, some in runs.items()
        }
    return Arm(cell=cell, label=label, runs=runs)


def replace_curve(run, first):
    return replace(run, curve=first.curve)


def crossing(ours, theirs, **fields):
    arms = (arm("unlocked", ours), arm("locked", theirs, **fields))
    (found,) = crossovers(Network(fields={}, label="", arms=arms))
    return found


FLAT = {0: [10.0, 10.0, 10.0], 100: [10.0, 10.0, 10.0]}


def test_a_delay_is_interpolated_by_seed():
    found = crossing(FLAT, {0: [5.0, 5.0, 5.0], 100: [105.0, 55.0, 30.0]})
    assert found.seeds == {0: pytest.approx(5), 1: pytest.approx(10), 2: pytest.approx(20)}
    assert found.interval.mean == pytest.approx(10)
    assert found.words.startswith("from 10 ms on (")
    between = crossing(FLAT, {0: [5.0] * 3, 1: [6.0] * 3, 10: [15.0] * 3, 100: [105.0] * 3})
    assert list(between.seeds.values()) == [pytest.approx(5)] * 3


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        (FLAT, {0: [11.0] * 3, 100: [99.0] * 3}, "ahead without delay"),
        (FLAT, {0: [5.0] * 3, 100: [9.0] * 3}, "behind up to 100 ms"),
        (FLAT, {0: [5.0] * 3}, "behind without delay"),
        (FLAT, {0: [math.inf] * 3, 100: [math.inf] * 3}, "ahead without delay"),
        ({0: [math.inf] * 3}, {0: [5.0] * 3}, "does not reach 3 %"),
        (
            FLAT,
            {0: [11.0, 5.0, 5.0], 100: [99.0, 105.0, 105.0]},
            "from 0 to 5 ms on (range over seeds)",
        ),
        (FLAT, {0: [5.0] * 3, 100: [9.0, 105.0, 105.0]}, "ahead with 2 of 3 seeds"),
    ],
)
def test_words(ours, theirs, words):
    assert crossing(ours, theirs).words == words


def test_a_whole_network_is_held_against_every_delay_of_the_other():
    rising = {0: [10.0] * 3, 100: [30.0] * 3}
    assert crossing(rising, {0: [40.0] * 3}, stages=1).words == "ahead without delay"
    found = crossing(rising, {0: [20.0] * 3}, stages=1)
    assert found.words == "behind at 100 ms, not at every delay below"
    assert crossing(rising, {0: [5.0] * 3}, stages=1).words == "behind up to 100 ms"


def test_an_arm_that_falls_behind_again_is_ahead_from_the_last_crossing_on():
    ours = {0: [10.0] * 3, 10: [10.0] * 3, 30: [30.0] * 3, 100: [30.0] * 3}
    found = crossing(ours, {0: [5.0] * 3, 10: [15.0] * 3, 30: [25.0] * 3, 100: [60.0, 25.0, 60.0]})
    assert found.seeds == {0: pytest.approx(40), 1: math.inf, 2: pytest.approx(40)}
    assert found.words == "ahead with 2 of 3 seeds"
    whole = crossing(ours, {0: [10.5] * 3}, stages=1)
    assert whole.seeds == dict.fromkeys(range(3), math.inf)
    assert whole.words == "behind at 100 ms, not at every delay below"


@pytest.mark.parametrize(
    ("ours", "words", "most"),
    [
        (
            {0: [10.0] * 3, 10: [10.0] * 3, 100: [10.0, math.inf, math.inf]},
            "from 5 ms on, up to 10 ms",
            10,
        ),
        (
            {0: [4.0] * 3, 10: [math.inf] * 3, 100: [math.inf] * 3},
            "ahead without delay, up to 0 ms",
            0,
        ),
        ({0: [50.0] * 3, 10: [50.0] * 3, 100: [math.inf] * 3}, "behind up to 10 ms", 10),
        ({0: [math.inf, 4.0, 4.0], 10: [4.0] * 3}, "ahead with 2 of 3 seeds", 10),
        (
            {0: [4.0] * 3, 10: [4.0] * 3, 100: [200.0, math.inf, math.inf]},
            "ahead without delay, up to 10 ms",
            10,
        ),
    ],
)
def test_what_does_not_reach_the_error_at_long_delays_is_compared_up_to_there(ours, words, most):
    found = crossing(ours, {0: [5.0] * 3, 10: [15.0] * 3, 100: [105.0] * 3})
    assert (found.words.replace(" (5 to 5)", ""), found.most) == (words, most)
