"""The arms of a study, and the cells of their trials."""

import pytest
from reference.studies import study
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.exhibits.space import parse_space
from sgbench.reproductions.exhibits.where import parse_where
from sgbench.reproductions.tuning.candidates import (
    arms_of,
    fresh_cells,
    set_texts,
    trial_cells,
    untuned_params,
)

TABLE1 = exhibits.load("table1")


def test_an_arm_a_rule_with_what_applies_to_it():
    arms = arms_of(TABLE1, "demo", "rule=backprop,dni,network=fcn,depth=4", [], TABLE1.space)
    assert [arm.label for arm in arms] == ["backprop", "dni"]
    backprop, dni = arms
    assert [d.field for d in backprop.space] == ["learning_rate"]
    assert backprop.dropped == ("sg_layers", "sg_units", "sg_scale")
    assert dni.space[0].field == "sg_layers"  # it decides on sg_units
    assert dni.cell.sg_layers == 2  # the M that fills the table's place


def test_what_is_left_open_is_an_arm_too():
    arms = arms_of(TABLE1, "demo", "rule=dni,depth=4", [], parse_space(["sg_layers=0:2"]))
    assert [arm.label for arm in arms] == ["fcn", "cnn"]
    arms = arms_of(TABLE1, "demo", "rule=dni,network=fcn", [], parse_space(["sg_layers=0:2"]))
    assert [arm.label for arm in arms] == [f"depth={n}" for n in (3, 4, 5, 6)]


def test_cells_are_of_the_validation_split_and_fresh_ones_of_the_test_split():
    (arm,) = arms_of(TABLE1, "demo", "rule=dni,network=fcn,depth=3", [], TABLE1.space)
    params = {"sg_layers": 1, "learning_rate": 0.001, "sg_units": 64, "sg_scale": 7.0}
    trial = trial_cells(study(), arm, params)
    fresh = fresh_cells(study(), arm, params)
    own = fresh_cells(study(), arm, None)
    assert [(c.seed, c.split) for c in trial] == [(0, "validation"), (1, "validation")]
    for cells in (fresh, own):
        assert [(c.seed, c.split) for c in cells] == [(2, "test"), (3, "test")]
    for cell in (*trial, *fresh):
        assert {name: cell.value(name) for name in params} == params
    assert {c.key for c in own} <= {c.key for c in exhibits.expand(TABLE1, "demo", seeds=4)}


def test_a_field_that_a_choice_rules_out_is_not_there():
    (arm,) = arms_of(
        TABLE1, "demo", "rule=dni,network=fcn,depth=3", ["sg_units=32"],
        parse_space(["sg_layers=0:2"]),
    )  # fmt: skip
    units = [trial_cells(study(), arm, {"sg_layers": layers})[0].sg_units for layers in (0, 1, 2)]
    assert units == [None, 32, 32]


def test_a_rate_keeps_the_papers_ratio_unless_the_scale_is_searched():
    (arm,) = arms_of(
        TABLE1, "quick", "rule=dni,dataset=mnist,network=fcn,depth=3,sg_layers=0", [],
        parse_space(["learning_rate=1e-4:1e-2:log"]),
    )  # fmt: skip
    cells = trial_cells(study(scale="quick"), arm, {"learning_rate": 3e-3})
    assert cells[0].sg_scale == 100


def test_too_many_are_refused():
    with pytest.raises(UsageError, match="--where selects 20"):
        arms_of(TABLE1, "demo", "network=fcn", [], parse_space(["sg_layers=0:2"]))


def test_an_arm_without_anything_to_search_is_refused():
    where = "rule=no_bprop,dni,network=fcn,depth=3"
    with pytest.raises(UsageError, match="sg_layers applies to no_bprop"):
        arms_of(TABLE1, "demo", where, [], parse_space(["sg_layers=0:2"]))


def test_its_place_is_one_of_the_grid():
    for arm in arms_of(TABLE1, "demo", "network=fcn,depth=3", [], TABLE1.space):
        assert exhibits.expand(TABLE1, "demo", seeds=1, where=parse_where([str(arm.where)])) == [
            arm.cell
        ]


@pytest.mark.parametrize("name", exhibits.names())
def test_the_own_choice_makes_the_protocol_as_it_is(name):
    """Of every place of every exhibit, at every scale, whether or not it lies in the space."""
    exhibit = exhibits.load(name)
    for scale in exhibit.scales:
        places = {}
        for cell in exhibits.expand(exhibit, scale, seeds=1):
            axes = [axis for axis in ("dataset", "network", "rule", "depth", "T", "p_update", "lam")
                    if cell.value(axis) is not None]  # fmt: skip
            where = ",".join(f"{axis}={cell.value(axis)}" for axis in axes)
            if cell.rule in ("dfa", "local_pred") and cell.stages is not None:
                continue  # in stages alone, of which there are many
            if exhibit.scale(scale).values("stages"):  # of one program, not of all in stages
                more = [axis for axis in ("hidden_units", "sg_layers") if cell.value(axis)]
                where += ",stages=none" + "".join(f",{axis}={cell.value(axis)}" for axis in more)
            places.setdefault((cell.dataset, cell.network, cell.rule), where)
        for where in places.values():
            for arm in arms_of(exhibit, scale, where, [], exhibit.space):
                scaled = study(exhibit=name, scale=scale, seeds=1)
                assert trial_cells(scaled, arm, untuned_params(arm)) == trial_cells(scaled, arm, {})
                assert set_texts(arm, untuned_params(arm)) == []
