"""The blueprint of two networks is that of the networks that are trained."""

import pytest
from reference.counting import tiny_pair
from reference.programs import CPU
from sgbench.bench.families.pair.blueprint import blueprint
from sgbench.bench.families.pair.network import PairReplicas


@pytest.mark.parametrize("rule", ["end_to_end", "dni", "no_feedback"])
def test_it_has_the_weights_of_the_networks(rule):
    cell = tiny_pair(rule)
    plan, network = blueprint(cell, 9), PairReplicas([cell], 9, CPU)
    blocks = [block for some in plan.parts.values() for block in some]
    shapes = {name: shape for block in blocks for name, shape in block.shapes.items()}
    weights = network.weights.named
    assert shapes == {name: tuple(weight.shape[1:]) for name, weight in weights.items()}
    assert list(shapes) == list(weights)
    assert list(plan.parts) == (["a", "b", "m"] if rule == "dni" else ["a", "b"])
    assert plan.readouts["b"].output((1,)) == (cell.T**2 + 1,)
