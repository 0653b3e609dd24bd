"""Sizes of the models beside a network."""

import pytest
from reference.programs import tiny_cell
from sgbench.bench.errors import UsageError
from sgbench.bench.networks._models import hidden_sizes


@pytest.mark.parametrize(("layers", "sizes"), [(0, []), (1, [7]), (3, [7, 7, 7])])
def test_hidden_layers_of_m_have_its_units(layers, sizes):
    assert hidden_sizes(tiny_cell("dni", sg_layers=layers), "sg") == sizes


@pytest.mark.parametrize(("layers", "sizes"), [(0, []), (2, [5, 5])])
def test_hidden_layers_of_i_have_its_units(layers, sizes):
    units = {"si_layers": layers, "si_units": 5 if layers else None}
    cell = tiny_cell("dni", sg_layers=1, decoupled="both", p_update=0.5, **units)
    assert hidden_sizes(cell, "si") == sizes


@pytest.mark.parametrize(("rule", "kind"), [("backprop", "sg"), ("dni", "si")])
def test_a_cell_without_the_model_is_an_error_that_names_the_field(rule, kind):
    with pytest.raises(UsageError, match=f"{kind}_layers is needed for rule={rule}"):
        hidden_sizes(tiny_cell(rule), kind)
