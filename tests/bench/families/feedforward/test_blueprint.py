"""The blueprint of a feed-forward network is that of the network that is trained."""

import subprocess
import sys

import pytest
from reference.programs import CPU, tiny_cell
from sgbench.bench.families.feedforward.blueprint import blueprint
from sgbench.bench.families.feedforward.network import FeedForwardReplicas

IMAGE, CLASSES = (2, 9, 6), 7
CELLS = {
    "fcn": tiny_cell("cdni", sg_layers=2),
    "linear": tiny_cell("dni", sg_layers=0),
    "unlocked": tiny_cell("dni", decoupled="both", p_update=0.5, si_layers=2, si_units=3),
    "cnn": tiny_cell("cdni", "cnn"),
    "backprop": tiny_cell("backprop", "cnn"),
}


@pytest.mark.parametrize("cell", CELLS.values(), ids=list(CELLS))
def test_it_has_the_weights_of_the_network(cell):
    plan, network = (
        blueprint(cell, IMAGE, CLASSES),
        FeedForwardReplicas([cell], IMAGE, CLASSES, CPU),
    )
    shapes = {name: shape for block in plan.blocks for name, shape in block.shapes.items()}
    assert shapes == {name: tuple(w.shape[1:]) for name, w in network.weights.named.items()}
    assert list(shapes) == list(network.weights.named)
    assert [block.blueprint for block in network.blocks()] == list(plan.blocks)
    assert tuple(network.hidden_shapes) == plan.shapes


def test_pooling_halves_the_maps():
    plan = blueprint(tiny_cell("dni", "cnn"), IMAGE, CLASSES)
    assert plan.shapes == ((4, 5, 3), (4, 3, 2), (4, 2, 1))
    assert plan.classifier.shapes["classifier.weight"] == (CLASSES, 8)


def test_it_is_free_of_torch():
    code = (
        "import sys;"
        "from sgbench.reproductions.exhibits.exhibit import expand, load;"
        "from sgbench.reproductions.running.plan import work;"
        "from sgbench.bench.profiling.memory_estimate import needed;"
        "cells = [c for e in ('table1', 'p_update', 'table2', 'two_networks')"
        " for c in expand(load(e), 'demo', seeds=1)];"
        "assert all(work(c) > 0 and needed(c) > 0 for c in cells);"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
