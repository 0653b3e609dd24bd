"""Similarity matching against the NumPy reference, and where it has no slope."""

import numpy as np
import pytest
import torch
from reference.beyond_layers import deviation, similarity_loss
from reference.beyond_layers import similarity as reference
from sgbench.bench.rules import _similarity

R, F, B, K = 2, 6, 8, 10


def features(*shape):
    return torch.as_tensor(np.random.default_rng(0).normal(size=shape))


def labelled():
    labels = np.random.default_rng(1).integers(0, K, (R, B))
    return labels, torch.as_tensor(np.eye(K)[labels].swapaxes(1, 2).copy())


def test_similarity_is_that_of_the_reference():
    z = features(R, F, B)
    found = _similarity.similarity(z)
    for r in range(R):
        np.testing.assert_allclose(found[r].numpy(), reference(z[r].T.numpy())[0], rtol=1e-12)
    assert found.abs().max() <= 1


def test_labels_are_as_alike_as_they_are_equal():
    labels, one_hot = labelled()
    found = _similarity.similarity(one_hot)
    for r in range(R):
        equal = torch.as_tensor(labels[r][:, None] == labels[r][None, :])
        torch.testing.assert_close(found[r], torch.where(equal, 1.0, -1 / (K - 1)).double())


def test_loss_and_gradient_of_units_are_those_of_the_reference():
    (labels, one_hot), z = labelled(), features(R, F, B)
    target = _similarity.similarity(one_hot)
    losses, found = _similarity.loss(z, target), _similarity.loss_gradient(z, target)
    for r in range(R):
        value, wanted = similarity_loss(z[r].T.numpy(), labels[r])
        assert float(losses[r]) == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(found[r].T.numpy(), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("side", [2, 3])
def test_gradient_of_maps_is_that_of_the_reference(side):
    (labels, one_hot), maps = labelled(), features(B, R * F, side, side)
    z, target = _similarity.of_maps(maps, R), _similarity.similarity(one_hot)
    delta = _similarity.loss_gradient(z, target)
    found = _similarity.pull_to_maps(maps, delta)
    assert found.shape == maps.shape
    for r in range(R):
        mine = maps[:, r * F : (r + 1) * F].numpy()
        np.testing.assert_allclose(z[r].T.numpy(), deviation(mine)[0], rtol=1e-12)
        wanted = similarity_loss(mine, labels[r])[1]
        np.testing.assert_allclose(
            found[:, r * F : (r + 1) * F].numpy(), wanted, rtol=1e-9, atol=1e-12
        )


def test_a_map_of_one_position_is_its_value():
    maps, delta = features(B, R * F, 1, 1), features(R, F, B)
    found = _similarity.of_maps(maps, R)
    for r in range(R):
        assert torch.equal(found[r], maps[:, r * F : (r + 1) * F, 0, 0].T)
    back = _similarity.pull_to_maps(maps, delta)
    assert torch.equal(_similarity.of_maps(back, R), delta)


def test_examples_as_alike_as_their_labels_have_nothing_to_learn():
    one_hot = labelled()[1]
    target = _similarity.similarity(one_hot)
    assert _similarity.loss(one_hot, target).abs().max() < 1e-15
    assert (
        _similarity.loss_gradient(3 * one_hot, target).abs().max() < 1e-9
    )  # epsilon is added to the norms


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_examples_and_maps_without_a_direction_have_no_slope(dtype):
    target = _similarity.similarity(labelled()[1].to(dtype))
    z = features(R, F, B).to(dtype)
    z[:, :, 3] = 0.5  # equal features: centred, they are zero
    found = _similarity.loss_gradient(z, target)
    assert found.isfinite().all()
    dead = _similarity.loss_gradient(torch.zeros_like(z), target)
    assert not dead.any()
    maps = torch.ones(B, R * F, 3, 3, dtype=dtype)
    assert not _similarity.pull_to_maps(maps, found).any()
