"""The blueprint of a recurrent network is that of the network that is trained."""

import pytest
from reference.programs import CPU
from reference.sequences import tiny_recurrent
from sgbench.bench.families.recurrent.blueprint import blueprint
from sgbench.bench.families.recurrent.network import RecurrentReplicas


@pytest.mark.parametrize("rule", ["bptt", "dni", "dni_aux"])
def test_it_has_the_weights_of_the_network(rule):
    cell = tiny_recurrent(rule)
    plan, network = blueprint(cell, 5, 3), RecurrentReplicas([cell], 5, 3, CPU)
    shapes = {name: shape for block in plan.blocks for name, shape in block.shapes.items()}
    weights = network.weights.named
    assert shapes == {name: tuple(weight.shape[1:]) for name, weight in weights.items()}
    assert list(shapes) == list(weights)
    assert (plan.model is None) == (rule == "bptt")
    assert (plan.auxiliary is None) == (rule != "dni_aux")
