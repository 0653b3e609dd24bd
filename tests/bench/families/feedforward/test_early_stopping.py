"""Early stopping: which evaluation counts, when the test set is looked at, and when it ends."""

import math

import pytest
import torch
from reference.programs import program_of, random_data, tiny_cell
from sgbench.bench.conformance.harness import copied
from sgbench.bench.families.feedforward.early_stopping import EarlyStopping


def stopping(replicas=1, patience=2, split="test"):
    cells = (tiny_cell("backprop", seed=r, patience=patience, split=split) for r in range(replicas))
    return EarlyStopping(list(cells))


MORE = {"test": 10, "train": -10}


def observe(found, *errors, test=None):
    """Validation errors of the replicas.

    Test errors are ten more, or may not be asked for; those on training examples are ten less.
    """

    def evaluate(which):
        assert which != "test" or test is not False, "the test set is looked at"
        others = [error + MORE[which] for error in errors]
        return others, [error / 100 for error in others]

    found.observe((list(errors), [error / 100 for error in errors]), evaluate)


def ended(found):
    return all(map(found.stopped, range(len(found.waited))))


def test_it_ends_after_so_many_evaluations_without_a_lower_error():
    found = stopping()
    for error, ends in ((9, False), (7, False), (8, False), (6, False), (6, False), (6.5, True)):
        assert not ended(found)
        observe(found, error)
        assert ended(found) == ends


def test_what_counts_is_the_first_of_the_lowest():
    found = stopping(patience=3)
    for error in (5.0, 3.0):
        observe(found, error)
    assert found.final == ([13.0], [0.13])
    for error in (3.0, 4.0):
        observe(found, error, test=False)
    assert found.final == ([13.0], [0.13])


def test_a_replica_that_has_ended_waits_for_the_others_unchanged():
    found = stopping(replicas=2)
    for errors in ((5.0, 5.0), (6.0, 4.0), (6.0, 3.0)):
        observe(found, *errors)
    assert not ended(found)
    observe(found, 1.0, 2.0)
    assert found.final[0] == [15.0, 12.0]
    observe(found, 0.0, 2.0, test=False)
    observe(found, 0.0, 2.0, test=False)
    assert ended(found)


def test_errors_on_training_examples_are_those_of_where_a_replica_ended():
    found = stopping(replicas=2)
    for errors in ((5.0, 5.0), (6.0, 4.0), (7.0, 3.0), (8.0, 2.0)):
        observe(found, *errors)
    now = ([0.5, 0.6], [0.05, 0.06])
    assert found.train(lambda which: {"train": now}[which]) == ([-3.0, 0.6], [-0.03, 0.06])
    observe(found, 9.0, 4.0)
    observe(found, 9.0, 4.0)
    assert found.train(pytest.fail) == ([-3.0, -6.0], [-0.03, -0.06])


def test_on_the_validation_split_the_test_set_is_never_looked_at():
    found = stopping(split="validation")
    for error in (5.0, 4.0, 6.0):
        observe(found, error, test=False)
    assert found.final == ([4.0], [0.04])


def test_an_error_that_is_no_number_is_not_lower():
    found = stopping()
    for error in (math.nan, math.nan):
        observe(found, error, test=False)
    assert ended(found)
    assert math.isnan(found.final[0][0])


def test_restored_it_goes_on():
    found = stopping(replicas=2)
    for errors in ((5.0, 5.0), (6.0, 4.0)):
        observe(found, *errors)
    other = stopping(replicas=2)
    other.restore(copied(found.state()))
    for one in (found, other):
        observe(one, 4.5, 7.0)
    assert other.state() == found.state()
    observe(other, 1.0, 1.0)  # what was restored is its own
    assert other.state() != found.state()


def trained(*cells, updates=60):
    program = program_of(*cells, randomised=False)
    while program.iteration < updates and not program.ended:
        program.step()
        if program.iteration % 5 == 0:
            program.evaluate_all()
    return program


@pytest.mark.parametrize("split", ["test", "validation"])
def test_a_program_ends_and_has_the_results_of_its_lowest_error(split):
    cell = tiny_cell("backprop", split=split, patience=2)
    program = trained(cell)
    assert program.ended
    assert program.iteration < 60
    again, seen = program_of(cell, randomised=False), []
    while again.iteration < program.iteration:
        again.step()
        if again.iteration % 5 == 0:
            validation = again.evaluate("held")[0][0]
            seen.append((validation, again.evaluate("test" if split == "test" else "held")))
    lowest = min(range(len(seen)), key=lambda n: seen[n][0])
    assert lowest == len(seen) - 3
    (found,) = program.results()
    assert [found["error_rate"]] == seen[lowest][1][0]
    assert [found["loss"]] == seen[lowest][1][1]


def test_what_decides_is_neither_trained_on_nor_the_test_set():
    data, source = random_data(), program_of(tiny_cell("backprop", patience=2)).batches
    assert torch.equal(source.images, torch.as_tensor(data.train_images[:50]))
    assert torch.equal(source.held_images, torch.as_tensor(data.train_images[50:]))
    (found,) = [images for images, _ in source.chunks("test")]
    assert torch.equal(found[0] * 16, torch.as_tensor(data.test_images).double())


def test_a_resumed_program_ends_as_it_would_have():
    cells = [tiny_cell("backprop", seed=seed, patience=2) for seed in (0, 1)]
    whole = trained(*cells, updates=10)
    resumed = program_of(*cells, randomised=False)
    resumed.restore(copied(whole.state()))
    for program in (whole, resumed):
        while program.iteration < 60 and not program.ended:
            program.step()
            if program.iteration % 5 == 0:
                program.evaluate_all()
    assert whole.iteration == resumed.iteration
    assert whole.results() == resumed.results()
