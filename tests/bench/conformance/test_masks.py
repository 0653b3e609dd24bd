"""The check of update masks: obeyed, refused, and each way of not obeying them."""

import pytest
from sgbench.bench.conformance.masks import masks

CHANGED = "right = decoupled_step\ndef decoupled_step(network, x, labels, mask):\n    "


@pytest.mark.parametrize("network", ["fcn", "cnn"])
def test_dni_obeys_them(own, holds, sources, network):
    holds(masks, own(sources["dni"], network, model="M"))


def test_a_rule_without_decoupled_step_is_refused_such_cells(own, holds, sources):
    holds(masks, own(sources["backprop"]))


def test_an_active_layer_without_a_gradient(own, fails, sources):
    wrong = CHANGED + "right(network, x, labels, [[*layers[:-1], False] for layers in mask])\n"
    assert "classifier is active" in fails(masks, own(sources["dni"] + wrong, model="M"))


def test_an_idle_layer_that_moves(own, fails, sources):
    wrong = CHANGED + (
        "right(network, x, labels, mask)\n    network.weights.named['hidden1.weight'].add_(1)\n"
    )
    assert "hidden1 is idle" in fails(masks, own(sources["dni"] + wrong, model="M"))


def test_an_idle_layer_that_runs_where_none_may(own, fails, sources):
    wrong = CHANGED + (
        "right(network, x, labels, mask)\n"
        "    if network.input_models:\n        network.hidden[0](x)\n"
    )
    words = fails(masks, own(sources["dni"] + wrong, model="M"))
    assert words.startswith("decoupled=both: hidden0 is idle")


def test_another_step_where_all_layers_are_active(own, fails, sources):
    wrong = CHANGED + (
        "right(network, x, labels, mask)\n"
        "    if all(map(all, mask)):\n        network.weights.grads.mul_(2)\n"
    )
    assert "every layer active" in fails(masks, own(sources["dni"] + wrong, model="M"))
