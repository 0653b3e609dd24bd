"""Passes and operations of an update."""

import pytest
from reference.programs import tiny_cell
from sgbench.bench.families.family import family_for
from sgbench.reports.analysis.costs.of_an_update import operations, passes


def test_a_validation_split_and_patience_leave_fewer_examples_to_pass_over():
    assert passes(tiny_cell("backprop")) == 9 / 1437
    assert passes(tiny_cell("backprop", patience=3)) == 9 / (1437 - 1437 // 6)


def test_operations_are_two_a_multiplication():
    cell = tiny_cell("dfa")
    assert operations(cell) == 2 * family_for(cell).work(cell) / cell.iterations


def test_a_smaller_last_batch_counts_as_what_it_is():
    cell = tiny_cell("dfa", last_batch="smaller")  # 1,437 examples: 159 batches of 9, one of 6
    assert 160 * passes(cell) == pytest.approx(1)
    full = 2 * family_for(cell).work(cell) / cell.iterations
    assert operations(cell) == pytest.approx(full * 1437 / (160 * 9))
