"""The batch-normalised LSTM: normalisation by its three modes, and one step by the equations."""

import pytest
import torch
from sgbench.bench.nn import recurrent_blueprint
from sgbench.bench.nn.batch_norm_lstm import GAMMA, BatchNormLSTM, normalise
from sgbench.bench.nn.dense import EPSILON, MOMENTUM
from sgbench.bench.nn.lstm import FORGET_BIAS

SOURCE = torch.Generator().manual_seed(1)


def normal(*shape):
    return torch.randn(shape, generator=SOURCE, dtype=torch.float64)


@pytest.mark.parametrize("mode", ["train", "batch_only", "evaluate"])
def test_modes_of_the_norm(mode):
    x, mean, variance = normal(2, 3, 7), normal(2, 3), normal(2, 3).square()
    before = mean.clone(), variance.clone()
    found = normalise(x, mean, variance, mode)
    at, spread = x.mean(2), x.var(2, unbiased=False)
    if mode == "evaluate":
        at, spread = before
    want = (x - at.unsqueeze(2)) / (spread.unsqueeze(2) + EPSILON).sqrt()
    torch.testing.assert_close(found, want)
    moved = mode == "train"
    torch.testing.assert_close(mean, before[0].lerp(x.mean(2), MOMENTUM) if moved else before[0])
    unbiased = before[1].lerp(x.var(2), MOMENTUM) if moved else before[1]
    torch.testing.assert_close(variance, unbiased)


def test_a_step_is_the_equations_with_statistics_of_its_own_step():
    core = BatchNormLSTM(recurrent_blueprint.BatchNormLSTMSpec(3, steps=2))
    weights = {name: normal(1, *shape) for name, shape in core.blueprint.shapes.items()}
    stats = {
        name: torch.zeros(1, *s, dtype=torch.float64)
        for name, s in core.blueprint.statistics.items()
    }
    core.bind(weights, {}, stats)
    core.initialise()
    assert (weights["hidden_gamma"] == GAMMA).all()
    assert weights["bias"][0].tolist() == [0.0] * 3 + [FORGET_BIAS] * 3 + [0.0] * 6
    x, h, c = normal(1, 3, 5), normal(1, 3, 5), normal(1, 3, 5)

    def part(name, value):
        y = weights[name][0] @ value[0]
        deviation = (y.var(1, unbiased=False, keepdim=True) + EPSILON).sqrt()
        return GAMMA * (y - y.mean(1, keepdim=True)) / deviation

    gates = part("input", x) + part("hidden", h) + weights["bias"][0].unsqueeze(1)
    i, f, o, g = gates.chunk(4)
    want_c = f.sigmoid() * c[0] + i.sigmoid() * g.tanh()
    found_h, found_c = core.step(x, (h, c), 1, "train")
    torch.testing.assert_close(found_c[0], want_c)
    torch.testing.assert_close(found_h[0], o.sigmoid() * want_c.tanh())
    assert stats["input_mean"][0, 1].any()
    assert not stats["input_mean"][0, 0].any()
