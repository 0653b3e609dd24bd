"""End to end: A learns from its own losses and from B's, in one update a cycle."""

import numpy as np
import pytest
import torch
from reference.counting import (
    RULES,
    T,
    everything,
    examples,
    named_gradients,
    pair_program,
    reference_of,
    tiny_pair,
)
from sgbench.bench import registry

every_rule = pytest.mark.parametrize("rule", RULES)


def moved(before, after):
    """The parts (a, b, sg0) of which a weight differs between two outputs of `everything`."""
    return {
        name.split(".")[0]
        for (kind, name), value in after.items()
        if kind == "weight" and not np.array_equal(value, before[kind, name])
    }


def step_with(program, labels=None):
    """One cycle on the program's next digits, with other counts of B if given."""
    found = program.streams.training(program.iteration)
    program.update(found.digits, found.odd, found.threes if labels is None else labels)


# --- against the reference


def forgetful(program):
    """Let nothing be remembered from step to step in A: no window reaches into the one before."""
    units = program.network.units
    named = program.network.weights.named
    named["a.lstm.hidden"].zero_()
    named["a.lstm.hidden_gamma"].zero_()
    named["a.lstm.bias"][:, units : 2 * units] = -700.0


def gradients_of_a(program):
    """A's gradients summed over a cycle of the rule, no weight ever moved."""
    total, cycle = {}, program.streams.training(program.iteration)
    rule = registry.RULES.module(program.cells[0].rule)
    program.network.clear()
    with torch.enable_grad():
        for part in rule.cycle(program.network, *cycle):
            if part == "a":
                for name, gradient in named_gradients(program).items():
                    if name.startswith("a."):
                        total[name] = total.get(name, 0) + gradient
    return total


def test_with_the_true_gradient_dni_is_end_to_end(monkeypatch):
    """Where A remembers nothing, truncation takes nothing away: what is left is M's part."""
    whole = pair_program(tiny_pair("end_to_end"))
    cycle = examples(whole.streams.training(0))
    forgetful(whole)
    true = reference_of(whole).cycle(*cycle)["targets"]
    expected = gradients_of_a(whole)
    for oracle in (True, False):
        dni = pair_program(tiny_pair("dni", sg_factor=1.0))
        for name, view in whole.network.weights.named.items():
            dni.network.weights.named[name].copy_(view)
        for name, state in reference_of(pair_program(tiny_pair("end_to_end"))).state.items():
            dni.network.states[name] = tuple(torch.as_tensor(x.T[None]) for x in state)
        if oracle:
            said = [torch.as_tensor(target.T[None]) for target in true]
            monkeypatch.setattr(dni.network, "synthetic_gradient", lambda m, s=said: s.pop(0))
        got = gradients_of_a(dni)
        gap = max((got[name] - expected[name]).abs().max().item() for name in expected)
        assert (gap < 1e-12) == oracle


def test_bs_labels_reach_a_end_to_end_only():
    for rule in RULES:
        programs = [pair_program(tiny_pair(rule)) for _ in range(2)]
        labels = programs[0].streams.training(0).threes
        step_with(programs[0])
        step_with(programs[1], (labels + 1) % (T * T + 1))
        one, other = map(everything, programs)
        differ = {
            name.split(".")[0]
            for (kind, name), value in one.items()
            if kind == "weight" and not np.array_equal(value, other[kind, name])
        }
        assert (
            differ
            == {
                "dni": {"b", "sg0"},
                "end_to_end": {"a", "b"},
                "no_feedback": {"b"},
            }[rule]
        )


def test_as_own_losses_weigh_the_same_whatever_the_rule(monkeypatch):
    """With a message that says nothing, a cycle's gradient of A is the same end to end or not."""
    found = []
    for rule in RULES:
        program = pair_program(tiny_pair(rule))
        forgetful(program)
        program.network.weights.named["b.lstm.input_gamma"].zero_()
        if rule == "dni":
            for name in ("sg0.output.weight", "sg0.output.bias"):
                program.network.weights.named[name].zero_()
        found.append(gradients_of_a(program))
    for other in found[1:]:
        for name, value in found[0].items():
            torch.testing.assert_close(other[name], value, rtol=1e-10, atol=1e-12)
