"""Checks of how a rule trains: each finds the fault that it is for, and nothing in a right rule."""

import pytest
from sgbench.bench.conformance import training

CHECKS = (
    training.runs,
    training.writes_gradients,
    training.replicas,
    training.paired_seeds,
    training.resumes,
    training.keeps_to_itself,
    training.one_pass,
)


@pytest.mark.parametrize("check", CHECKS)
def test_backprop_has_no_fault(own, holds, sources, check):
    holds(check, own(sources["backprop"]))


def test_runs_sees_what_is_not_finite(own, fails, sources):
    wrong = sources["backprop"] + "        delta = delta / 0\n"
    assert "not finite" in fails(training.runs, own(wrong))


def test_runs_sees_a_rule_that_does_nothing(own, fails):
    assert "no weight" in fails(training.runs, own("def step(network, x, labels):\n    pass\n"))


def test_runs_sees_kept_tensors_that_come_and_go(own, fails, sources):
    wrong = sources["backprop"] + "    network.kept['late'] = delta\n"
    assert "network.kept" in fails(training.runs, own(wrong))


def test_a_layer_without_a_gradient(own, fails, sources):
    wrong = sources["backprop"].replace("reversed(pullbacks)", "reversed(pullbacks[1:])")
    assert "hidden0" in fails(training.writes_gradients, own(wrong))


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_replicas_that_mix(own, fails, sources, network):
    wrong = sources["backprop"].replace(
        "network.encode(labels))", "network.encode(labels)).mean(0, keepdim=True).expand_as(logits)"
    )
    assert "replica" in fails(training.replicas, own(wrong, network))


def test_a_hyperparameter_that_replicas_may_differ_in(own, holds, fails, sources):
    field = (
        "RULE = __import__('dataclasses').replace(RULE, hyperparameters=(Hyperparameter(name='own_"
        "scale', doc='of the update', min=0, max=9, replica_axis=True),))\n"
    )
    used = "    delta = delta * network.hyperparameters['own_scale']\n    for"
    right = sources["backprop"].replace("    for pullback", used + " pullback")
    holds(training.replicas, own(field + right))
    first = used.replace("network.hyper", "torch.as_tensor(network.hyper").replace(
        "['own_scale']", "['own_scale']).flatten()[0]"
    )
    wrong = sources["backprop"].replace("    for pullback", first + " pullback")
    assert "replica" in fails(training.replicas, own(field + wrong))


def test_other_initial_weights(own, fails, sources):
    setup = "def setup(network, draw):\n    network.weights.flat.zero_()\n    return {}\n"
    assert "initial values differ" in fails(training.paired_seeds, own(setup + sources["backprop"]))


def test_kept_tensors_that_the_seed_does_not_give(own, fails, sources):
    setup = "def setup(network, draw):\n    return {'b': torch.rand(network.replicas, 2)}\n"
    assert "b" in fails(training.paired_seeds, own(setup + sources["backprop"]))


@pytest.mark.parametrize("draws", ["torch.rand(1)", "random.random()"])
def test_global_generators(own, fails, sources, draws):
    words = fails(training.paired_seeds, own(sources["backprop"] + f"    {draws}\n"))
    assert "global random generator" in words


def test_state_outside_of_kept(own, fails, sources):
    count = "SEEN = []\n"
    wrong = sources["backprop"] + "    SEEN.append(1)\n    pullbacks[0](delta * 0 + len(SEEN))\n"
    wrong = wrong.replace("pullbacks[0](delta * 0", "network.classify(h)[1](logits * 0")
    assert "network.kept" in fails(training.resumes, own(count + wrong))


def test_state_in_kept_is_resumed(own, holds, sources):
    setup = "def setup(network, draw):\n    return {'n': draw.normal('n', (1,), 1.0)}\n"
    counted = sources["backprop"] + "    network.kept['n'] += 1\n"
    counted = counted.replace(
        "for pullback in rev", "delta *= network.kept['n'][0]\n    for pullback in rev"
    )
    holds(training.resumes, own(setup + counted))


def test_a_rule_that_moves_weights(own, fails, sources):
    wrong = sources["backprop"] + "    network.weights.flat.mul_(0.9)\n"
    assert "weight" in fails(training.keeps_to_itself, own(wrong))


def test_a_rule_that_changes_its_batch(own, fails, sources):
    wrong = sources["backprop"].replace("    h, pullbacks", "    x.mul_(2)\n    h, pullbacks")
    assert "arguments" in fails(training.keeps_to_itself, own(wrong))


def test_targets_that_change_state(own, fails, sources):
    wrong = sources["dni"] + (
        "told = targets\n"
        "def targets(network, passes):\n"
        "    network.weights.statistics['hidden0.mean'].add_(1)\n"
        "    return told(network, passes)\n"
    )
    setting = own(wrong, model="M")
    assert "watched" in fails(training.keeps_to_itself, setting)


def test_a_part_that_a_pair_does_not_have(own, fails):
    cycle = (
        "from sgbench.bench.rules.no_feedback import cycle as right\n"
        "def cycle(network, digits, odd, threes):\n"
        "    yield from right(network, digits, odd, threes)\n"
        "    yield 'c'\n"
    )
    setting = own(cycle.replace("RULE", ""), "two_lstms", families=("pair",))
    assert "'c'" in fails(training.keeps_to_itself, setting)


def test_a_layer_that_runs_twice(own, fails, sources):
    wrong = sources["backprop"].replace(
        "in network.hidden:", "in network.hidden:\n        layer(h)"
    )
    assert "statistic" in fails(training.one_pass, own(wrong))
