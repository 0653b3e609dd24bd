"""Dense layers against autograd, in float64, for each replica by itself."""

import pytest
import torch
from sgbench.bench.nn import blueprint
from sgbench.bench.nn.dense import (
    EPSILON,
    MOMENTUM,
    SLOPE,
    Activation,
    BatchNorm,
    Dropout,
    Linear,
    ReLU,
)

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


def batch_norm(x, gamma, beta):
    return torch.nn.functional.batch_norm(x.T, None, None, gamma, beta, True, 0.0, EPSILON).T


def batch_norm_relu(x, gamma, beta):
    return batch_norm(x, gamma, beta).relu()


CASES = {
    "linear": (
        Linear(blueprint.LinearSpec(4, 3, bias=True)),
        lambda x, w, b: w @ x + b.unsqueeze(1),
    ),
    "no bias": (Linear(blueprint.LinearSpec(4, 3, bias=False)), lambda x, w: w @ x),
    "batch norm": (BatchNorm(blueprint.BatchNormSpec(4)), batch_norm_relu),
    "batch norm alone": (BatchNorm(blueprint.BatchNormSpec(4, rectified=False)), batch_norm),
    "leaky ReLU": (
        Activation(blueprint.ActivationSpec("leaky_relu")),
        lambda x: torch.where(x > 0, x, 0.01 * x),
    ),
    "tanh": (Activation(blueprint.ActivationSpec("tanh")), lambda x: x.tanh()),
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


def test_a_gradient_at_the_input_that_goes_through_other_weights():
    torch.manual_seed(0)
    layer = Linear(blueprint.LinearSpec(4, 3, bias=True))
    (weights, grads, _), x, delta = bound(layer), normal(R, 4, B), normal(R, 3, B)
    _, pullback = layer(x, True)
    pullback(delta)
    written = {name: grad.clone() for name, grad in grads.items()}
    feedback = normal(R, 3, 4)
    torch.testing.assert_close(pullback(delta, feedback=feedback), feedback.mT @ delta)
    for name, grad in grads.items():
        assert torch.equal(grad, written[name])  # only what goes on is another
    assert torch.equal(pullback(delta, feedback=weights["weight"].clone()), pullback(delta))
    assert pullback(delta, need_input=False, feedback=feedback) is None


@pytest.mark.parametrize("kind", ["leaky_relu", "tanh"])
def test_nonlinearities_in_evaluation(kind):
    layer, x = Activation(blueprint.ActivationSpec(kind)), normal(R, 4, B)
    want = x.tanh() if kind == "tanh" else torch.maximum(x, SLOPE * x)
    torch.testing.assert_close(layer.evaluate(x.clone()), want)


def drop(rate):
    layer = Dropout(blueprint.DropoutSpec(rate))
    source = torch.Generator().manual_seed(0)
    layer.draw = lambda shape: torch.rand(R, *shape, generator=source)
    return layer


def test_dropout_keeps_some_and_scales_them_up():
    layer, x = drop(0.25), torch.full((R, 500, 40), 3.0, dtype=torch.float64)
    h, pullback = layer(x, True)
    kept = h != 0
    torch.testing.assert_close(h[kept], torch.full_like(h[kept], 3 / 0.75))
    assert abs(float(kept.double().mean()) - 0.75) < 0.011  # five standard deviations
    delta = normal(R, 500, 40)
    torch.testing.assert_close(pullback(delta), torch.where(kept, delta / 0.75, 0.0))
    assert not torch.equal(layer(x, True)[0] != 0, kept)  # drawn anew


def test_dropout_leaves_evaluation_and_untracked_passes_as_they_are():
    layer, x = Dropout(blueprint.DropoutSpec(0.5)), normal(R, 4, B)  # has nothing to draw from
    assert torch.equal(layer.evaluate(x), x)
    h, pullback = layer(x, False)
    assert torch.equal(h, x)
    assert torch.equal(pullback(x), x)
