"""The fields of a cell: their kinds, the hyperparameters among them, and which cells have which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.cell_values import (
    AUX,
    BACKPROP,
    BOTH,
    BPTT,
    CNN,
    COPY,
    DNI,
    MIXED,
    NUMBERS,
    PTB,
    UPDATE,
)
from reference.own_rules import RULE, registered
from sgbench.bench import registry
from sgbench.bench.cell import OPTIONAL, Cell
from sgbench.bench.configuration import (
    FIELDS,
    applicable,
    coerce,
    defaults,
    field_names,
    field_of,
    hyperparameters,
    own_fields,
    replica_axes,
)
from sgbench.bench.errors import UsageError


@pytest.mark.parametrize(
    ("name", "scalar", "optional", "many"),
    [
        ("rule", str, False, False),
        ("depth", int, True, False),
        ("seed", int, False, False),
        ("sg_layers", int, True, False),
        ("sg_scale", float, True, False),
        ("drops", float, False, True),
        ("evaluate_at", float, True, True),
    ],
)
def test_kinds_of_fields(name, scalar, optional, many):
    field = field_of(name)
    assert (field.scalar, field.optional, field.many) == (scalar, optional, many)


def test_a_hyperparameter_is_a_field_that_only_some_cells_have():
    field = field_of("bp_lambda")
    assert (field.scalar, field.optional, field.many) == (float, True, False)
    assert (field.min, field.max) == (0, 1)
    assert "bp_lambda" not in FIELDS
    assert "bp_lambda" in hyperparameters()


def test_names_are_those_of_every_cell_and_then_the_rules_own():
    names = field_names()
    assert names[: len(FIELDS)] == tuple(FIELDS)
    assert set(names[len(FIELDS) :]) == {
        *("bp_lambda", "aux_weight", "frozen_below"),
        *("sim_weight", "top_weight", "ff_threshold", "mf_sum"),
    }


@pytest.mark.parametrize(("name", "near"), [("dephts", "depth"), ("bp_lambd", "bp_lambda")])
def test_an_unknown_field_is_answered_with_the_nearest(name, near):
    for ask in (field_of, lambda field: coerce(field, 1)):
        with pytest.raises(UsageError) as caught:
            ask(name)
        assert repr(name) in str(caught.value)
        assert repr(near) in str(caught.value)


def test_applicable_is_what_a_cell_needs():
    linear = {"sg_layers": 0, "sg_units": None}
    inputs = {"si_layers": 0, "si_units": None}
    bases = (DNI, {**DNI, **linear}, BACKPROP, CNN, COPY, {**COPY, **linear}, AUX, BPTT)
    for base in (*bases, UPDATE, BOTH, {**BOTH, **inputs}, MIXED, {**PTB, "corpus": "a.txt"}):
        cell = Cell.from_dict(base)
        applies = applicable(cell.to_dict())
        spare = {*OPTIONAL, "frozen_below"}
        needed = {name for name, yes in applies.items() if yes and name not in spare}
        assert needed == {name for name in applies if base.get(name) is not None} - spare


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"network": "fnc"}, "did you mean 'fcn'"),
        ({"rule": "cdnni"}, "did you mean 'cdni'"),
    ],
)
def test_what_applies_to_an_unknown_network_or_rule_is_an_error(change, words):
    with pytest.raises(UsageError, match=words):
        applicable({**DNI, **change})


def test_cells_of_a_program_may_differ_in_numbers_that_change_no_shape():
    axes = replica_axes()
    assert {"seed", "learning_rate", "sg_scale", "p_update"} <= set(axes)
    for name in axes:
        assert field_of(name).scalar in (int, float)
    for name in ("depth", "hidden_units", "batch_size", "iterations", "rule", "precision"):
        assert name not in axes
    declared = {name for name, one in hyperparameters().items() if one.replica_axis}
    assert declared == set(axes) & set(hyperparameters())


@given(st.sampled_from(sorted(NUMBERS)), st.data())
def test_coerce_is_idempotent(field, data):
    value = coerce(field, data.draw(NUMBERS[field]))
    assert coerce(field, value) == value
    assert type(coerce(field, value)) is type(value)


class TestRuleOfOnesOwn:
    def test_its_hyperparameter_comes_and_goes_with_the_file(self, tmp_path):
        before = field_names()
        with registered(tmp_path) as rule:
            assert sorted(field_names()) == sorted((*before, "strength"))
            assert hyperparameters()["strength"].doc == "how strong"
            assert coerce("strength", 1) == 1.0
            assert defaults(rule, optional=False) == {"strength": 1.0}
            assert defaults(rule, optional=True) == {}
            assert list(own_fields(rule, "feedforward")) == ["strength"]
            assert applicable({**BACKPROP, "rule": rule})["strength"]
            assert not applicable(BACKPROP)["strength"]
            cell = Cell.from_dict({**BACKPROP, "rule": rule, "strength": 2})
            assert cell.value("strength") == 2.0
        assert field_names() == before
        with pytest.raises(UsageError, match="unknown field 'strength'"):
            field_of("strength")

    def test_a_hyperparameter_cannot_have_the_name_of_a_field_of_every_cell(self, tmp_path):
        path = tmp_path / "mine.py"
        text = RULE.format(name="mine", version=1).replace('"strength"', '"depth"')
        path.write_text(text)
        registry.RULES.add_file(str(path), "--rule-file")
        try:
            with pytest.raises(UsageError) as caught:
                own_fields("mine", "feedforward")
            for word in ("rule mine", "depth", "rename it"):
                assert word in str(caught.value)
        finally:
            registry.RULES.remove("mine")

    def test_a_rule_without_hyperparameters_has_none(self):
        assert own_fields("backprop", "feedforward") == {}
        assert defaults("backprop", optional=False) == defaults("backprop", optional=True) == {}
