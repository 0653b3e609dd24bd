"""Losses against the NumPy reference and against central differences."""

import numpy as np
import pytest
import torch
from reference.beyond_layers import LOSSES as REFERENCES
from sgbench.bench.families.feedforward.losses import LOSSES

R, K, B = 2, 10, 7


def examples(size=1.0):
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(0, size, (R, K, B)), rng.integers(0, K, (R, B))
    one_hot = torch.as_tensor(np.eye(K)[labels].swapaxes(1, 2).copy())
    return torch.as_tensor(logits), one_hot, labels


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [1.0, 300.0])
def test_value_and_gradient_are_those_of_the_reference(name, size):
    logits, one_hot, labels = examples(size)
    before = logits.clone()
    losses, gradient = LOSSES[name].of_examples(logits, one_hot), LOSSES[name].gradient
    found = gradient(logits, one_hot)
    assert torch.equal(logits, before)
    assert losses.shape == (R, B)
    for r in range(R):
        value, wanted = REFERENCES[name](logits[r].T.numpy(), labels[r])
        assert float(losses[r].mean()) == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(found[r].T.numpy(), wanted, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_the_slope_of_the_batch_mean(name):
    logits, one_hot, _ = examples()
    found, step = LOSSES[name].gradient(logits, one_hot), 1e-6
    for at in ((0, 3, 2), (1, 9, 6), (1, 0, 0)):
        moved = torch.zeros_like(logits)
        moved[at] = step
        ahead, behind = (
            LOSSES[name].of_examples(x, one_hot).mean(1) for x in (logits + moved, logits - moved)
        )
        slope = (ahead - behind) / (2 * step)
        assert float(found[at]) == pytest.approx(float(slope[at[0]]), rel=1e-6)
        assert slope[1 - at[0]] == 0


def test_at_zero_logits_a_guess_is_what_it_costs():
    zero, one_hot = torch.zeros(R, K, B, dtype=torch.float64), examples()[1]
    softmax, sigmoid = (LOSSES[name].of_examples(zero, one_hot) for name in ("softmax", "sigmoid"))
    torch.testing.assert_close(softmax, torch.full_like(softmax, np.log(K)))
    torch.testing.assert_close(sigmoid, torch.full_like(sigmoid, K * np.log(2)))
