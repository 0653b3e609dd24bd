"""Checks of gradients: right ones pass, and a wrong one is named with both slopes."""

import pytest
from sgbench.bench.conformance import gradients

OBJECTIVE = "from sgbench.bench.rules.backprop import objective\n"


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_the_gradient_of_an_objective(own, holds, sources, network):
    holds(gradients.objective, own(OBJECTIVE + sources["backprop"], network))


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_a_gradient_that_is_too_large(own, fails, sources, network):
    wrong = sources["backprop"].replace(
        "    for pullback in rev", "    delta *= 1.01\n    for pullback in rev"
    )
    words = fails(gradients.objective, own(OBJECTIVE + wrong, network))
    assert words.startswith("hidden")


def test_another_loss(own, fails, sources):
    doubled = (
        "from sgbench.bench.rules.backprop import objective as half\n"
        "def objective(network, x, labels):\n    return 2 * half(network, x, labels)\n"
    )
    assert "rises by" in fails(gradients.objective, own(doubled + sources["backprop"]))


def test_a_loss_that_is_no_number_a_replica(own, fails, sources):
    mean = (
        "from sgbench.bench.rules.backprop import objective as each\n"
        "def objective(network, x, labels):\n    return each(network, x, labels).mean()\n"
    )
    assert "[R]" in fails(gradients.objective, own(mean + sources["backprop"]))


def test_a_right_m_gives_backprop(own, holds, sources):
    holds(gradients.exact_model, own(sources["dni"], model="M"))


UNROLL = (
    "from sgbench.bench.rules.dni import unroll as right\n"
    "def unroll(network, inputs, targets):\n"
    "    {0}\n"
    "    right(network, inputs, targets)\n"
)


def test_a_right_m_of_an_unroll(own, holds):
    setting = own(UNROLL.format("pass"), "lstm", model="M", families=("recurrent",))
    holds(gradients.exact_model, setting)


def test_a_factor_that_is_forgotten(own, fails):
    wrong = UNROLL.format("network.factor = 1")
    setting = own(wrong, "lstm", model="M", families=("recurrent",))
    assert "core" in fails(gradients.exact_model, setting)


def test_half_of_what_m_says(own, fails, sources):
    halved = sources["dni"] + (
        "right = step\n"
        "class Half:\n"
        "    def __init__(self, model):\n        self.model = model\n"
        "    def __call__(self, h, one_hot):\n"
        "        said, learn = self.model(h, one_hot)\n        return said / 2, learn\n"
        "def step(network, x, labels):\n"
        "    models, network.models = network.models, [Half(m) for m in network.models]\n"
        "    right(network, x, labels)\n    network.models = models\n"
    )
    assert "baseline" in fails(gradients.exact_model, own(halved, model="M"))
