"""The architecture of two networks."""

from reference.counting import tiny_pair
from sgbench.bench.networks import two_lstms


def test_its_parts():
    cell = tiny_pair("dni", hidden_units=5, sg_layers=1, sg_units=6, T=3)
    encoder = two_lstms.encoder(cell, 11)
    assert encoder.shapes["a.encoder0.weight"] == (5, 11)
    assert encoder.output((11,)) == (5,)
    core = two_lstms.core(cell)
    assert core.shapes["hidden"] == (20, 5)
    assert set(core.statistics.values()) == {(3, 20)}  # of each step of an unroll
    assert two_lstms.readout("b", cell, 9).shapes["b.readout.weight"] == (10, 5)
    assert two_lstms.message(cell).shapes["weight"] == (5, 5)
    assert list(two_lstms.synthetic_gradient(cell).output((5,))) == [5]
