"""Spaces: what may be chosen, as it is written and as it is refused."""

import pytest
from reference.programs import tiny_cell
from reference.studies import study
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits import exhibit as exhibits
from sgbench.reproductions.exhibits.space import Dimension, in_space, inside, largest, parse_space
from sgbench.reproductions.tuning.candidates import arms_of, trial_cells

TABLE1 = exhibits.load("table1")


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
        ("learning_rate=", "missing"),
        ("learning_rate=1e-2:1e-3", "the range is empty; write learning_rate=1e-3:1e-2"),
        ("learning_rate=1e-2:1e-2", "nothing to choose from"),
        ("learning_rate=1e-2", "nothing to choose from"),
        ("learning_rate=0:1:log", "must be above 0"),
        ("aux_weight=0:1:log", "must begin above 0"),
        ("learning_rate=1e-3:1e-2:lag", "did you mean 'log'"),
        ("learning_rate=1e-3:1e-2:log:log", "unknown 'log:log'"),
        ("learning_rate=1e-3:none", "none"),
        ("sg_layers=none:2", "none cannot be the end"),
        ("sg_layers=0:9", "between 0 and 8"),
        ("sg_layers=0:1.5", "must be an integer"),
        ("sg_units=64,64", "given twice"),
        ("seed=0:3", "--seeds"),
        ("split=test,validation", "validation split"),
        ("rule=dni,cdni", "--where"),
        ("iterations=10:20", "--set"),
        ("evaluate_every=10:20", "the same in all trials"),
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


def test_inside_and_largest():
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


def test_a_choice_is_in_the_space_where_all_its_values_are():
    space = parse_space(["learning_rate=1e-4:1e-2:log", "drops=0.6:0.8,none", "sg_units=4,8"])
    assert in_space(space, {"learning_rate": 1e-3, "drops": [0.6, 0.8], "sg_units": 8})
    assert in_space(space, {"learning_rate": 1e-3, "drops": []})  # sg_units does not apply
    assert not in_space(space, {"learning_rate": 1e-3, "drops": [0.5], "sg_units": 8})
    assert not in_space(space, {"learning_rate": 1e-1, "drops": [], "sg_units": 8})


def test_a_default_may_be_the_end_of_a_range():
    dropout, frozen = parse_space(["dropout=0:0.5", "frozen_below=0:2"])
    assert (dropout.low, dropout.high) == (0.0, 0.5)
    cell = tiny_cell("dni")
    assert inside([dropout, frozen], cell) == {"dropout": 0.0, "frozen_below": 0}
    assert inside([frozen], tiny_cell("dni", frozen_below=1)) == {"frozen_below": 1}
    assert in_space([dropout, frozen], {"dropout": 0, "frozen_below": 0})
    assert not in_space([dropout], {"dropout": 0.6})
    with pytest.raises(UsageError, match=r"^--space dropout=2: dropout=2\.0 must be between"):
        parse_space(["dropout=0:2"])
