"""Checks of labels and of M: each finds the fault that it is for."""

import pytest
from sgbench.bench.conformance import models

TARGETS = "told = targets\ndef targets(network, passes):\n    found = told(network, passes)\n    "


@pytest.mark.parametrize("check", [models.labels, models.unlocked, models.zero_model])
@pytest.mark.parametrize("model", ["M", "M with label"])
def test_dni_has_no_fault(own, holds, sources, check, model):
    holds(check, own(sources["dni"], model=model))


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_targets_of_dni(own, holds, sources, network):
    holds(models.targets, own(sources["dni"], network, model="M"))


def test_labels_that_reach_the_input(own, fails, sources):
    wrong = sources["backprop"].replace("h, pullbacks = x,", "h, pullbacks = x + labels.mean(1),")
    wrong = wrong.replace("labels.mean(1)", "labels.double().mean()")
    words = fails(models.labels, own(wrong))
    assert "label_leak" in words
    assert "hidden0" in words


def test_labels_that_are_kept(own, fails, sources):
    setup = "def setup(network, draw):\n    return {'seen': draw.normal('seen', (1,), 0.0)}\n"
    wrong = sources["backprop"] + "    network.kept['seen'] += labels[:, :1]\n"
    assert "seen" in fails(models.labels, own(setup + wrong))


def test_targets_of_an_unroll_that_reach_its_inputs(own, fails):
    wrong = (
        "from sgbench.bench.rules.bptt import unroll as right\n"
        "def unroll(network, inputs, targets):\n"
        "    right(network, (inputs + targets.clamp(min=0)) % 3, targets)\n"
    )
    setting = own(wrong, "lstm", families=("recurrent",))
    assert "label_leak" in fails(models.labels, setting)


def test_counts_that_reach_a_message(own, fails):
    wrong = (
        "from sgbench.bench.rules.no_feedback import cycle as right\n"
        "def cycle(network, digits, odd, threes):\n"
        "    yield from right(network, digits + threes[0, 0], odd, threes)\n"
    )
    setting = own(wrong, "two_lstms", families=("pair",))
    assert "label_leak" in fails(models.labels, setting)


def test_a_rule_that_waits_for_the_labels(own, fails, sources):
    setting = own(sources["backprop"], model="M")
    assert "hidden0" in fails(models.unlocked, setting)
    assert "hidden0" in fails(models.zero_model, setting)


def test_targets_of_another_shape(own, fails, sources):
    wrong = sources["dni"] + TARGETS + "return [one.flatten(1) for one in found]\n"
    assert "shape" in fails(models.targets, own(wrong, model="M"))


def test_targets_that_step_does_not_teach(own, fails, sources):
    wrong = sources["dni"] + TARGETS + "return [2 * one for one in found]\n"
    assert "layer 1" in fails(models.targets, own(wrong, model="M"))


def test_too_few_targets(own, fails, sources):
    wrong = sources["dni"] + TARGETS + "return found[1:]\n"
    assert "2 tensors for 3" in fails(models.targets, own(wrong, model="M"))
