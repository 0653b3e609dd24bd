"""Blueprints: what they say of a layer is what the running layer has and does."""

import math

import pytest
import torch
from sgbench.bench.nn import blueprint
from sgbench.bench.nn.blueprint import (
    BatchNorm2dSpec,
    BatchNormSpec,
    ConvSpec,
    LinearSpec,
    PoolSpec,
    ReLUSpec,
    sequence,
)
from sgbench.bench.nn.layers import build
from sgbench.bench.nn.recurrent_blueprint import LSTMSpec
from sgbench.bench.profiling import op_counter

DENSE = sequence(
    ("a", LinearSpec(6, 5, bias=False)),
    ("a", BatchNormSpec(5)),
    ("b", LinearSpec(5, 4, bias=True)),
)
MAPS = sequence(
    ("a", ConvSpec(2, 3, 5, bias=False)),
    ("a", BatchNorm2dSpec(3)),
    ("a.pool", PoolSpec(maximum=True)),
    ("a.relu", ReLUSpec()),
    ("b", ConvSpec(3, 4, 3, bias=True)),
    ("b.pool", PoolSpec(maximum=False)),
)


def bound(plan):
    """The running layers of one replica with weights of their own."""
    layers = build(plan)
    make = {name: torch.rand(1, *shape) for name, shape in plan.shapes.items()}
    stats = {name: torch.ones(1, *shape) for name, shape in plan.statistics.items()}
    layers.bind(make, {name: torch.zeros_like(w) for name, w in make.items()}, stats)
    return layers


@pytest.mark.parametrize(
    ("plan", "shape", "batch_last"), [(DENSE, (6,), True), (MAPS, (2, 7, 5), False)]
)
def test_shapes_and_products_are_those_of_a_pass(plan, shape, batch_last):
    layers, batch = bound(plan), 3
    x = torch.rand(1, *shape, batch) if batch_last else torch.rand(batch, *shape)
    with torch.inference_mode():
        cost = op_counter.count(lambda: layers(x))
        h, _ = layers(x)
    assert math.prod(plan.output(shape)) * batch == h.numel()
    assert plan.output(shape) == tuple(h.shape[1:-1] if batch_last else h.shape[1:])
    assert cost.flops == 2 * batch * plan.multiplications(shape)


def test_numbers_that_products_leave():
    assert DENSE.products((6,)) == 5 + 4
    assert MAPS.products((2, 7, 5)) == 3 * 7 * 5 + 4 * 4 * 3


def test_weights_are_counted_and_named():
    assert DENSE.weights == 6 * 5 + 2 * 5 + 5 * 4 + 4
    assert list(DENSE.shapes) == ["a.weight", "a.gamma", "a.beta", "b.weight", "b.bias"]
    assert DENSE.statistics == {"a.mean": (5,), "a.variance": (5,)}
    assert DENSE.fan_in == {"a.weight": 6, "b.weight": 5, "b.bias": 5}
    assert MAPS.fan_in == {"a.weight": 50, "b.weight": 27, "b.bias": 27}
    assert build(MAPS).blueprint == MAPS


def test_what_is_no_layer_of_a_sequence_is_not_built():
    with pytest.raises(TypeError, match="LSTM"):
        build(sequence(("core", LSTMSpec(3, 4))))


def test_a_layer_without_weights_says_so():
    plain = blueprint.LayerSpec()
    assert (plain.shapes, plain.statistics, plain.fan_in) == ({}, {}, None)
    assert (plain.output((3, 2)), plain.multiplications((3, 2))) == ((3, 2), 0)


def test_the_lowest_product_is_the_first_that_multiplies():
    assert DENSE.lowest_multiplications((6,)) == 6 * 5
    assert MAPS.lowest_multiplications((2, 8, 8)) == 2 * 3 * 25 * 64
    later = sequence(("a", ReLUSpec()), ("b", LinearSpec(5, 4, bias=True)))
    assert later.lowest_multiplications((5,)) == 20
    assert sequence(("a", ReLUSpec())).lowest_multiplications((5,)) == 0
