"""The reference's layers beyond the paper's: against torch, and at the edges of their domains."""

import itertools

import numpy as np
import pytest
import torch
from reference.autograd import cosines
from reference.beyond import Beyond
from reference.beyond_layers import (
    ACTIVATIONS,
    clamp,
    deviation,
    dropout,
    goodness_loss,
    length_normalised,
    painted,
    sigmoid_cross_entropy,
    similarity,
    similarity_loss,
    wrong_labels,
)
from reference.beyond_state import random_state
from reference.layers import one_hot
from torch.nn import functional

TORCH_ACTIVATIONS = {"relu": torch.relu, "leaky_relu": functional.leaky_relu, "tanh": torch.tanh}


def compare(pair, expected, *inputs):
    """A value and its pullback against a torch tensor that hangs on `inputs`."""
    value, pullback = pair
    np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-11, atol=1e-13)
    delta = np.random.default_rng(8).normal(size=value.shape)
    (gradient,) = torch.autograd.grad(expected, inputs, torch.tensor(delta))
    np.testing.assert_allclose(pullback(delta), gradient.numpy(), rtol=1e-10, atol=1e-12)


def leaf(array):
    return torch.tensor(array, requires_grad=True)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_at_large_values_and_at_zero_too(name):
    x = np.array([[-1e3, -2.0, -0.3, 0.0, 0.3, 2.0, 1e3]])
    xt = leaf(x)
    compare(ACTIVATIONS[name](x), TORCH_ACTIVATIONS[name](xt), xt)


def test_dropout_keeps_the_mean():
    rng = np.random.default_rng(0)
    mask = (rng.random((200, 500)) >= 0.3) * 1.0
    out, pullback = dropout(np.ones((200, 500)), mask, 0.3)
    assert out.mean() == pytest.approx(1, abs=0.01)
    assert set(np.unique(out)) == {0.0, 1 / 0.7}
    np.testing.assert_array_equal(pullback(np.ones_like(mask)), out)


def test_sigmoid_loss_of_extreme_logits():
    rng = np.random.default_rng(0)
    for scale in (1, 800):
        logits, labels = scale * rng.normal(size=(9, 10)), rng.integers(0, 10, 9)
        tensor = leaf(logits)
        every = functional.binary_cross_entropy_with_logits(
            tensor, torch.tensor(one_hot(labels)), reduction="none"
        )
        every.sum(1).mean().backward()
        loss, gradient = sigmoid_cross_entropy(logits, labels)
        assert loss == pytest.approx(every.sum(1).mean().item(), rel=1e-12)
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-10, atol=1e-15)


def test_clamp_passes_the_gradient_inside_and_on_the_edge():
    x = np.array([-1.5, -1.0, -0.2, 1.0, 1.0000001])
    xt = leaf(x)
    compare(clamp(x, -1, 1), xt.clamp(-1, 1), xt)


def test_similarity_against_torch():
    z = np.random.default_rng(0).normal(2, 1, (7, 5))
    zt = leaf(z)
    compare(similarity(z), cosines(zt), zt)
    np.testing.assert_allclose(similarity(z)[0], np.corrcoef(z), atol=1e-7)
    np.testing.assert_allclose(similarity(100 * z + 3)[0], similarity(z)[0], atol=1e-7)


def test_similarity_of_labels_is_one_or_minus_a_ninth():
    labels = np.array([3, 3, 0, 9])
    same = labels[:, None] == labels
    np.testing.assert_allclose(similarity(one_hot(labels))[0], np.where(same, 1, -1 / 9), atol=1e-7)


def test_similarity_of_a_row_of_equal_features_is_zero():
    z = np.random.default_rng(0).normal(size=(4, 5))
    z[1] = 0.5
    out, pullback = similarity(z)
    assert not out[1].any()
    assert not out[:, 1].any()
    gradient = pullback(np.ones((4, 4)))
    assert np.isfinite(gradient).all()
    zt = leaf(z)
    expected = torch.autograd.grad(cosines(zt).sum(), zt)[0].numpy()
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-9)


def test_deviation_and_the_similarity_loss_of_images_against_torch():
    rng = np.random.default_rng(0)
    z, labels = rng.normal(1, 2, (6, 4, 3, 2)), rng.integers(0, 10, 6)
    zt = leaf(z)
    compare(deviation(z), zt.flatten(2).std(2), zt)
    loss = (cosines(zt.flatten(2).std(2)) - cosines(torch.tensor(one_hot(labels)))).square().mean()
    mine, gradient = similarity_loss(z, labels)
    assert mine == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(
        gradient, torch.autograd.grad(loss, zt)[0].numpy(), rtol=1e-10, atol=1e-14
    )


def test_a_map_of_equal_positions_gets_no_gradient():
    z = np.random.default_rng(0).normal(size=(3, 2, 2, 2))
    z[1, 0] = 0.25
    out, pullback = deviation(z)
    assert out[1, 0] == 0
    gradient = pullback(np.ones((3, 2)))
    assert np.isfinite(gradient).all()
    assert not gradient[1, 0].any()


def test_goodness_loss_pushes_positives_up_and_negatives_down():
    rng = np.random.default_rng(0)
    h, positive = rng.normal(size=(8, 6)), np.arange(8) < 4
    ht = leaf(h)
    excess = ht.square().sum(1) - 6
    expected = torch.where(torch.tensor(positive), -excess, excess)
    loss, gradient = goodness_loss(h, positive, 6)
    loss_t = functional.softplus(expected, threshold=1e9).mean()
    assert loss == pytest.approx(loss_t.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, torch.autograd.grad(loss_t, ht)[0].numpy(), atol=1e-14)
    assert ((gradient * h).sum(1) < 0).tolist() == positive.tolist()


def test_what_forward_forward_hands_on_has_one_length_and_keeps_zeros():
    h = np.array([[3.0, 4.0, 0.0, 0.0], [0.3, 0.4, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    out = length_normalised(h)
    np.testing.assert_allclose((out**2).mean(1), [1, 1, 0], atol=1e-7)
    np.testing.assert_allclose(out[0], out[1], atol=1e-6)


def test_painting_replaces_the_first_inputs_alone():
    x = np.random.default_rng(0).normal(size=(3, 14))
    out = painted(x, np.array([2, 0, 9]))
    np.testing.assert_array_equal(out[:, :10], np.eye(10)[[2, 0, 9]])
    np.testing.assert_array_equal(out[:, 10:], x[:, 10:])


def test_wrong_labels_are_never_right_and_all_others_alike():
    u = (np.arange(900) + 0.5) / 900
    for label in range(10):
        counts = np.bincount(wrong_labels(np.full(900, label), u), minlength=10)
        assert counts.tolist() == [0 if other == label else 100 for other in range(10)]
    assert wrong_labels(np.array([4, 9]), np.array([0.0, np.nextafter(1, 0)])).tolist() == [5, 8]


def trained(rule, network="fcn", norm="batch", depth=4, **options):
    """A model whose running statistics are those of the batch that comes with it."""
    rng, size, units = np.random.default_rng(3), 7, 6
    weights, statistics, kept = random_state(
        rng,
        rule=rule,
        network=network,
        depth=depth,
        channels=2,
        size=size,
        units=units,
        kernel=3,
        norm=norm,
    )
    reference = Beyond(rule, network, depth, weights, statistics, 0.01, kept, norm=norm, **options)
    return reference, rng.normal(size=(8, 2, size, size)), rng.integers(0, 10, 8)


def settle(reference, x, labels):
    """Set the running statistics to those of one batch, by their update with momentum 0.1."""
    before = reference.statistics
    for name, value in reference.trace(x, labels).moving.items():
        reference.statistics[name] = before[name] + (value - before[name]) / 0.1
        if name.endswith("variance"):  # a batch is divided by the biased one
            side = {"fcn": (1, 1, 1), "cnn": (7, 4, 2)}[reference.network][int(name[6])]
            count = len(x) * side**2
            reference.statistics[name] *= (count - 1) / count


@pytest.mark.parametrize(
    ("network", "activation", "norm"),
    [*itertools.product(["fcn"], ACTIVATIONS, ["batch", "none"]), ("cnn", "relu", "batch")],
)
def test_evaluation_by_the_statistics_of_a_batch_is_its_forward_pass(network, activation, norm):
    reference, x, labels = trained("backprop", network, norm=norm, activation=activation)
    settle(reference, x, labels)
    trace = reference.trace(x, labels)
    np.testing.assert_allclose(reference.evaluate(x), trace.logits, rtol=1e-9, atol=1e-10)
    error, loss = reference.evaluated_loss(x, labels)
    assert loss == pytest.approx(trace.loss, rel=1e-9)
    assert error == pytest.approx(100 * (trace.logits.argmax(1) != labels).mean())


def test_mono_forward_predicts_by_the_topmost_scores_or_the_sum_of_all():
    reference, x, labels = trained("mono_forward")
    settle(reference, x, labels)
    scores = [
        h @ reference.weights[f"map{i}.weight"].T
        for i, h in enumerate(reference.trace(x, labels).h)
    ]
    np.testing.assert_allclose(reference.evaluate(x), scores[2], rtol=1e-9, atol=1e-10)
    reference.hyperparameters["mf_sum"] = 1
    np.testing.assert_allclose(reference.evaluate(x), sum(scores), rtol=1e-9, atol=1e-10)
    loss = reference.trace(x, labels).losses
    reference.hyperparameters["mf_sum"] = 0
    assert reference.evaluated_loss(x, labels)[1] == pytest.approx(loss[2], rel=1e-9)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_forward_forward_predicts_by_the_goodness_of_painted_labels(depth):
    reference, x, _ = trained("forward_forward", depth=depth, activation="leaky_relu")
    scores = reference.evaluate(x)
    for row, label in [(0, 0), (3, 7), (7, 9)]:
        h = torch.tensor(x[row]).flatten()[None]
        h[0, :10] = torch.eye(10, dtype=h.dtype)[label]
        goodness = []
        for i in range(depth - 1):
            z = h @ torch.tensor(reference.weights[f"hidden{i}.weight"]).T
            named = (reference.statistics, "mean"), (reference.statistics, "variance")
            named += (reference.weights, "gamma"), (reference.weights, "beta")
            values = [torch.tensor(kind[f"hidden{i}.{what}"]) for kind, what in named]
            h = functional.leaky_relu(functional.batch_norm(z, *values))
            goodness.append(h.square().sum().item())
            h = h / (h.square().mean().sqrt() + 1e-8)
        expected = sum(goodness[1:]) if depth > 2 else goodness[0]
        assert scores[row, label] == pytest.approx(expected, rel=1e-10)
