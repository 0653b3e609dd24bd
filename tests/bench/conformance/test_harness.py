"""Trials: what a rule's function is called with, and labels that are given again."""

import pytest
import torch
from sgbench.bench import registry
from sgbench.bench.conformance.harness import (
    copied,
    differing,
    first_and_count,
    harness_of,
    restored,
)
from sgbench.bench.conformance.settings import settings

SETTINGS = list(settings(registry.RULES.declared("dni")))


@pytest.fixture(params=SETTINGS, ids=str)
def setting(request):
    with request.param.family.grad_mode():
        yield request.param


def test_what_is_written_is_what_an_update_moves_by(setting):
    found, stepped = harness_of(setting), harness_of(setting)
    found.write(found.draw())
    gradients = found.gradients()
    assert any(gradient.any() for gradient in gradients.values())
    stepped.step(1)
    assert differing(gradients, stepped.gradients()) == [] or setting.family.name == "pair"


def test_other_labels_change_gradients_and_replayed_ones_do_not(setting):
    found = harness_of(setting)
    found.randomise()
    arguments, start = found.draw(), found.state()
    other = restored(setting, start)
    other.write(other.relabelled(arguments))
    replay = found.remember_labels()
    found.write(arguments)
    before = found.gradients()
    assert differing(before, other.gradients())
    found.program.restore(start)
    replay()
    found.write(found.relabelled(arguments))
    assert differing(before, found.gradients()) == []


def test_randomised_weights_are_the_same_every_time(setting):
    one, other = harness_of(setting), harness_of(setting)
    before = one.tensors()
    for some in (one, other):
        some.randomise()
    assert differing(one.tensors(), other.tensors()) == []
    weights = {name for name in before if name.startswith("weight ")}
    assert set(differing(before, one.tensors())) == weights


def test_copies():
    tensor = torch.ones(2)
    state = {"a": [tensor, 1], "b": (tensor,), "c": "x"}
    copy = copied(state)
    tensor.zero_()
    assert copy["a"][0].all()
    assert copy["b"][0].all()
    assert copy["a"][1:] == [1]
    assert copy["c"] == "x"


def test_differing_takes_nan_for_nan():
    nan = torch.tensor([torch.nan, 1.0])
    assert differing({"a": nan, "b": nan}, {"a": nan.clone(), "b": nan + 1}) == ["b"]
    assert first_and_count(["b"]) == "b"
    assert first_and_count(["b", "c", "d"]) == "b (and 2 more)"
