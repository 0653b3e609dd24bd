"""What an update takes of what curves are drawn against."""

import math

import pytest
from reference.programs import tiny_cell
from reference.timings import timing_of
from sgbench.bench.families.family import family_for
from sgbench.reports.figures.data.progress import bytes_counted, per_update

TRAINING = 1437  # images of digits that are trained on


def test_passes_are_shares_of_the_training_examples():
    assert per_update(tiny_cell("backprop"), "passes", {}) == 9 / TRAINING
    held_out = TRAINING - TRAINING // 6
    assert per_update(tiny_cell("backprop", split="validation"), "passes", {}) == 9 / held_out
    assert per_update(tiny_cell("backprop", patience=3), "passes", {}) == 9 / held_out


def test_operations_are_two_a_multiplication():
    cell = tiny_cell("backprop")
    assert per_update(cell, "flops", {}) == 2 * family_for(cell).work(cell) / cell.iterations
    assert per_update(tiny_cell("dfa"), "flops", {}) < per_update(cell, "flops", {})


def test_bytes_are_those_that_the_last_timing_counted():
    cell = tiny_cell("backprop")
    timings = [
        timing_of(cell, bytes=7.0, measured="2026-01-02T00:00:00+00:00"),
        timing_of(cell, bytes=5.0, measured="2026-01-01T00:00:00+00:00"),
        timing_of(cell, bytes=3.0, measured="2026-01-03T00:00:00+00:00", replicas=2),
    ]
    counted = bytes_counted(timings)
    assert bytes_counted(timings[::-1]) == counted
    assert per_update(cell, "bytes", counted) == 7
    other_schedule = tiny_cell("backprop", seed=4, learning_rate=0.5, iterations=99, patience=3)
    assert per_update(other_schedule, "bytes", counted) == 7
    assert math.isnan(per_update(tiny_cell("dfa"), "bytes", counted))


@pytest.mark.parametrize("x", ["iteration", "seconds", "updates", "data_steps"])
def test_all_else_goes_by_iterations(x):
    assert per_update(tiny_cell("backprop"), x, {}) == 1
