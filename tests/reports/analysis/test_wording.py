"""Fields and their values in words."""

import pytest
from sgbench.reports.analysis.wording import NONE, at, beside_limit, heading, label, number, phrase
from sgbench.reproductions.exhibits.exhibit import load


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (500_000, "500,000"), (3e-5, "3e-5"), (1.5e-4, "1.5e-4"), (100 / 3, "33.3"), (0.0, "0"),
        (12_345.6, "12,346"), (999.7, "1,000"), (999.4, "999"), (-999.5, "-1,000"),
        ((0.6, 0.8), "0.6 and 0.8"), ("test", "test"), (0.2, "0.2"),
    ],
)  # fmt: skip
def test_numbers_as_a_reader_writes_them(value, words):
    assert number(value) == words


def test_a_number_next_to_a_limit_stays_on_its_side():
    assert beside_limit(49.6, 50, "f", 0) == "49.6"
    assert beside_limit(49.96, 50, "f", 0) == "49.96"
    assert beside_limit(50.4, 50, "f", 0) == "50"
    assert beside_limit(12.3, 50, "f", 0) == "12"
    assert beside_limit(0.0497, 0.05, "g", 2) == "0.0497"


def test_a_heading_is_the_paper_s_symbol_where_there_is_one():
    assert heading("bp_lambda") == "λ"
    assert heading("aux_weight") == "aux_weight"
    assert heading("sg_layers") == "hidden layers of M"
    assert heading("depth") == "depth"


def test_a_phrase_names_the_field_of_a_number_alone(table1):
    fields = {"dataset": "mnist", "network": "fcn", "depth": 4, "rule": "no_bprop"}
    assert at(table1, fields) == "MNIST FCN depth 4 no-bprop"
    assert at(table1, {"T": 8, "p_update": 0.2, "bp_lambda": 0.5}) == "T = 8 p_update = 0.2 λ = 0.5"
    assert at(table1, {"depth": None, "sg_layers": 0}) == "M 0"
    assert phrase(table1, "learning_rate", 0.001) == "learning_rate = 1e-3"


def test_a_label_is_the_exhibit_s_or_the_rule_s_own(table1, table2):
    assert label(table1, "rule", "backprop") == "bprop"
    assert label(table2, "rule", "bp_lambda") == "BP(λ)"
    assert label(table1, "depth", 4) == "4"
    assert label(table1, "sg_layers", None) == NONE


def test_an_absence_that_has_a_label_is_named():
    beyond = load("beyond")
    assert at(beyond, {"dataset": "digits", "patience": None}) == "digits equal passes"
    assert at(beyond, {"dataset": "digits", "patience": 5}) == "digits own convergence"
    assert at(beyond, {"rule": "deep_supervision", "top_weight": None}) == "deep supervision"
