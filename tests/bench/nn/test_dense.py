"""Dense layers against autograd, in float64, for each replica by itself."""

import pytest
import torch
from sgbench.bench.nn import blueprint
from sgbench.bench.nn.dense import EPSILON, MOMENTUM, BatchNorm, Linear, ReLU

R, B = 2, 6


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


def batch_norm_relu(x, gamma, beta):
    normed = torch.nn.functional.batch_norm(x.T, None, None, gamma, beta, True, 0.0, EPSILON)
    return normed.T.relu()


CASES = {
    "linear": (
        Linear(blueprint.LinearSpec(4, 3, bias=True)),
        lambda x, w, b: w @ x + b.unsqueeze(1),
    ),
    "no bias": (Linear(blueprint.LinearSpec(4, 3, bias=False)), lambda x, w: w @ x),
    "batch norm": (BatchNorm(blueprint.BatchNormSpec(4)), batch_norm_relu),
    "ReLU": (ReLU(blueprint.ReLUSpec()), lambda x: x.relu()),
}


@pytest.mark.parametrize(("layer", "function"), CASES.values(), ids=list(CASES))
def test_forward_and_pullback(layer, function):
    torch.manual_seed(0)
    (weights, grads, _), x = bound(layer), normal(R, 4, B)
    h, pullback = layer(x.clone(), True)
    delta = normal(*h.shape)
    dx = pullback(delta.clone())
    for r in range(R):
        leaf = x[r].clone().requires_grad_()
        mine = [weight[r].clone().requires_grad_() for weight in weights.values()]
        want = function(leaf, *mine)
        torch.testing.assert_close(h[r], want)
        found = torch.autograd.grad(want, [leaf, *mine], delta[r])
        torch.testing.assert_close(dx[r], found[0])
        for grad, expected in zip(grads.values(), found[1:], strict=True):
            torch.testing.assert_close(grad[r], expected)


def test_running_statistics_are_unbiased_and_used_in_evaluation():
    layer = BatchNorm(blueprint.BatchNormSpec(4))
    (weights, _, stats), x = bound(layer), normal(R, 4, B)
    layer(x, False)
    assert (stats["mean"] == 0).all()
    layer(x, True)
    torch.testing.assert_close(stats["mean"], MOMENTUM * x.mean(2))
    torch.testing.assert_close(stats["variance"], 1 - MOMENTUM + MOMENTUM * x.var(2))
    deviation = (stats["variance"] + EPSILON).sqrt().unsqueeze(2)
    normed = (x - stats["mean"].unsqueeze(2)) / deviation
    want = normed * weights["gamma"].unsqueeze(2) + weights["beta"].unsqueeze(2)
    torch.testing.assert_close(layer.evaluate(x), want.relu())
