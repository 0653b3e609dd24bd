"""An exhibit as data: what it says of cells, of scales and of values."""

import dataclasses

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.evidence import Margin, Number
from sgbench.reproductions.exhibits.exhibit import expand, load

TABLE1, P_UPDATE = load("table1"), load("p_update")


def cell_of(exhibit, scale="paper", **fields):
    cells = expand(exhibit, scale, seeds=1)
    return next(c for c in cells if all(c.value(n) == v for n, v in fields.items()))


def test_the_papers_number_of_a_cell():
    cell = cell_of(TABLE1, dataset="mnist", network="fcn", depth=3, rule="dni")
    assert TABLE1.number(cell) == Number(value=1.9, grade="T", rounding=0.05)
    assert TABLE1.number(cell.replace(depth=7)) is None


def test_the_number_of_a_population_is_the_median_of_its_bin():
    cell = cell_of(P_UPDATE, decoupled="update", rule="dni", p_update=0.1)
    # 0.05 < p_update <= 0.1
    assert P_UPDATE.number(cell) == Number(value=2.9, grade="F", reading=0.1)
    (early,) = P_UPDATE.medians_of(cell, 0.5)
    assert (early.value, early.above, early.up_to) == (3.9, 0.05, 0.1)
    assert P_UPDATE.medians_of(cell, 0.3) == []


@pytest.mark.parametrize(
    ("rule", "sg_layers", "fills"),
    [("dni", 2, True), ("dni", 0, False), ("cdni", 0, True), ("backprop", None, True)],
)
def test_a_place_is_filled_by_the_fixed_model_or_by_a_rule_without(rule, sg_layers, fills):
    assert TABLE1.fills_place("mnist", "fcn", rule, sg_layers) is fills


def test_where_no_model_is_fixed_all_fill_their_places():
    free = dataclasses.replace(TABLE1, fixed={})
    assert free.fixed_layers("mnist", "fcn", "dni") is None
    assert all(free.fills_place("mnist", "fcn", "dni", layers) for layers in (0, 1, 2))


def test_margins_have_exceptions_by_rule():
    found = dataclasses.replace(TABLE1, margins={"mnist": Margin(points=0.3, rules={"dni": 1.0})})
    assert found.margin("mnist", "cdni") == 0.3
    assert found.margin("mnist", "dni") == 1.0
    assert found.margin("digits", "dni") is None


def test_a_value_is_written_as_the_exhibit_says_then_as_its_rule_or_data_set_does():
    assert load("two_networks").label("dataset", "counting_digits") == "digits"
    assert load("two_networks").label("result", "error_b") == "B: 3s"
    assert TABLE1.label("rule", "backprop") == "bprop"
    bare = dataclasses.replace(TABLE1, labels={})
    assert bare.label("dataset", "cifar10") == "CIFAR-10"
    assert bare.label("network", "fcn") == "fcn"
    assert bare.label("rule", "no such rule") == "no such rule"


def test_the_values_of_an_axis_are_in_the_grids_order():
    scale = TABLE1.scale("quick")
    assert scale.values("rule") == ("no_bprop", "top_only", "backprop", "dni", "cdni")
    assert scale.values("sg_layers") == (0, 1, 2)
    assert scale.values("learning_rate") == ()
    assert scale.datasets == ("mnist", "cifar10")
    assert len({frozenset(point.items()) for point in scale.points()}) == len(list(scale.points()))


@pytest.mark.parametrize(
    ("name", "words"), [("quik", "did you mean 'quick'"), ("custom", "no cell of table1")]
)
def test_a_scale_that_is_not_there_is_refused(name, words):
    with pytest.raises(UsageError, match=words):
        TABLE1.scale(name)


def test_an_exhibit_says_itself_how_a_value_is_written_or_not():
    beyond = load("beyond")
    assert beyond.has_label("patience", None)
    assert beyond.has_label("top_weight", 0.0)
    assert not beyond.has_label("top_weight", None)
    assert not beyond.has_label("rule", "backprop")  # the rule's own label counts
    assert (beyond.other_paper, load("dfa").other_paper) == ("", "Nøkland 2016")
