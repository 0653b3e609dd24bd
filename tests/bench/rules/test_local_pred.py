"""Local prediction: a layer under its head is a layer under the classifier."""

import pytest
import torch
from reference.programs import batches, differing, gradients, program_of, tiny_cell, update


@pytest.mark.parametrize("network", ["fcn", "cnn"])
@pytest.mark.parametrize("loss", [None, "sigmoid"])
def test_under_a_head_that_is_the_classifier_it_is_backprop_bit_for_bit(network, loss):
    cells = [
        tiny_cell(rule, network, depth=2, loss_function=loss) for rule in ("local_pred", "backprop")
    ]
    found, wanted = (program_of(cell, randomised=False) for cell in cells)
    named = found.weights.named
    for index in batches(found, 3):
        for kind in ("weight", "bias"):
            named[f"head0.output.{kind}"].copy_(named[f"classifier.{kind}"])
        update(found, index)
        update(wanted, index)
    for name, weight in wanted.weights.named.items():
        assert torch.equal(named[name], weight), name


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_heads_start_at_zero_and_hidden_layers_wait_for_them(network):
    program = program_of(tiny_cell("local_pred", network), randomised=False)
    assert not any(program.weights.named[f"head{i}.output.weight"].any() for i in range(3))
    first, second = batches(program, 2)
    update(program, first)
    still = {name for name, gradient in gradients(program).items() if not gradient.any()}
    assert still == {name for name in gradients(program) if name.startswith("hidden")}
    update(program, second)
    assert all(gradient.any() for gradient in gradients(program).values())


def test_no_head_teaches_a_layer_below_its_own():
    found, wanted = (program_of(tiny_cell("local_pred"), randomised=False) for _ in range(2))
    for program in (found, wanted):
        for i in range(3):  # heads start at zero
            view = program.weights.named[f"head{i}.output.weight"]
            view.copy_(torch.linspace(-1, 1, view.numel(), dtype=view.dtype).view_as(view))
    found.weights.named["head1.output.weight"].mul_(-2)
    (index,) = batches(found, 1)
    for program in (found, wanted):
        update(program, index)
    changed = differing(gradients(found), gradients(wanted))
    assert {name.split(".")[0] for name in changed} == {"hidden1", "head1"}
