"""The family of two networks: which fields its cells have, and what it refuses."""

import pytest
from reference.counting import tiny_pair
from sgbench.bench.errors import UsageError
from sgbench.bench.families.pair import FAMILY, TRAINING_VERSION

M = {"sg_layers", "sg_scale", "sg_factor", "sg_units"}


@pytest.mark.parametrize(
    ("rule", "change", "fields"),
    [
        ("end_to_end", {}, set()),
        ("no_feedback", {}, set()),
        ("dni", {}, M),
        ("dni", {"sg_layers": 0, "sg_units": None}, M - {"sg_units"}),
    ],
)
def test_fields_of_a_cell(rule, change, fields):
    values = tiny_pair(rule, **change).to_dict()
    assert set(FAMILY.fields(values)) == {"T", "split", "hidden_units"} | fields


def test_bfloat16_is_refused_with_what_fits():
    values = tiny_pair("dni").to_dict()
    for precision in ("float32", "float64"):
        FAMILY.check({**values, "precision": precision})
    with pytest.raises(UsageError) as caught:
        FAMILY.check({**values, "precision": "bf16"})
    for word in ("precision=bf16", "network=two_lstms", "float32"):
        assert word in str(caught.value)


@pytest.mark.parametrize("T", [1, 4])
def test_an_iteration_is_a_cycle_of_t_times_t_steps(T):
    cell = tiny_pair("end_to_end", T=T)
    assert FAMILY.data_steps(cell.to_dict()) == cell.data_steps == T**2


def test_all_cells_have_one_version_of_the_protocol():
    found = {FAMILY.training_version(tiny_pair(rule).to_dict()) for rule in ("dni", "end_to_end")}
    assert found == {TRAINING_VERSION}
