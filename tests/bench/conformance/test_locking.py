"""The check of locking: what a rule's layers wait for, and each way of not saying so."""

import pytest
from sgbench.bench import registry
from sgbench.bench.conformance.locking import locking
from sgbench.bench.conformance.settings import settings

DFA = """
from sgbench.bench.rules.dfa import setup, step
"""
LOCAL = """
from sgbench.bench.rules.local_pred import step
"""


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_what_waits_for_nothing_but_its_input(own, holds, sources, network):
    for functions, fields in ((LOCAL, {"auxiliary": True}), (sources["dni"], {"model": "M"})):
        for declared in ("forward", "update"):  # it may say that it waits for more
            holds(locking, own(functions, network, locking=declared, **fields))


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_direct_feedback_waits_for_the_output(own, holds, fails, network):
    holds(locking, own(DFA, network, locking="update"))
    words = fails(locking, own(DFA, network, locking="forward"))
    assert "hidden0." in words
    assert "'update'" in words


@pytest.mark.parametrize("network", ["fcn", "cnn"])
@pytest.mark.parametrize("declared", ["forward", "update"])
def test_an_error_that_came_down_shows(own, fails, sources, network, declared):
    words = fails(locking, own(sources["backprop"], network, locking=declared))
    assert "hidden" in words
    assert "'backward'" in words


def test_an_error_that_comes_down_by_other_weights_shows(own, fails):
    functions = "from sgbench.bench.rules.fa import setup, step\n"
    assert "'backward'" in fails(locking, own(functions, locking="update"))


def test_the_error_of_the_layer_above_alone_shows(own, fails):
    functions = """
def step(network, x, labels):
    one_hot, h, passed = network.encode(labels), x, []
    for layer, head in zip(network.hidden, network.heads, strict=True):
        h, pullback = layer(h)
        logits, pull = head(h)
        passed.append((pullback, pull(network.loss_gradient(logits, one_hot))))
    logits, pullback = network.classify(h)
    pullback(network.loss_gradient(logits, one_hot), need_input=False)
    passed[2][0](passed[2][1], need_input=False)
    below = passed[1][0](passed[1][1])
    passed[0][0](passed[0][1] + 1e-3 * below, need_input=False)
"""
    words = fails(locking, own(functions, auxiliary=True, locking="forward"))
    assert "hidden0." in words
    assert "hidden1." not in words


def test_an_m_that_reads_the_layer_above_shows(own, fails):
    functions = """
def step(network, x, labels):
    one_hot, h, passed = network.encode(labels), x, []
    for layer in network.hidden:
        h, pullback = layer(h)
        passed.append((pullback, h))
    logits, pullback = network.classify(h)
    pullback(network.loss_gradient(logits, one_hot), need_input=False)
    for i, (pullback, h) in enumerate(passed):
        _, above = passed[min(i + 1, len(passed) - 1)]
        synthetic, learn = network.models[i](above, one_hot)
        learn(synthetic * 0.5)
        pullback(synthetic, need_input=False)
"""
    words = fails(locking, own(functions, model="M", locking="forward"))
    assert "hidden0." in words
    assert "weights of the layers above" in words


RULES = {
    "forward": ("cdni", "dni", "drtp", "local_pred", "local_predsim", "local_sim", "no_bprop"),
    "update": ("dfa",),
    "backward": ("backprop", "bp_lambda", "deep_supervision", "fa", "top_only"),
}
FCN_ALONE = ("forward_forward", "mono_forward")


def test_what_the_package_s_rules_declare():
    found = {}
    for name in registry.RULES.builtin_names():
        rule = registry.RULES.declared(name)
        if "feedforward" in rule.families:
            found.setdefault(rule.locking, set()).add(name)
    assert found == {
        **{name: set(rules) for name, rules in RULES.items()},
        "forward": {
            *RULES["forward"],
            *FCN_ALONE,
        },
    }


@pytest.mark.parametrize("name", [*RULES["forward"], *RULES["update"], *FCN_ALONE])
def test_they_wait_for_no_more(name, holds):
    for setting in settings(registry.RULES.declared(name)):
        if setting.family.name == "feedforward":
            holds(locking, setting)


@pytest.mark.parametrize("name", ["deep_supervision", "fa", "top_only"])
def test_others_do_wait(name, own, fails):
    """What they declare is not too much."""
    rule = registry.RULES.declared(name)
    functions = f"from sgbench.bench.rules import {name} as right\nstep = right.step\n"
    if name == "fa":
        functions += "setup = right.setup\n"
    fields = {"auxiliary": rule.auxiliary, "frozen_below": rule.frozen_below}
    if name == "deep_supervision":
        functions = functions.replace("step = right.step", "")
        functions += (
            "def step(network, x, labels):\n"
            "    network.hyperparameters = {'top_weight': 1.0}\n"
            "    right.step(network, x, labels)\n"
        )
    fails(locking, own(functions, locking="update", **fields))
