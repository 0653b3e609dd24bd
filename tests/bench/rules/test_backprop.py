"""Backprop: its gradient is the slope of the loss, of every weight."""

import numpy as np
import pytest
import torch
from reference.programs import batches, gradients, program_of, tiny_cell
from sgbench.bench.families.feedforward.losses import cross_entropy

STEP = 1e-6


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_the_gradient_is_the_slope_of_the_loss(network):
    program = program_of(tiny_cell("backprop", network, depth=3))
    images, labels = program.batches.take(next(batches(program, 1)))
    x, one_hot = program.network.architecture.pack(images), program.network.encode(labels)

    def loss():
        with program.network.untracked():
            h = x
            for layer in program.network.hidden:
                h, _ = layer(h)
            return float(cross_entropy(program.network.classify(h)[0], one_hot).mean())

    program._rule.step(program.network, x, labels)
    written, rng = gradients(program), np.random.default_rng(0)
    for name, view in program.network.weights.named.items():
        flat, slopes = view.view(-1), written[name].reshape(-1)
        for at in rng.integers(0, len(flat), 3).tolist():
            before = float(flat[at])
            flat[at] = before + STEP
            above = loss()
            flat[at] = before - STEP
            slope = (above - loss()) / (2 * STEP)
            flat[at] = before
            torch.testing.assert_close(
                float(slopes[at]), slope, rtol=1e-5, atol=1e-7, msg=f"{name}[{at}]"
            )
