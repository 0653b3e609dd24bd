"""What all programs share: state that is whole, and a program that takes it up bit for bit."""

import pytest
import torch
from sgbench.bench import registry
from sgbench.bench.conformance.harness import copied, differing, harness_of, restored
from sgbench.bench.conformance.settings import settings

SETTINGS = [
    setting for name in ("dni", "dni_aux") for setting in settings(registry.RULES.declared(name))
]


@pytest.fixture(params=SETTINGS, ids=lambda setting: f"{setting.rule.name} {setting}")
def setting(request):
    with request.param.family.grad_mode():
        yield request.param


def test_the_state_is_whole(setting):
    cells = (setting.cell(0), setting.cell(1, second=True))
    stopped = harness_of(setting, *cells)
    stopped.step(3)
    state = stopped.state()
    assert set(state) == {"iteration", "weights", "statistics", "adam", "kept", "own"}
    resumed = restored(setting, state, *cells)
    assert resumed.program.iteration == 3
    for some in (stopped, resumed):
        some.step(2)
    assert differing(stopped.tensors(), resumed.tensors()) == []


def test_the_state_is_live_until_it_is_copied(setting):
    found = harness_of(setting)
    live, copy = found.program.state(), found.state()
    found.step(1)
    assert torch.equal(live["weights"], found.program.weights.flat)
    assert not torch.equal(copy["weights"], found.program.weights.flat)


def test_what_is_restored_is_copied(setting):
    found = harness_of(setting)
    found.step(1)
    state = copied(found.state())
    before = state["weights"].clone()
    other = restored(setting, state)
    other.step(1)
    assert torch.equal(state["weights"], before)


def test_rates_drop(setting):
    cell = setting.cell(drops=(0.5,), drop_factor=0.1, iterations=4)
    found = harness_of(setting, cell)
    rates = []
    for _ in range(4):
        rates += found.program.rates()
        found.step(1)
    assert rates == pytest.approx([0.02, 0.02, 0.002, 0.002])


def test_moments_have_the_names_of_the_weights(setting):
    found = harness_of(setting)
    found.step(1)
    first, second = found.program.moments()
    assert set(first) == set(second) == set(found.program.weights.named)
    assert any(moment.any() for moment in first.values())
