"""BPTT: its gradient is the slope of an unroll's loss, from the state that it began with."""

import pytest
import torch
from reference.sequences import chunks, recurrent_program, small_task, tensors, tiny_recurrent

STEP = 1e-6


@pytest.mark.parametrize("T", [1, 3])
def test_the_gradient_is_the_slope_of_the_loss(T):
    import numpy as np

    program = recurrent_program(tiny_recurrent("bptt", T=T), data=small_task())
    network, (chunk,) = program.network, chunks(np.random.default_rng(4), 1, T)
    inputs, targets = tensors(chunk)
    start = network.state.clone()

    def loss():
        network.state = start.clone()
        network.forward(inputs, targets)
        return float(network.loss) / program.streams

    with torch.no_grad():
        network.state = start.clone()
        program._rule.unroll(network, inputs, targets)
        written = {n: g.clone() for n, g in network.weights.views(network.weights.grads).items()}
        for name, view in network.weights.named.items():
            flat = view.view(-1)
            for at in (0, len(flat) // 2, len(flat) - 1):
                before = float(flat[at])
                flat[at] = before + STEP
                above = loss()
                flat[at] = before - STEP
                slope = (above - loss()) / (2 * STEP)
                flat[at] = before
                assert float(written[name].view(-1)[at]) == pytest.approx(slope, rel=1e-5, abs=1e-8)
