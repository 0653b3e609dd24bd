"""Feedback alignment: with the weights for feedback it is backprop."""

import math

import pytest
import torch
from reference.programs import batches, differing, gradients, program_of, tiny_cell, update


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_with_the_weights_for_feedback_it_is_backprop_bit_for_bit(network):
    found, wanted = (
        program_of(tiny_cell(rule, network), tiny_cell(rule, network, seed=1), randomised=False)
        for rule in ("fa", "backprop")
    )
    names = ["hidden1.weight", "hidden2.weight", "classifier.weight"]
    for index in batches(found, 3):
        for number, name in enumerate(names, start=1):
            found.kept[f"feedback{number}"].copy_(found.weights.named[name])
        update(found, index)
        update(wanted, index)
    assert torch.equal(found.weights.flat, wanted.weights.flat)
    (index,) = batches(found, 1)
    update(found, index)  # the weights have moved since
    update(wanted, index)
    assert not torch.equal(found.weights.flat, wanted.weights.flat)


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_feedback_has_the_shape_and_range_of_the_weights_above(network):
    program = program_of(tiny_cell("fa", network), tiny_cell("fa", network, seed=1))
    named = program.weights.named
    above = [named[name] for name in ("hidden1.weight", "hidden2.weight", "classifier.weight")]
    assert list(program.kept) == ["feedback1", "feedback2", "feedback3"]
    for feedback, weight in zip(program.kept.values(), above, strict=True):
        assert feedback.shape == weight.shape
        bound = 1 / math.sqrt(math.prod(weight.shape[2:]))
        assert 0.6 * bound < feedback.abs().max() <= bound
        assert not torch.equal(feedback[0], feedback[1])


def test_without_feedback_the_layers_below_learn_nothing():
    program = program_of(tiny_cell("fa"))
    program.kept["feedback2"].zero_()
    (index,) = batches(program, 1)
    update(program, index)
    found = gradients(program)
    still = {name for name, gradient in found.items() if not gradient.any()}
    assert still == {name for name in found if name.startswith(("hidden0", "hidden1"))}


def test_feedback_never_moves():
    program = program_of(tiny_cell("fa"))
    before = {name: tensor.clone() for name, tensor in program.kept.items()}
    for index in batches(program, 3):
        update(program, index)
    assert differing(before, program.kept) == set()
