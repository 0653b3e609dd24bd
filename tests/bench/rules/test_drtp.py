"""Direct random target projection: the label alone teaches a hidden layer."""

import math

import pytest
import torch
from reference.programs import batches, differing, gradients, program_of, tiny_cell, update


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_what_the_network_says_teaches_the_classifier_alone(network):
    found, wanted = (program_of(tiny_cell("drtp", network)) for _ in range(2))
    found.weights.named["classifier.weight"].mul_(-3)
    found.weights.named["classifier.bias"].add_(1)
    (index,) = batches(found, 1)
    for program in (found, wanted):
        update(program, index)
    changed = differing(gradients(found), gradients(wanted))
    assert changed == {"classifier.weight", "classifier.bias"}


def test_a_layer_is_taught_its_matrix_s_column_of_the_label():
    program = program_of(
        tiny_cell("drtp", depth=3, norm="none", activation="tanh"), randomised=False
    )
    network, (index,) = program.network, batches(program, 1)
    images, labels = program.batches.take(index)
    x = network.architecture.pack(images)
    h0 = network.hidden[0].evaluate(x)
    h1 = network.hidden[1].evaluate(h0)
    update(program, index)
    found = gradients(program)
    for i, (below, h) in enumerate(((x, h0), (h0, h1))):
        delta = program.kept[f"feedback{i}"][0][:, labels[0]] / 9 * (1 - h[0] ** 2)
        torch.testing.assert_close(found[f"hidden{i}.weight"][0], delta @ below[0].T)
        torch.testing.assert_close(found[f"hidden{i}.bias"][0], delta.sum(1))


def test_of_no_loss_it_is_the_same_whichever():
    found, wanted = (
        program_of(tiny_cell("drtp", loss_function=loss)) for loss in ("sigmoid", "softmax")
    )
    (index,) = batches(found, 1)
    for program in (found, wanted):
        update(program, index)
    changed = differing(gradients(found), gradients(wanted))
    assert changed == {"classifier.weight", "classifier.bias"}


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_the_range_of_its_matrices(network):
    program = program_of(tiny_cell("drtp", network))
    for i, shape in enumerate(program.network.hidden_shapes):
        found, bound = program.kept[f"feedback{i}"], math.sqrt(6 / math.prod(shape))
        assert found.shape == (1, math.prod(shape), 10)
        assert 0.7 * bound < found.abs().max() <= bound
