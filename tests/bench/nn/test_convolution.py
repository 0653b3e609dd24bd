"""Convolutional layers against autograd, in float64; replicas are groups of channels."""

import pytest
import torch
from sgbench.bench.nn import blueprint
from sgbench.bench.nn.convolution import BatchNorm2d, Conv, Pool
from sgbench.bench.nn.dense import EPSILON, MOMENTUM
from torch.nn import functional

R, B, C = 2, 3, 2


def normal(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def bound(layer):
    plan = layer.blueprint
    weights = {name: normal(R, *shape) for name, shape in plan.shapes.items()}
    grads = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    stats = {
        name: torch.full((R, *shape), float(name == "variance"), dtype=torch.float64)
        for name, shape in plan.statistics.items()
    }
    layer.bind(weights, grads, stats)
    return weights, grads, stats


def batch_norm(x, gamma, beta):
    return functional.batch_norm(x, None, None, gamma, beta, True, 0.0, EPSILON)


CASES = {
    "bias": (
        Conv(blueprint.ConvSpec(C, 4, 3, bias=True)),
        lambda x, w, b: functional.conv2d(x, w, b, 1, 1),
    ),
    "wide": (
        Conv(blueprint.ConvSpec(C, 4, 5, bias=False)),
        lambda x, w: functional.conv2d(x, w, None, 1, 2),
    ),
    "norm": (BatchNorm2d(blueprint.BatchNorm2dSpec(C, rectified=False)), batch_norm),
    "rectified": (BatchNorm2d(blueprint.BatchNorm2dSpec(C)), lambda *x: batch_norm(*x).relu()),
    "maximum": (
        Pool(blueprint.PoolSpec(maximum=True)),
        lambda x: functional.max_pool2d(x, 3, 2, 1),
    ),
    "average": (
        Pool(blueprint.PoolSpec(maximum=False)),
        lambda x: functional.avg_pool2d(x, 3, 2, 1),
    ),
}


@pytest.mark.parametrize(("layer", "function"), CASES.values(), ids=list(CASES))
def test_forward_and_pullback(layer, function):
    torch.manual_seed(0)
    (weights, grads, _), x = bound(layer), normal(B, R * C, 5, 4)
    h, pullback = layer(x.clone(), True)
    delta = normal(*h.shape)
    dx = pullback(delta.clone())
    for r in range(R):
        leaf = x.view(B, R, C, 5, 4)[:, r].clone().requires_grad_()
        mine = [weight[r].clone().requires_grad_() for weight in weights.values()]
        want = function(leaf, *mine)
        torch.testing.assert_close(h.view(B, R, *want.shape[1:])[:, r], want)
        given = delta.view(B, R, *want.shape[1:])[:, r]
        found = torch.autograd.grad(want, [leaf, *mine], given)
        torch.testing.assert_close(dx.view(B, R, C, 5, 4)[:, r], found[0])
        for grad, expected in zip(grads.values(), found[1:], strict=True):
            torch.testing.assert_close(grad[r], expected)


def test_running_statistics_are_used_in_evaluation():
    layer = BatchNorm2d(blueprint.BatchNorm2dSpec(C, rectified=False))
    (weights, _, stats), x = bound(layer), normal(B, R * C, 5, 4)
    layer(x, False)
    assert (stats["mean"] == 0).all()
    layer(x, True)
    torch.testing.assert_close(stats["mean"].flatten(), MOMENTUM * x.mean((0, 2, 3)))
    want = functional.batch_norm(
        x,
        stats["mean"].flatten(),
        stats["variance"].flatten(),
        weights["gamma"].flatten(),
        weights["beta"].flatten(),
        eps=EPSILON,
    )
    torch.testing.assert_close(layer.evaluate(x), want)


@pytest.mark.parametrize("kernel", [1, 3])
def test_a_gradient_at_the_input_that_goes_through_other_weights(kernel):
    torch.manual_seed(0)
    layer = Conv(blueprint.ConvSpec(C, 4, kernel, bias=True))
    (weights, grads, _), x, delta = bound(layer), normal(B, R * C, 5, 4), normal(B, R * 4, 5, 4)
    _, pullback = layer(x, True)
    pullback(delta)
    written = {name: grad.clone() for name, grad in grads.items()}
    feedback = normal(*weights["weight"].shape)
    dx = pullback(delta, feedback=feedback)
    for r in range(R):
        given = delta.view(B, R, 4, 5, 4)[:, r]
        want = functional.conv_transpose2d(given, feedback[r], padding=kernel // 2)
        torch.testing.assert_close(dx.view(B, R, C, 5, 4)[:, r], want)
    for name, grad in grads.items():
        assert torch.equal(grad, written[name])  # only what goes on is another
    assert torch.equal(pullback(delta, feedback=weights["weight"].clone()), pullback(delta))
