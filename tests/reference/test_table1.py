"""The NumPy reference against central differences and against torch's autograd, both float64."""

import numpy as np
import pytest
import torch
from reference.layers import BATCH_NORM_EPSILON, batch_norm, convolution, pool
from reference.table1 import Table1, random_state
from torch.nn import functional

BATCH, CHANNELS, SIZE = 7, 2, 6


def model(rule, network, sg_layers=0, depth=3, sg_scale=3.0):
    rng = np.random.default_rng(0)
    weights, statistics = random_state(
        rng,
        rule=rule,
        network=network,
        depth=depth,
        sg_layers=sg_layers,
        channels=CHANNELS,
        size=SIZE,
        units=4,
        kernel=3,
        sg_units=5,
    )
    reference = Table1(
        rule, network, depth, weights, statistics, 1e-2, sg_layers=sg_layers, sg_scale=sg_scale
    )
    return reference, rng.uniform(0, 1, (BATCH, CHANNELS, SIZE, SIZE)), rng.integers(0, 10, BATCH)


def numerical(reference, name, value, entries=8, epsilon=1e-6):
    """Central differences of `value()` in some entries of a weight: (flat indices, derivatives)."""
    weight = reference.weights[name]
    indices = np.random.default_rng(1).permutation(weight.size)[:entries]
    slopes = []
    for index in indices:
        place = np.unravel_index(index, weight.shape)
        old, values = weight[place], []
        for sign in (1, -1):
            weight[place] = old + sign * epsilon
            values.append(value())
        weight[place] = old
        slopes.append((values[0] - values[1]) / (2 * epsilon))
    return indices, np.array(slopes)


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_backprop_is_the_slope_of_the_loss(network):
    reference, x, labels = model("backprop", network)
    gradients = reference.trace(x, labels).gradients
    assert set(gradients) == set(reference.weights)
    for name, gradient in gradients.items():
        indices, slopes = numerical(reference, name, lambda: reference.trace(x, labels).loss)
        np.testing.assert_allclose(gradient.ravel()[indices], slopes, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("network", ["fcn", "cnn"])
@pytest.mark.parametrize("rule", ["dni", "cdni"])
@pytest.mark.parametrize("sg_layers", [0, 1, 2])
def test_m_gradients_are_the_slope_of_its_loss_at_a_fixed_target(rule, network, sg_layers):
    reference, x, labels = model(rule, network, sg_layers)
    trace = reference.trace(x, labels)
    for name in (n for n in reference.weights if n.startswith("sg")):
        i = int(name[2])

        def loss(i=i):
            # The target depends on the weights of the M above alone, so it may be recomputed.
            moved = reference.trace(x, labels)
            np.testing.assert_array_equal(moved.targets[i], trace.targets[i])
            return moved.sg_losses[i]

        indices, slopes = numerical(reference, name, loss, entries=4)
        np.testing.assert_allclose(
            trace.gradients[name].ravel()[indices], slopes, rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("network", ["fcn", "cnn"])
@pytest.mark.parametrize("rule", ["dni", "cdni"])
def test_synthetic_steps_against_autograd(rule, network):
    reference, x, labels = model(rule, network, sg_layers=1, depth=4)
    trace = reference.trace(x, labels)
    expected = autograd_step(reference, x, labels)
    assert set(expected) == set(trace.gradients)
    for name, gradient in expected.items():
        np.testing.assert_allclose(trace.gradients[name], gradient, rtol=1e-9, atol=1e-11)


def autograd_step(reference, x, labels):
    """The same step as the paper tells it, by autograd: detached inputs, bootstrapped targets."""
    w = {n: torch.tensor(v, requires_grad=True) for n, v in reference.weights.items()}
    cnn = reference.network == "cnn"
    product = (lambda h, k: functional.conv2d(h, k, padding="same")) if cnn else functional.linear
    labels = torch.tensor(labels)

    def hidden(name, h):
        z = product(h, w[f"{name}.weight"])
        z = functional.batch_norm(
            z, None, None, w[f"{name}.gamma"], w[f"{name}.beta"], training=True
        )
        return functional.relu(z)

    def m(i, h):
        if reference.rule == "cdni":
            label = functional.one_hot(labels, 10).to(h.dtype)
            label = label[:, :, None, None].expand(-1, -1, *h.shape[2:]) if cnn else label
            h = torch.cat([h, label], 1)
        for j in range(reference.sg_layers):
            h = hidden(f"sg{i}.hidden{j}", h)
        bias = w[f"sg{i}.output.bias"]
        return product(h, w[f"sg{i}.output.weight"]) + (bias[:, None, None] if cnn else bias)

    h = torch.tensor(x) if cnn else torch.tensor(x).flatten(1)
    inputs, outputs = [], []
    for i in range(reference.depth - 1):
        inputs.append(h.detach().requires_grad_())
        h = hidden(f"hidden{i}", inputs[-1])
        if cnn:
            h = functional.max_pool2d(h, 3, 2, 1) if i == 0 else functional.avg_pool2d(h, 3, 2, 1)
        outputs.append(h)
    top = h.detach().requires_grad_()
    logits = functional.linear(top.flatten(1), w["classifier.weight"], w["classifier.bias"])
    functional.cross_entropy(logits, labels).backward()
    delta = top.grad
    for i in reversed(range(reference.depth - 1)):
        prediction = m(i, outputs[i].detach())
        ((prediction - reference.sg_scale * delta) ** 2).flatten(1).sum(1).mean().backward()
        outputs[i].backward(prediction.detach() / reference.sg_scale)
        delta = inputs[i].grad
    return {n: v.grad.numpy() for n, v in w.items()}


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_layers_against_torch(kernel, size):
    rng = np.random.default_rng(kernel)
    x, weight = rng.normal(size=(3, 2, size, size)), rng.normal(size=(4, 2, kernel, kernel))
    xt, wt = (torch.tensor(a, requires_grad=True) for a in (x, weight))
    for out, expected in (
        (convolution(x, weight), functional.conv2d(xt, wt, padding=kernel // 2)),
        (pool(x, "max"), functional.max_pool2d(xt, 3, 2, 1)),
        (pool(x, "average"), functional.avg_pool2d(xt, 3, 2, 1)),
    ):
        value, pullback = out
        np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-12, atol=1e-12)
        delta = rng.normal(size=value.shape)
        dx = pullback(delta)
        inputs = (xt, wt) if isinstance(dx, tuple) else (xt,)
        grads = torch.autograd.grad(expected, inputs, torch.tensor(delta))
        for mine, theirs in zip(dx if isinstance(dx, tuple) else (dx,), grads, strict=True):
            np.testing.assert_allclose(mine, theirs.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(6, 3), (5, 3, 4, 4)])
def test_batch_norm_and_its_running_statistics_against_torch(shape):
    rng = np.random.default_rng(3)
    x, gamma, beta = rng.normal(size=shape), rng.normal(size=3), rng.normal(size=3)
    layer = (torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d)(
        3, eps=BATCH_NORM_EPSILON, momentum=1.0, dtype=torch.float64
    )
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(gamma))
        layer.bias.copy_(torch.tensor(beta))
    xt = torch.tensor(x, requires_grad=True)
    expected = layer(xt)
    out, pullback, mean, variance = batch_norm(x, gamma, beta)
    np.testing.assert_allclose(out, expected.detach().numpy(), atol=1e-12)
    np.testing.assert_allclose(mean, layer.running_mean.numpy(), atol=1e-12)
    np.testing.assert_allclose(variance, layer.running_var.numpy(), atol=1e-12)
    delta = rng.normal(size=shape)
    expected.backward(torch.tensor(delta))
    for mine, theirs in zip(
        pullback(delta), (xt.grad, layer.weight.grad, layer.bias.grad), strict=True
    ):
        np.testing.assert_allclose(mine, theirs.numpy(), atol=1e-12)


def test_adam_against_torch():
    reference, x, labels = model("backprop", "fcn")
    weights = {n: torch.tensor(w, requires_grad=True) for n, w in reference.weights.items()}
    optimiser = torch.optim.Adam(weights.values(), lr=reference.learning_rate)
    for _ in range(3):
        for name, gradient in reference.trace(x, labels).gradients.items():
            weights[name].grad = torch.tensor(gradient)
        optimiser.step()
        reference.step(x, labels)
        for name, weight in weights.items():
            np.testing.assert_allclose(
                reference.weights[name], weight.detach().numpy(), rtol=0, atol=1e-14
            )


@pytest.mark.parametrize("rule", ["no_bprop", "top_only", "dni", "cdni"])
def test_rules_update_what_they_should(rule):
    reference, x, labels = model(rule, "cnn", sg_layers=2)
    trace = reference.trace(x, labels)
    assert set(trace.moving) == set(reference.statistics)
    trained = set(reference.weights)
    if rule in ("no_bprop", "top_only"):
        parts = ("classifier",) if rule == "no_bprop" else ("classifier", "hidden1")
        trained = {name for name in trained if name.startswith(parts)}
    assert set(trace.gradients) == trained
