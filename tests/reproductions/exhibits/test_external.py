"""Rules in files: the places of an exhibit's grid that they take, and what they leave alone."""

import os
import subprocess
import sys

import pytest
from sgbench.bench import configuration
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.exhibits.external import external_rules, with_rules
from sgbench.reproductions.exhibits.parser import parse
from sgbench.reproductions.exhibits.sets import parse_set
from sgbench.reproductions.exhibits.where import parse_where
from small_files.exhibit import SMALL

from .conftest import GAIN, RULE


def places(exhibit, scale, rule, *axes):
    cells = expand(exhibit, scale, seeds=1, where=parse_where([f"rule={rule}"]))
    return [tuple(cell.value(axis) for axis in axes) for cell in cells]


@pytest.mark.parametrize(
    ("exhibit", "family", "model", "like", "axes"),
    [
        ("table1", "feedforward", "none", "backprop", ("dataset", "network", "depth")),
        ("table1", "feedforward", "M", "dni", ("dataset", "network", "depth", "sg_layers")),
        ("table1", "feedforward", "M with label", "cdni", ("network", "depth", "sg_layers")),
        ("sg_scale", "feedforward", "M", "dni", ("sg_scale", "sg_layers")),
        ("table2", "recurrent", "none", "bptt", ("dataset", "T")),
        ("table2", "recurrent", "M", "dni", ("dataset", "T", "sg_layers")),
        ("two_networks", "pair", "M", "dni", ("dataset", "T", "sg_layers")),
    ],
)
@pytest.mark.parametrize("scale", ["demo", "quick", "paper"])
def test_a_rule_takes_the_places_of_rules_with_its_needs(
    bring, exhibit, scale, family, model, like, axes
):
    before = expand(load(exhibit), scale)
    bring(family=family, more=f"model={model!r},")
    found = load(exhibit)
    assert places(found, scale, "mine", *axes) == places(found, scale, like, *axes)
    after = expand(found, scale)
    assert after[: len(before)] == before
    assert len({cell.key for cell in after}) == len(after)


@pytest.mark.parametrize(("model", "other"), [("M", "M with label"), ("M with label", "M")])
def test_without_rules_of_its_model_it_takes_those_of_the_other_with_m(bring, model, other):
    rule = {"M": "dni", "M with label": "cdni"}[other]
    text = SMALL.replace('rule = ["backprop"]', f'rule = ["{rule}"]\nsg_layers = [0, 1]')
    bring(more=f"model={model!r},")
    found = with_rules(parse("small", text.replace("hidden_units", "sg_units=4, hidden_units")),
                       ["mine"])  # fmt: skip
    assert places(found, "demo", "mine", "depth", "sg_layers") == [(3, 0), (3, 1), (4, 0), (4, 1)]


def test_the_fixed_model_is_that_of_the_rule_with_its_needs(bring):
    bring("with_m", more='model="M",')
    bring("with_label", more='model="M with label",')
    found = load("table1")
    for dataset, network in (("mnist", "fcn"), ("mnist", "cnn"), ("cifar10", "fcn")):
        layers = [found.fixed_layers(dataset, network, rule) for rule in ("dni", "cdni")]
        assert layers == [
            found.fixed_layers(dataset, network, rule) for rule in ("with_m", "with_label")
        ]


def test_other_rules_hyperparameters_are_no_axes_of_it(bring):
    bring(more='model="M",')
    found = load("bp_lambda")
    assert places(found, "demo", "mine", "depth", "bp_lambda") == [(4, None), (6, None)]


def test_its_own_hyperparameters_have_defaults_and_can_be_set_and_picked(bring):
    bring(more=GAIN)
    found = load("table1")
    assert set(places(found, "demo", "mine", "gain")) == {(0.5,)}
    cells = expand(found, "demo", parse_set(["gain=0,1"]), seeds=1, where=parse_where(["depth=5"]))
    assert [cell.value("gain") for cell in cells if cell.rule == "mine"] == [0.0, 1.0]
    assert len({cell.key for cell in cells}) == len(cells)  # cells without it are there once
    with pytest.raises(UsageError, match="--set gain=1"):
        expand(found, "demo", where=parse_where(["gain=1"]))


def test_networks_too_shallow_for_it_are_left_out(bring):
    bring(more="least_depth=5,")
    assert set(places(load("table1"), "demo", "mine", "depth")) == {(5,), (6,)}


def test_the_layout_tells_two_rules_apart_where_it_did_not_tell_rules(bring):
    bring("one", more='model="M",')
    bring("two", more='model="M",')
    layout = load("bp_lambda").layout
    assert "rule" in layout.rows


def test_the_papers_claims_are_of_its_own_rules(bring):
    before = load("p_update").claim_tests("demo")
    bring(more='model="M",', imports="from sgbench.bench.rules.dni import decoupled_step")
    found = load("p_update")
    assert "mine" in found.scale("demo").values("rule")
    assert found.claim_tests("demo") == before


def test_a_rule_that_the_file_names_is_left_as_it_is_there(bring, tmp_path):
    bring(more=GAIN)
    path = tmp_path / "own.toml"
    path.write_text(SMALL.replace('rule = ["backprop"]', 'rule = ["backprop", "mine"]\n'))
    found = load(str(path))
    assert found.external == ()
    assert [cell.rule for cell in expand(found, "demo", seeds=1)] == ["backprop", "mine"] * 2
    gains = SMALL.replace('rule = ["backprop"]', 'rule = ["mine"]\ngain = [0, 1, 2]')
    path.write_text(gains)
    assert set(places(load(str(path)), "demo", "mine", "gain")) == {(0.0,), (1.0,), (2.0,)}


@pytest.mark.parametrize(
    ("exhibit", "family", "more", "words"),
    [
        ("table2", "feedforward", "", ("feed-forward", "lstm", "sgbench list")),
        ("table1", "recurrent", "", ("recurrent", "fcn, cnn", "sgbench list")),
        ("sg_scale", "feedforward", "", ("no M", "sgbench list")),
        ("p_update", "feedforward", 'model="M",', ("scale demo", "decoupled_step")),
        ("table1", "feedforward", "least_depth=9,", ("sgbench list",)),
    ],
)
def test_a_rule_that_does_not_fit_is_one_line(bring, exhibit, family, more, words):
    bring(family=family, more=more)
    with pytest.raises(UsageError) as caught:
        load(exhibit)
    message = str(caught.value)
    assert message.startswith("rule mine ")
    assert exhibit in message
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_rules_in_files_are_brought_whether_they_are_named_or_not(bring):
    assert external_rules(None) == ()
    assert external_rules(parse_where(["rule=dni,depth=3"])) == ()
    bring()
    assert external_rules(None) == ("mine",)
    assert external_rules(parse_where(["rule=mine"])) == ("mine",)


def test_rules_of_installed_packages_are_brought_where_they_are_named(tmp_path):
    info = tmp_path / "some_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[sgbench.rules]\nmine = some_rule\n")
    rule = RULE.format(
        name="mine", imports="", like="backprop", function="step", family="feedforward", more=""
    )
    (tmp_path / "some_rule.py").write_text(rule)
    code = (
        "from sgbench.reproductions.exhibits.exhibit import load, pick_cells\n"
        "print('mine' in load('table1').scale('demo').values('rule'))\n"
        "print(len(pick_cells('table1', 'demo', where=['rule=mine,backprop'], seeds=1)))"
    )
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "12"]


def test_tables_write_a_rule_by_its_own_label(bring):
    bring()
    found = load("table1")
    assert found.label("rule", "mine") == "mine from a file"
    assert found.label("rule", "cdni") == "cDNI"
    assert parse_where(["rule=Mine from a FILE"]) == parse_where(["rule=mine"])


def test_it_has_cells_of_the_networks_that_it_trains_alone(bring):
    bring(more='networks=("fcn",),')
    found = load("table1")
    assert set(places(found, "demo", "mine", "network")) == {("fcn",)}
    assert places(found, "demo", "mine", "depth")


def test_two_rules_may_bound_one_name_differently(bring):
    bring("soft", more=GAIN)
    whole = 'Hyperparameter(name="gain", doc="d", kind=int, default=3, min=2, replica_axis=True)'
    bring("hard", more=f"hyperparameters=({whole},),")
    spec = configuration.field_of("gain")
    assert (spec.scalar, spec.min) == (float, 0)
    assert "gain" not in configuration.replica_axes()

    def gains(rule, text):
        where = parse_where([f"rule={rule},depth=4"])
        cells = expand(load("table1"), "demo", parse_set([text]), seeds=1, where=where)
        return {cell.value("gain") for cell in cells}

    assert gains("soft", "gain=0.25") == {0.25}
    assert gains("hard", "gain=5") == {5}
    with pytest.raises(UsageError, match="must be an integer"):
        gains("hard", "gain=2.5")
