"""Top layer only: the topmost hidden layer and the classifier learn, as by backprop."""

import pytest
from reference.programs import batches, everything, moved, program_of, tiny_cell, update

every_network = pytest.mark.parametrize("network", ["fcn", "cnn"])
TOP = ("classifier.", "hidden2.")


def trained(rule, network, count=5, **changes):
    """A program before and after updates: {(kind, name): array} twice."""
    program = program_of(tiny_cell(rule, network, **changes), randomised=False)
    before = everything(program)
    for index in batches(program, count):
        update(program, index)
    return before, everything(program)


@every_network
def test_the_layers_below_never_move(network):
    before, after = trained("top_only", network)
    names = {name for kind, name in after if kind == "weight"}
    assert moved(before, after) == {name for name in names if name.startswith(TOP)}
    for (kind, name), value in after.items():
        if kind == "statistic":  # of batch norm, by which the network is evaluated
            assert (value != before[kind, name]).any()
        elif kind.endswith("moment") and not name.startswith(TOP):
            assert (value == 0).all()


@every_network
def test_with_one_hidden_layer_it_is_backprop(network):
    _, own = trained("top_only", network, depth=2)
    _, backprop = trained("backprop", network, depth=2)
    assert own.keys() == backprop.keys()
    for what, value in own.items():
        assert (value == backprop[what]).all(), what


@every_network
def test_the_first_update_above_is_that_of_backprop(network):
    _, own = trained("top_only", network, count=1)
    _, backprop = trained("backprop", network, count=1)
    for (kind, name), value in own.items():
        if name.startswith(TOP):
            assert (value == backprop[kind, name]).all(), (kind, name)
