"""Layers in sequence: the pullback is the chain of theirs, and tensors reach them by name."""

import pytest
import torch
from reference.programs import CPU, tiny_cell
from sgbench.bench.nn import recurrent_blueprint
from sgbench.bench.nn.arithmetic import Exact
from sgbench.bench.nn.blueprint import (
    BatchNormSpec,
    DropoutSpec,
    LinearSpec,
    ReLUSpec,
    sequence,
)
from sgbench.bench.nn.layers import Block, bound, build
from sgbench.bench.nn.lstm import LSTM
from sgbench.bench.nn.noise import Noise

PLAN = sequence(
    ("a", LinearSpec(4, 3, bias=False)),
    ("a", BatchNormSpec(3)),
    ("b", LinearSpec(3, 2, bias=True)),
    ("b.relu", ReLUSpec()),
)


def tensors(shapes):
    return {name: torch.rand(2, *shape, dtype=torch.float64) for name, shape in shapes.items()}


def prepared():
    layers, weights = build(PLAN), tensors(PLAN.shapes)
    grads, stats = tensors(PLAN.shapes), tensors(PLAN.statistics)
    layers.bind(weights, grads, stats)
    return layers, weights, grads, stats


def test_the_pullback_is_that_of_all_parts():
    layers, _, grads, _ = prepared()
    x = torch.rand(2, 4, 5, dtype=torch.float64)
    h, pullback = layers(x)
    assert h.shape == (2, 2, 5)
    delta = torch.rand(2, 2, 5, dtype=torch.float64)
    found = pullback(delta.clone())
    step = 1e-6
    direction = torch.rand_like(x)
    layers.track = False
    ahead, behind = layers(x + step * direction)[0], layers(x - step * direction)[0]
    slope = ((ahead - behind) * delta).sum() / (2 * step)
    torch.testing.assert_close((found * direction).sum(), slope, rtol=1e-5, atol=1e-7)
    first = {name: grad.clone() for name, grad in grads.items()}
    assert pullback(delta.clone(), need_input=False) is None
    assert all(torch.equal(first[name], grads[name]) for name in grads)  # it may be called again


def test_a_gradient_of_another_shape_is_refused_though_it_could_be_broadcast():
    layers, _, _, _ = prepared()
    _, pullback = layers(torch.rand(2, 4, 5, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"\[2, 2, 1\].*\[2, 2, 5\]"):
        pullback(torch.rand(2, 2, 1, dtype=torch.float64))


def test_statistics_move_where_they_are_tracked():
    layers, _, _, stats = prepared()
    before = stats["a.mean"].clone()
    layers.track = False
    layers(torch.rand(2, 4, 5, dtype=torch.float64))
    assert torch.equal(stats["a.mean"], before)
    layers.track = True
    layers(torch.rand(2, 4, 5, dtype=torch.float64))
    assert not torch.equal(stats["a.mean"], before)


def of_one_layer(rate):
    layers = build(sequence(("a", DropoutSpec(rate)), ("a", LinearSpec(40, 3, bias=False))))
    weights = tensors(layers.blueprint.shapes)
    layers.bind(weights, tensors(layers.blueprint.shapes), {})
    layers.listen(Noise([tiny_cell("backprop", seed=seed) for seed in (0, 1)], CPU))
    return layers, weights["a.weight"]


def test_dropout_lies_below_the_product_and_is_on_the_way_down_too():
    layers, weight = of_one_layer(0.5)
    x, delta = torch.rand(2, 40, 5, dtype=torch.float64) + 1, torch.rand(2, 3, 5).double()
    h, pullback = layers(x)
    drawn = Noise([tiny_cell("backprop", seed=seed) for seed in (0, 1)], CPU)
    kept = 2 * (drawn.uniform("dropout/a", (40, 5)) >= 0.5).double()
    torch.testing.assert_close(h, weight @ (x * kept))
    torch.testing.assert_close(pullback(delta), kept * (weight.mT @ delta))
    feedback = torch.rand(2, 3, 40, dtype=torch.float64)
    torch.testing.assert_close(pullback(delta, feedback=feedback), kept * (feedback.mT @ delta))
    assert pullback(delta, need_input=False) is None
    torch.testing.assert_close(layers.evaluate(x), weight @ x)


def test_feedback_stands_in_for_the_lowest_weight_and_leaves_gradients_alone():
    layers, weights, grads, _ = prepared()
    h, pullback = layers(torch.rand(2, 4, 5, dtype=torch.float64))
    delta = torch.rand_like(h)
    plain = pullback(delta.clone())
    written = {name: grad.clone() for name, grad in grads.items()}
    assert torch.equal(pullback(delta.clone(), feedback=weights["a.weight"].clone()), plain)
    found = pullback(delta.clone(), feedback=2 * weights["a.weight"])
    torch.testing.assert_close(found, 2 * plain)
    assert all(torch.equal(written[name], grads[name]) for name in grads)


def test_the_arithmetic_reaches_all_that_multiplies():
    layers, _, _, _ = prepared()
    core = LSTM(recurrent_blueprint.LSTMSpec(3, 2))
    block, calls = Block(("core", core)), []

    class Recorded(Exact):
        def operand(self, x, /):
            calls.append(x)
            return x

    arithmetic = Recorded()
    layers.take(arithmetic)
    block.take(arithmetic)
    layers.evaluate(torch.rand(2, 4, 5, dtype=torch.float64))
    assert len(calls) == 4  # weight and input, twice
    assert core.arithmetic is arithmetic
    assert block.blueprint.shapes == {"core.weight": (8, 6)}


def test_the_bound_of_initial_weights():
    assert bound(25) == 0.2
