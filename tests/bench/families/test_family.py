"""What every family has: its cells, its programs, and data that it refuses."""

import pytest
import torch
from reference.cell_values import BACKPROP, CNN, COPY, PTB
from reference.counting import small_digits, tiny_pair
from reference.programs import CPU, random_data, tiny_cell
from reference.sequences import small_task, tiny_recurrent
from sgbench.bench import datasets, registry
from sgbench.bench.cell import Cell
from sgbench.bench.errors import UsageError
from sgbench.bench.families.family import family_for

PAIR = tiny_pair("dni")
FIT = {
    "fcn": (tiny_cell("backprop"), random_data),
    "cnn": (tiny_cell("backprop", "cnn"), random_data),
    "lstm": (tiny_recurrent("bptt"), small_task),
    "lstm of a text": (
        tiny_recurrent("bptt", dataset="descriptions"),
        lambda: datasets.load("descriptions"),
    ),
    "two_lstms": (PAIR, small_digits),
}


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (Cell.from_dict(BACKPROP), "feedforward"),
        (Cell.from_dict(CNN), "feedforward"),
        (Cell.from_dict(COPY), "recurrent"),
        (Cell.from_dict(PTB), "recurrent"),
        (PAIR, "pair"),
    ],
)
def test_the_family_of_a_cell_is_that_of_its_network(cell, name):
    family = family_for(cell)
    assert family.name == cell.family == name
    assert cell.network in family.networks
    assert datasets.kind(cell.dataset) in family.data_kinds


@pytest.mark.parametrize("name", registry.FAMILIES.names())
def test_tables_and_curves_run_along_a_field_of_its_cells(name):
    family = registry.FAMILIES.declared(name)
    cell = next(cell for cell, _ in FIT.values() if cell.family == name)
    assert cell.value(family.size_field) is not None
    assert family.unit in ("example", "symbol")


@pytest.mark.parametrize("name", FIT)
def test_its_program_trains_the_cells_together_without_autograd(name):
    cell, data = FIT[name]
    family = family_for(cell)
    with family.grad_mode():
        assert not torch.is_grad_enabled()
        program = family.program([cell, cell.replace(seed=1)], data(), CPU)
        program.step()
    assert program.iteration == 1
    assert [one.seed for one in program.cells] == [0, 1]


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("fcn", small_task, "Episodes"),
        ("cnn", lambda: datasets.load("descriptions"), "Text"),
        ("lstm", random_data, "Data"),
        ("two_lstms", small_task, "Episodes"),
    ],
)
def test_data_of_another_kind_is_refused_with_what_to_give(name, data, kind):
    cell, _ = FIT[name]
    with pytest.raises(UsageError) as caught:
        family_for(cell).program([cell], data(), CPU)
    for word in ("data: ", f"network={cell.network}", kind, f"datasets.load({cell.dataset!r})"):
        assert word in str(caught.value)
