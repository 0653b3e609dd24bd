"""Rules with a fault of their own, each in a file, as the checks see them."""

import pytest
import torch
from sgbench.bench import registry
from sgbench.bench.conformance.settings import settings

HEAD = """
import random
import torch
from sgbench.bench.contract import Hyperparameter, Rule

RULE = Rule(
    name="own", label="own", sentence="as it says", color="#123456",
    version=1, source="a test", FIELDS
)
"""
BACKPROP = """
def step(network, x, labels):
    h, pullbacks = x, []
    for layer in network.hidden:
        h, pullback = layer(h)
        pullbacks.append(pullback)
    logits, pullback = network.classify(h)
    delta = pullback(network.loss_gradient(logits, network.encode(labels)))
    for pullback in reversed(pullbacks):
        delta = pullback(delta)
"""
DNI = """
from sgbench.bench.rules.dni import decoupled_step, step, targets
"""


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def own(tmp_path):
    """Register a rule by its functions; return its setting on a network, fcn unless told."""
    added = []

    def make(functions, network="fcn", **fields):
        fields = {"families": ("feedforward",), **fields}
        given = ", ".join(f"{name}={value!r}" for name, value in fields.items())
        path = tmp_path / "own.py"
        path.write_text(HEAD.replace("FIELDS", given) + functions)
        if added:
            registry.RULES.remove(added.pop())
        added.append(registry.RULES.add_file(str(path), "--rule-file"))
        found = settings(registry.RULES.declared("own"))
        return next(setting for setting in found if setting.network == network)

    yield make
    for name in added:
        registry.RULES.remove(name)


@pytest.fixture
def fails():
    """Run a check that must fail; return what it says."""
    from sgbench.bench.conformance.checks import Failed

    def call(check, setting):
        with setting.family.grad_mode(), pytest.raises(Failed) as caught:
            check(setting)
        return str(caught.value)

    return call


@pytest.fixture
def holds():
    """Run a check that must pass."""

    def call(check, setting):
        with setting.family.grad_mode():
            check(setting)

    return call


@pytest.fixture
def sources():
    """The functions of a rule that is right: backprop, and DNI for rules with a model M."""
    return {"backprop": BACKPROP, "dni": DNI}
