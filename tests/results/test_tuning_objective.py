"""Objectives of studies: which number of a record, and which direction is better."""

import pytest
from sgbench.results.tuning_objective import objective_of


@pytest.mark.parametrize(
    ("dataset", "minimize", "worst"),
    [("mnist", True, 100.0), ("copy", False, 0.0), ("ptb", True, 8.0), ("counting", True, 100.0)],
)
def test_the_worst_value_is_worse_than_any_result(dataset, minimize, worst):
    objective = objective_of(dataset)
    assert (objective.minimize, objective.worst) == (minimize, worst)
    assert objective.better(1.0, worst)
    assert not objective.better(worst, 1.0)


def test_the_results_of_both_splits(make):
    objective = objective_of("digits")
    on_test, held = make.record(), make.record(make.cell(split="validation"))
    assert objective.test_result(on_test) == on_test.test_error
    assert objective.validation_result(on_test) is None
    assert objective.validation_result(held) == held.validation_error
    assert objective.test_result(held) is None


def test_of_several_fields_the_mean_counts_and_only_where_all_have_a_value():
    points = [
        {"iteration": 1, "error_a": 40.0, "error_b": 60.0},
        {"iteration": 2, "error_a": None, "error_b": 60.0},
    ]
    assert objective_of("counting").seen(points) == [(1, 50.0)]


def test_of_a_text_the_best_evaluation_so_far_counts():
    points = [{"iteration": i, "bits": bits} for i, bits in ((1, 2.0), (2, 3.0), (3, 1.5))]
    assert objective_of("ptb").seen(points) == [(1, 2.0), (2, 2.0), (3, 1.5)]


def test_the_best_evaluation_so_far_counts_where_it_is_asked_for():
    points = [{"iteration": i, "error": error} for i, error in ((1, 2.0), (2, 3.0), (3, 1.5))]
    assert objective_of("digits").seen(points) == [(1, 2.0), (2, 3.0), (3, 1.5)]
    assert objective_of("digits").seen(points, best=True) == [(1, 2.0), (2, 2.0), (3, 1.5)]
