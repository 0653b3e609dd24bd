"""Spaces: what may be chosen, as it is written and as it is refused."""

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.exhibits.where import parse_where
from sgbench.reproductions.tuning.candidates import arms_of, fresh_cells, trial_cells
from sgbench.reproductions.tuning.space import Dimension, inside, largest, parse_space
from sgbench.results.study import Study

TABLE1 = exhibits.load("table1")


def study(**fields):
    values = {
        "name": "s", "exhibit": "table1", "scale": "demo", "where": "", "set": [], "space": {},
        "trials": 1, "seeds": 2, "fresh": 2, "sampler": "tpe", "pruner": "none",
    }  # fmt: skip
    return Study(**(values | fields))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (
            "learning_rate=1e-5:1e-2:log",
            Dimension(field="learning_rate", low=1e-5, high=1e-2, log=True),
        ),
        ("sg_layers=0:2", Dimension(field="sg_layers", low=0, high=2)),
        ("sg_units=64,256", Dimension(field="sg_units", values=(64, 256))),
        ("decoupled=none,update", Dimension(field="decoupled", values=(None, "update"))),
        ("drops=0.6:0.8,none", Dimension(field="drops", values=((0.6, 0.8), ()))),
        ("batch_size=16:256:log", Dimension(field="batch_size", low=16, high=256, log=True)),
    ],
)
def test_a_dimension_and_its_text(text, want):
    (found,) = parse_space([text])
    assert found == want
    assert parse_space([str(found)]) == (want,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("learing_rate=1:2", "did you mean 'learning_rate'"),
        ("learning_rate", "write FIELD="),
        ("learning_rate=", "is missing"),
        ("learning_rate=1e-2:1e-3", "the range is empty; write learning_rate=1e-3:1e-2"),
        ("learning_rate=1e-2:1e-2", "nothing to choose from"),
        ("learning_rate=1e-2", "nothing to choose from"),
        ("learning_rate=0:1:log", "must be above 0"),
        ("aux_weight=0:1:log", "a logarithmic range begins above 0"),
        ("learning_rate=1e-3:1e-2:lag", "did you mean 'log'"),
        ("learning_rate=1e-3:1e-2:log:log", "unknown 'log:log'"),
        ("learning_rate=1e-3:none", "none must be given|no end of a range|must be"),
        ("sg_layers=none:2", "no end of a range"),
        ("sg_layers=0:9", "between 0 and 8"),
        ("sg_layers=0:1.5", "must be an integer"),
        ("sg_units=64,64", "given twice"),
        ("seed=0:3", "--seeds"),
        ("split=test,validation", "validation split"),
        ("rule=dni,cdni", "--where"),
        ("iterations=10:20", "--set"),
        ("evaluate_every=10:20", "the same for every trial"),
    ],
)
def test_what_is_no_dimension(text, words):
    with pytest.raises(UsageError, match=words):
        parse_space([text])


def test_a_field_is_given_once():
    with pytest.raises(UsageError, match="given twice"):
        parse_space(["sg_layers=0:1", "sg_layers=0:2"])


@pytest.mark.parametrize("name", exhibits.names())
def test_every_exhibit_has_a_space_that_fits_its_cells(name):
    """Its own protocol may lie outside, but each dimension applies to some cell of each scale."""
    exhibit = exhibits.load(name)
    assert exhibit.space
    for scale in exhibit.scales:
        cells = exhibits.expand(exhibit, scale, seeds=1)
        for dimension in exhibit.space:
            assert any(cell.value(dimension.field) is not None for cell in cells), dimension


class TestArms:
    def test_an_arm_a_rule_with_what_applies_to_it(self):
        arms = arms_of(TABLE1, "demo", "rule=backprop,dni,network=fcn,depth=4", [], TABLE1.space)
        assert [arm.label for arm in arms] == ["backprop", "dni"]
        backprop, dni = arms
        assert [d.field for d in backprop.space] == ["learning_rate"]
        assert backprop.dropped == ("sg_layers", "sg_units", "sg_scale")
        assert dni.space[0].field == "sg_layers"  # it decides on sg_units
        assert dni.cell.sg_layers == 2  # the M that fills the table's place

    def test_what_is_left_open_is_an_arm_too(self):
        arms = arms_of(TABLE1, "demo", "rule=dni,depth=4", [], parse_space(["sg_layers=0:2"]))
        assert [arm.label for arm in arms] == ["fcn", "cnn"]
        arms = arms_of(TABLE1, "demo", "rule=dni,network=fcn", [], parse_space(["sg_layers=0:2"]))
        assert [arm.label for arm in arms] == [f"depth={n}" for n in (3, 4, 5, 6)]

    def test_cells_are_of_the_validation_split_and_fresh_ones_of_the_test_split(self):
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

    def test_a_field_that_a_choice_rules_out_is_not_there(self):
        (arm,) = arms_of(
            TABLE1, "demo", "rule=dni,network=fcn,depth=3", ["sg_units=32"],
            parse_space(["sg_layers=0:2"]),
        )  # fmt: skip
        units = [
            trial_cells(study(), arm, {"sg_layers": layers})[0].sg_units for layers in (0, 1, 2)
        ]
        assert units == [None, 32, 32]

    def test_a_rate_keeps_the_papers_ratio_unless_the_scale_is_searched(self):
        (arm,) = arms_of(
            TABLE1, "quick", "rule=dni,dataset=mnist,network=fcn,depth=3,sg_layers=0", [],
            parse_space(["learning_rate=1e-4:1e-2:log"]),
        )  # fmt: skip
        cells = trial_cells(study(scale="quick"), arm, {"learning_rate": 3e-3})
        assert cells[0].sg_scale == 100

    def test_inside_and_largest(self):
        (arm,) = arms_of(TABLE1, "demo", "rule=dni,network=fcn,depth=3", [], TABLE1.space)
        most = largest(arm.space, arm.cell)
        assert most == {
            "sg_layers": 2,
            "learning_rate": 0.01,
            "sg_units": 1024,
            "sg_scale": 1000.0,
        }
        (cell, _) = trial_cells(study(), arm, most)
        assert inside(arm.space, cell) == most
        assert inside(arm.space, arm.cell) is None  # its M has 128 units
        linear = {"sg_layers": 0, "learning_rate": 0.01, "sg_scale": 1.0}
        assert inside(arm.space, trial_cells(study(), arm, linear)[0]) == linear

    def test_too_many_are_refused(self):
        with pytest.raises(UsageError, match="leaves 16 configurations"):
            arms_of(TABLE1, "demo", "network=fcn", [], parse_space(["sg_layers=0:2"]))

    def test_an_arm_without_anything_to_search_is_refused(self):
        where = "rule=no_bprop,dni,network=fcn,depth=3"
        with pytest.raises(UsageError, match="sg_layers applies to no_bprop"):
            arms_of(TABLE1, "demo", where, [], parse_space(["sg_layers=0:2"]))

    def test_its_place_is_one_of_the_grid(self):
        for arm in arms_of(TABLE1, "demo", "network=fcn,depth=3", [], TABLE1.space):
            assert exhibits.expand(
                TABLE1, "demo", seeds=1, where=parse_where([str(arm.where)])
            ) == [arm.cell]
