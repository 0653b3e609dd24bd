"""The recurrent architecture."""

from reference.sequences import tiny_recurrent
from sgbench.bench.networks import lstm


def test_its_parts():
    cell = tiny_recurrent("dni_aux", hidden_units=5, sg_layers=1, sg_units=6)
    core = lstm.core(cell, 9)
    assert core.shapes == {"weight": (20, 1 + 9 + 5)}
    assert core.state_size == 10
    assert lstm.readout(cell, 7).shapes == {"readout.weight": (7, 5), "readout.bias": (7,)}
    assert list(lstm.synthetic_gradient(cell, 10).shapes.values()) == [(6, 5), (6,), (10, 6), (10,)]
    assert lstm.auxiliary(cell, 10).shapes["aux.output.weight"] == (10, 5)


def test_a_linear_m():
    cell = tiny_recurrent("dni", hidden_units=5, sg_layers=0, sg_units=None)
    shapes = lstm.synthetic_gradient(cell, 10).shapes
    assert shapes == {"sg.output.weight": (10, 5), "sg.output.bias": (10,)}
