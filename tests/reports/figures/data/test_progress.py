"""What an update takes of what curves are drawn against."""

import pytest
from reference.programs import tiny_cell
from sgbench.bench.families.family import family_for
from sgbench.reports.figures.data.progress import per_update

TRAINING = 1437  # images of digits that are trained on


def test_passes_are_shares_of_the_training_examples():
    assert per_update(tiny_cell("backprop"), "passes") == 9 / TRAINING
    held_out = TRAINING - TRAINING // 6
    assert per_update(tiny_cell("backprop", split="validation"), "passes") == 9 / held_out
    assert per_update(tiny_cell("backprop", patience=3), "passes") == 9 / held_out


def test_operations_are_two_a_multiplication():
    cell = tiny_cell("backprop")
    assert per_update(cell, "flops") == 2 * family_for(cell).work(cell) / cell.iterations
    assert per_update(tiny_cell("dfa"), "flops") < per_update(cell, "flops")


@pytest.mark.parametrize("x", ["iteration", "seconds", "updates", "data_steps"])
def test_all_else_goes_by_iterations(x):
    assert per_update(tiny_cell("backprop"), x) == 1
