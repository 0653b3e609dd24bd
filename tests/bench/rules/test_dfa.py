"""Direct feedback alignment: over one hidden layer, with W^T for feedback, it is backprop."""

import math

import pytest
import torch
from reference.programs import batches, differing, gradients, program_of, tiny_cell, update


@pytest.mark.parametrize("network", ["fcn", "cnn"])
@pytest.mark.parametrize("loss", [None, "sigmoid"])
def test_under_the_classifier_with_its_weights_for_feedback_it_is_backprop(network, loss):
    found, wanted = (
        program_of(tiny_cell(rule, network, depth=2, loss_function=loss), randomised=False)
        for rule in ("dfa", "backprop")
    )
    for index in batches(found, 3):
        found.kept["feedback0"].copy_(found.weights.named["classifier.weight"].mT)
        update(found, index)
        update(wanted, index)
        for name, gradient in gradients(found).items():
            torch.testing.assert_close(gradient, gradients(wanted)[name], rtol=1e-10, atol=1e-13)


def test_the_topmost_of_many_layers_too_and_no_other():
    found, wanted = (program_of(tiny_cell(rule)) for rule in ("dfa", "backprop"))
    (index,) = batches(found, 1)
    found.kept["feedback2"].copy_(found.weights.named["classifier.weight"].mT)
    for program in (found, wanted):
        update(program, index)
    one, other = gradients(found), gradients(wanted)
    same = {name for name in one if torch.allclose(one[name], other[name], rtol=1e-9, atol=1e-12)}
    assert same == {name for name in one if name.startswith(("hidden2", "classifier"))}


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_feedback_goes_from_the_classes_to_the_features(network):
    program = program_of(tiny_cell("dfa", network))
    for i, shape in enumerate(program.network.hidden_shapes):
        feedback, size = program.kept[f"feedback{i}"], math.prod(shape)
        assert feedback.shape == (1, size, 10)
        assert 0.7 / math.sqrt(size) < feedback.abs().max() <= 1 / math.sqrt(size)


def test_feedback_of_a_layer_is_of_no_other():
    found, wanted = (program_of(tiny_cell("dfa")) for _ in range(2))
    found.kept["feedback1"].mul_(2)
    (index,) = batches(found, 1)
    for program in (found, wanted):
        update(program, index)
    changed = differing(gradients(found), gradients(wanted))
    assert changed == {"hidden1.weight", "hidden1.gamma", "hidden1.beta"}
