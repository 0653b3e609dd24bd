"""Deep supervision: without heads it is backprop, without the top loss and depth local learning."""

import pytest
import torch
from reference.programs import batches, gradients, program_of, tiny_cell, update
from sgbench.bench import registry


def with_heads(program):
    """Give the heads, which start at zero, other weights."""
    for name, view in program.weights.named.items():
        if name.startswith("head"):
            view.copy_(torch.linspace(-1, 1, view.numel(), dtype=view.dtype).view_as(view))
    return program


def written(cell, heads=True):
    program = program_of(cell, randomised=False)
    if heads:
        with_heads(program)
    (index,) = batches(program, 1)
    update(program, index)
    return gradients(program)


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_while_heads_are_zero_it_is_backprop_bit_for_bit(network):
    found = written(tiny_cell("deep_supervision", network), heads=False)
    wanted = written(tiny_cell("backprop", network))
    for name, gradient in wanted.items():
        assert torch.equal(found[name], gradient), name


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_of_one_layer_without_the_top_loss_it_is_local_prediction_bit_for_bit(network):
    cells = [
        tiny_cell("deep_supervision", network, depth=2, top_weight=0.0),
        tiny_cell("local_pred", network, depth=2),
    ]
    found, wanted = (program_of(cell, randomised=False) for cell in cells)
    for index in batches(found, 4):
        update(found, index)
        update(wanted, index)
    assert torch.equal(found.weights.flat, wanted.weights.flat)


def test_of_several_layers_the_heads_above_teach_too():
    deep = written(tiny_cell("deep_supervision", top_weight=0.0))
    local = written(tiny_cell("local_pred"))
    for name, gradient in local.items():
        above = name.startswith(("hidden0", "hidden1"))
        assert torch.equal(deep[name], gradient) == (not above), name


def test_the_weight_is_of_the_top_loss_below_the_classifier():
    """What hidden layers learn is linear in it; classifier and heads learn the same."""
    zero, half, one = (
        written(tiny_cell("deep_supervision", top_weight=weight)) for weight in (0.0, 0.5, 1.0)
    )
    for name, gradient in half.items():
        if name.startswith("hidden"):
            wanted = (zero[name] + one[name]) / 2
            torch.testing.assert_close(gradient, wanted, rtol=1e-9, atol=1e-14, msg=name)
            assert not torch.equal(zero[name], one[name])
        else:
            assert torch.equal(zero[name], one[name])


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_the_gradient_is_the_slope_of_its_objective(network):
    program = with_heads(
        program_of(tiny_cell("deep_supervision", network, depth=3), randomised=False)
    )
    rule, (index,) = registry.RULES.module("deep_supervision"), batches(program, 1)
    images, labels = program.batches.take(index)
    x = program.network.architecture.pack(images)
    rule.step(program.network, x, labels)
    found, step = gradients(program), 1e-6
    with program.network.untracked():
        for name, view in program.weights.named.items():
            at = (0, *(size // 2 for size in view.shape[1:]))
            before, sides = float(view[at]), []
            for moved in (step, -step):
                view[at] = before + moved
                sides.append(float(rule.objective(program.network, x, labels)))
            view[at] = before
            slope = (sides[0] - sides[1]) / (2 * step)
            assert float(found[name][at]) == pytest.approx(slope, rel=1e-5, abs=1e-8), name
