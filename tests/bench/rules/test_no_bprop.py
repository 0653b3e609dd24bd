"""No backprop: the classifier alone learns."""

import pytest
from reference.programs import (
    batches,
    everything,
    moved,
    program_of,
    tiny_cell,
    update,
)

every_network = pytest.mark.parametrize("network", ["fcn", "cnn"])
every_m = pytest.mark.parametrize("sg_layers", [0, 1, 2])
synthetic_rules = pytest.mark.parametrize("rule", ["dni", "cdni"])


@every_network
def test_no_bprop_never_moves_a_hidden_weight(network):
    program = program_of(tiny_cell("no_bprop", network), randomised=False)
    before = everything(program)
    for index in batches(program, 5):
        update(program, index)
    after = everything(program)
    assert moved(before, after) == {"classifier.weight", "classifier.bias"}
    for (kind, name), value in after.items():
        if kind == "statistic":
            assert (value != before[kind, name]).any()
        elif kind.endswith("moment") and name.startswith("hidden"):
            assert (value == 0).all()
