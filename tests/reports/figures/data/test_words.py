"""The words of figures: what rules, data sets, fields and results are called."""

import pytest
from sgbench.bench.registry import RULES
from sgbench.reports.figures.data import words
from sgbench.reproductions.exhibits.exhibit import expand, load


def test_a_rules_own_hyperparameter_is_written_as_the_rule_declares():
    own = RULES.declared("bp_lambda").hyperparameter("bp_lambda")
    assert words.axis("bp_lambda") == f"{own.symbol} ({own.about})"
    assert words.legend("bp_lambda") == own.symbol


@pytest.mark.parametrize(
    ("name", "axis", "legend"),
    [
        ("depth", "depth (layers with weights)", "depth"),
        ("sg_layers", "hidden layers of M", "hidden layers of M"),
        ("batch_size", "batch size", "batch size"),  # nothing better is known
    ],
)
def test_axes_and_legends_name_the_field(name, axis, legend):
    assert (words.axis(name), words.legend(name)) == (axis, legend)


def test_an_error_is_of_the_cells_split():
    (cell, *_) = expand(load("sg_scale"), "demo")
    assert (words.axis("error", cell), words.axis("error")) == (
        "validation error (%)",
        "test error (%)",
    )


def test_labels_are_the_exhibits_before_those_declared():
    table1 = load("table1")
    assert words.label(table1, "network", "fcn") == "FCN"
    assert words.label(table1, "rule", "dni_aux") == RULES.declared("dni_aux").label
    assert words.label(table1, "learning_rate", 0.001) == "0.001"
    assert words.label(table1, "p_update", None) == ""


def test_fields_are_written_as_options_take_them():
    assert words.assignment("drops", (0.6, 0.8)) == "drops=0.6:0.8"
    assert words.assignment("sg_layers", 2) == "sg_layers=2"
    assert words.assignment("sg_layers", None) == ""


def test_baselines_come_first_and_rules_with_a_model_last():
    rules = ["cdni", "dni", "no_bprop", "bp_lambda", "backprop"]
    expected = ["backprop", "no_bprop", "bp_lambda", "dni", "cdni"]
    assert sorted(rules, key=words.rank) == expected


def test_colours_are_those_declared():
    assert words.colors(["dni", "backprop", "dni"]) == {
        "dni": RULES.declared("dni").color,
        "backprop": RULES.declared("backprop").color,
    }


def test_a_value_that_nothing_names_has_its_label_or_its_field():
    beyond = load("beyond")
    assert words.told(beyond, "patience", None) == "equal passes"
    assert words.told(beyond, "top_weight", 0.0) == "heads alone"
    assert words.told(beyond, "top_weight", None) == ""
    assert words.told(beyond, "sg_layers", 2) == "sg_layers=2"
