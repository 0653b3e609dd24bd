"""The recurrent rules against the NumPy float64 reference and at their limits."""

import numpy as np
import pytest
import torch
from reference.sequences import (
    chunks,
    matched,
    named,
    recurrent_program,
    small_task,
    tensors,
    tiny_recurrent,
)

RULES = ["bptt", "dni", "dni_aux"]
TOLERANCE = 1e-10


@pytest.fixture(autouse=True)
def no_grad():
    with torch.no_grad():
        yield


def differ(expected, got):
    """The largest difference of two dictionaries of arrays."""
    assert set(expected) == set(got)
    return max(float(np.abs(expected[name] - got[name]).max()) for name in expected)


@pytest.mark.parametrize("T", [1, 2, 3])
@pytest.mark.parametrize("rule", RULES)
def test_three_updates_are_those_of_the_reference(rule, T):
    program = recurrent_program(tiny_recurrent(rule, T=T), data=small_task())
    reference = matched(program)
    for chunk in chunks(np.random.default_rng(1), 3, T):
        trace = reference.step(chunk[0][0], chunk[1][0])
        program.update(*tensors(chunk))
        network = program.network
        assert differ(trace.gradients, named(network, "grads")) < TOLERANCE
        assert differ(reference.weights, named(network, "weights")) < TOLERANCE
        state = np.concatenate([part.T for part in reference.state])
        assert np.abs(state - network.state[0].numpy()).max() < TOLERANCE
        assert network.loss.item() / program.streams == pytest.approx(trace.loss, abs=TOLERANCE)
        if rule != "bptt":
            assert network.sg_loss.item() == pytest.approx(trace.sg_loss, abs=1e-9)
        if trace.aux_loss is not None:
            assert network.aux_loss.item() * T == pytest.approx(trace.aux_loss, abs=1e-9)


@pytest.mark.parametrize("sg_layers", [0, 1, 2])
@pytest.mark.parametrize(("factor", "scale"), [(1.0, 1.0), (0.0, 5.0), (0.3, 0.5)])
def test_every_m_and_factor_is_that_of_the_reference(sg_layers, factor, scale):
    cell = tiny_recurrent("dni", T=2, sg_layers=sg_layers, sg_factor=factor, sg_scale=scale)
    program = recurrent_program(cell, data=small_task())
    reference = matched(program)
    for chunk in chunks(np.random.default_rng(2), 2, 2):
        reference.step(chunk[0][0], chunk[1][0])
        program.update(*tensors(chunk))
    assert differ(reference.weights, named(program.network, "weights")) < TOLERANCE


@pytest.mark.parametrize("rule", RULES)
def test_replicas_are_each_the_reference_alone(rule):
    scale = {} if rule == "bptt" else {"sg_scale": 20.0}
    cells = [tiny_recurrent(rule), tiny_recurrent(rule, seed=3, learning_rate=3e-3, **scale)]
    program = recurrent_program(*cells, data=small_task())
    references = [matched(program, replica) for replica in range(2)]
    for codes, targets in chunks(np.random.default_rng(3), 3, 3, replicas=2):
        for replica, reference in enumerate(references):
            reference.step(codes[replica], targets[replica])
        program.update(*tensors((codes, targets)))
    for replica, reference in enumerate(references):
        assert differ(reference.weights, named(program.network, "weights", replica)) < TOLERANCE


def summed(program, sequence, oracle=None):
    """The core's gradients summed over the unrolls of `sequence`, the weights never moved."""
    program.network.state.zero_()
    total = 0
    for number, chunk in enumerate(sequence):
        if oracle is not None:
            program.network.synthetic_gradient = lambda state, n=number: oracle(n)
        program._rule.unroll(program.network, *chunk)
        total = total + program.network.weights.views(program.network.weights.grads)["core.weight"]
    return total


def split(whole, T):
    """A chunk in pieces of T steps."""
    return [tuple(part[:, at : at + T] for part in whole) for at in range(0, whole[0].shape[1], T)]


def test_with_the_true_gradient_dni_is_full_bptt():
    length, T = 12, 3
    (whole,) = (tensors(c) for c in chunks(np.random.default_rng(4), 1, length))
    full = recurrent_program(tiny_recurrent("bptt", T=length), data=small_task())
    matched(full)
    expected = summed(full, [whole])

    def after(number):
        """The true gradient at the end of unroll `number`, by BPTT over all that follows."""
        rest = length - (number + 1) * T
        network = full.network
        if rest == 0:
            return torch.zeros_like(network.state)
        head = [part[:, : length - rest] for part in whole]
        tail = [part[:, length - rest :] for part in whole]
        tape = network.core.tape(length - rest, 6)
        network.core.forward(tape, head[0], torch.zeros_like(network.state))
        network.state, network.steps, network._tapes = tape.state(length - rest), rest, []
        tape, deltas = network.forward(*tail)
        return network.core.pull(tape, deltas, None)

    dni = recurrent_program(tiny_recurrent("dni", T=T, sg_factor=1.0), data=small_task())
    matched(dni)
    dni.network.weights.named["core.weight"].copy_(full.network.weights.named["core.weight"])
    for name in ("readout.weight", "readout.bias"):
        dni.network.weights.named[name].copy_(full.network.weights.named[name])
    got = summed(dni, split(whole, T), oracle=after)
    assert (got - expected).abs().max() < 1e-12
    truncated = summed(dni, split(whole, T), oracle=lambda n: torch.zeros_like(dni.network.state))
    assert (truncated - expected).abs().max() > 1e-4  # what the true gradient mended


def test_with_m_at_zero_dni_is_truncated_bptt_bit_for_bit():
    programs = [
        recurrent_program(tiny_recurrent(rule, T=2), data=small_task()) for rule in ("bptt", "dni")
    ]
    for program in programs:
        for name, view in program.network.weights.named.items():
            assert name != "sg.output.weight" or not view.any()
    chunk = tensors(chunks(np.random.default_rng(5), 1, 2)[0])
    for program in programs:
        program.update(*chunk)
    bptt, dni = (named(program.network, "weights") for program in programs)
    for name, value in bptt.items():
        np.testing.assert_array_equal(value, dni[name])


def test_unrolls_that_hold_the_sequence_need_no_synthetic_gradient():
    whole = tensors(chunks(np.random.default_rng(6), 1, 5)[0])
    gradients = []
    for rule in ("bptt", "dni"):
        program = recurrent_program(tiny_recurrent(rule, T=5), data=small_task())
        matched(program)
        zero = torch.zeros_like(program.network.state)
        gradients.append(summed(program, [whole], oracle=lambda n, zero=zero: zero))
    assert torch.equal(*gradients)


def test_the_carried_state_is_that_of_one_long_forward():
    whole = tensors(chunks(np.random.default_rng(7), 1, 6)[0])
    states = []
    for T in (6, 2):
        program = recurrent_program(tiny_recurrent("bptt", T=T), data=small_task())
        matched(program)
        summed(program, split(whole, T))
        states.append(program.network.state)
    torch.testing.assert_close(*states, rtol=0, atol=1e-14)


class LinearCore:
    """An input-free linear network h' = W h with the interface of the LSTM; its c is always zero.

    So the gradient at c is zero, as M says from its start.
    """

    def __init__(self, weight, steps):
        self.weight, self.steps, self.units = weight, steps, weight.shape[1]

    def run(self, h):
        self.h = [h]
        for _ in range(self.steps):
            self.h.append(self.weight @ self.h[-1])

    @property
    def outputs(self):
        return torch.stack(self.h[1:], 2)

    def state(self, step):
        return torch.cat((self.h[step], torch.zeros_like(self.h[step])), 1)

    def pull(self, tape, deltas, end):
        dh = end[:, : self.units]
        for t in reversed(range(self.steps)):
            dh = self.weight.mT @ (dh if deltas is None else dh + deltas[:, :, t])
        return torch.cat((dh, torch.zeros_like(dh)), 1)

    def learn(self, *tapes):
        """Its weight never moves."""


def test_the_fixed_point_of_dni_is_the_true_gradient():
    """h' = W h, L = |h|^2 / 2 at every step: the gradient at h is (W'W + W'W'WW + ...) h."""
    units, T, rate = 4, 2, 1e-2
    options = {"sg_layers": 0, "sg_factor": 1.0, "sg_scale": 1.0, "learning_rate": rate}
    program = recurrent_program(
        tiny_recurrent("dni", T=T, hidden_units=units, **options), data=small_task()
    )
    network, streams = program.network, program.streams
    rng = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=rng)

    weight = normal(1, units, units)
    weight *= 0.8 / torch.linalg.eigvals(weight).abs().max()
    core = network.core = LinearCore(weight, T)

    def forward(inputs, targets):
        core.run(normal(1, units, streams))
        return core, core.outputs / streams  # the gradient of |h|^2 / 2, averaged over streams

    network.forward = forward
    for _ in range(1500):
        program._rule.unroll(network, None, None)
        program.adam.step([rate])

    h = normal(1, units, 50)
    said = network.synthetic_gradient(torch.cat((h, torch.zeros_like(h)), 1))
    true, truncated = (gradient_at(h[0], weight[0], steps) / streams for steps in (200, T))
    assert torch.linalg.norm(said[0, :units] - true) < 0.05 * torch.linalg.norm(true)
    assert torch.linalg.norm(truncated - true) > 0.3 * torch.linalg.norm(true)  # what M added
    assert not said[0, units:].any()


def gradient_at(h, weight, steps):
    """The gradient of the losses of so many steps at h: (W'W + W'W'WW + ...) h."""
    powers = [torch.linalg.matrix_power(weight, n) for n in range(1, steps + 1)]
    return sum(power.T @ power for power in powers) @ h
