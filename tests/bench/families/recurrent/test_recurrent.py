"""The recurrent family: which fields cells of tasks and of texts have."""

import pytest
from reference.cell_values import AUX, BPTT, COPY, PTB
from sgbench.bench.cell import Cell
from sgbench.bench.families import recurrent
from sgbench.bench.families.recurrent import (
    BFLOAT16_CHANGED,
    CURRICULUM_CHANGED,
    FAMILY,
    TRAINING_VERSION,
)

ALWAYS = {"T", "hidden_units"}
TASK = {"solve_bits", "solve_window"}
TEXT = {"split", "corpus", "patience"}
M = {"sg_layers", "sg_scale", "sg_factor", "sg_units"}


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        (COPY, TASK | M),
        ({**COPY, "sg_layers": 0}, (TASK | M) - {"sg_units"}),
        (BPTT, TASK),
        (AUX, TASK | M),
        (PTB, TEXT | M),
        ({**BPTT, "dataset": "ptb"}, TEXT),
    ],
)
def test_fields_of_a_cell(values, fields):
    assert set(FAMILY.fields(values)) == ALWAYS | fields


@pytest.mark.parametrize("T", [1, 20])
def test_an_iteration_is_an_unroll_of_t_steps(T):
    cell = Cell.from_dict({**COPY, "T": T})
    assert FAMILY.data_steps(cell.to_dict()) == cell.data_steps == T


def test_its_fields_fit_one_another_whatever_the_precision():
    for precision in ("float32", "float64", "bf16"):
        assert Cell.from_dict({**COPY, "precision": precision}).precision == precision


def test_only_cells_of_bf16_change_with_its_arithmetic(monkeypatch):
    both = [Cell.from_dict({**COPY, "precision": p}) for p in ("float32", "bf16")]
    before = [cell.versions()["protocol"] for cell in both]
    monkeypatch.setattr(recurrent, "BFLOAT16_CHANGED", BFLOAT16_CHANGED + 7)
    assert [cell.versions()["protocol"] for cell in both] == [before[0], before[1] + 7]


def test_only_cells_with_a_curriculum_change_with_it(monkeypatch):
    tasks, text = (COPY, AUX, BPTT, {**COPY, "dataset": "repeat_copy"}), Cell.from_dict(PTB)
    assert text.versions()["protocol"] == TRAINING_VERSION
    before = [Cell.from_dict(task).versions() for task in tasks], text.versions()
    monkeypatch.setattr(recurrent, "CURRICULUM_CHANGED", CURRICULUM_CHANGED + 5)
    after = [Cell.from_dict(task).versions() for task in tasks], text.versions()
    assert after[0] == [{**one, "protocol": one["protocol"] + 5} for one in before[0]]
    assert after[1] == before[1]
