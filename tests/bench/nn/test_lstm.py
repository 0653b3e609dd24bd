"""The LSTM core against torch's cell and autograd."""

import numpy as np
import torch
from reference.sequences import recurrent_program, small_task, tiny_recurrent
from torch.nn import functional


def unrolled(weight, inputs, state, symbols, units):
    """The outputs [T, H, B] of one replica, by plain operations that autograd follows."""
    h, c = state[:units], state[units:]
    found = []
    for codes in inputs:
        x = functional.one_hot(codes, symbols).to(weight.dtype).mT
        gates = weight @ torch.cat((torch.ones_like(x[:1]), x, h))
        i, f, o = gates[: 3 * units].sigmoid().chunk(3)
        c = f * c + i * gates[3 * units :].tanh()
        h = o * c.tanh()
        found.append(h)
    return torch.stack(found)


def test_an_unroll_and_its_pullback_are_those_of_autograd():
    program = recurrent_program(tiny_recurrent("bptt", T=3), data=small_task())
    network = program.network
    core, rng = network.core, np.random.default_rng(0)
    with torch.no_grad():
        core.weight.copy_(torch.as_tensor(rng.normal(size=core.weight.shape)))
    inputs = torch.as_tensor(rng.integers(0, network.symbols, (1, 3, program.streams)))
    start = torch.as_tensor(rng.normal(size=network.state.shape))
    deltas = torch.as_tensor(rng.normal(size=(1, core.units, 3, program.streams)))
    with torch.no_grad():
        tape = core.tape(3, program.streams)
        core.forward(tape, inputs, start)
        pulled = core.pull(tape, deltas, None)
        core.learn(tape)
    weight, state = core.weight[0].clone().requires_grad_(), start[0].clone().requires_grad_()
    outputs = unrolled(weight, inputs[0], state, network.symbols, core.units)
    torch.testing.assert_close(tape.outputs[0].transpose(0, 1), outputs.detach())
    (outputs * deltas[0].transpose(0, 1)).sum().backward()
    torch.testing.assert_close(pulled[0], state.grad)
    written = program.weights.views(program.weights.grads)["core.weight"][0]
    torch.testing.assert_close(written, weight.grad)
