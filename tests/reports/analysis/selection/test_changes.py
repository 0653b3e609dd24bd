"""What `--set` changed, told beside the scale that the cells come from."""

from sgbench.reports.analysis.selection.changes import changes
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.wording import NONE
from sgbench.reproductions.exhibits.custom import with_custom
from sgbench.reproductions.exhibits.exhibit import expand
from sgbench.reproductions.exhibits.where import parse_where

WHERE = parse_where(["network=fcn,depth=4,rule=backprop"])


def told(table1, make, *changed, where=WHERE):
    cells = [
        cell
        for scale, sets in changed
        for cell in expand(table1, scale, sets, seeds=1, where=where)
    ]
    records = [make.record(cell, 2.0, scale="custom") for cell in cells]
    return changes(select(with_custom(table1, records), "custom", records))


def test_each_scale_has_a_sentence_with_what_was_changed(table1, make):
    demo = told(table1, make, ("demo", {"iterations": 7}), ("demo", {"iterations": 8}))
    (there,) = {cell.iterations for cell in expand(table1, "demo", seeds=1, where=WHERE)}
    assert demo == [
        f"2 configurations of scale demo, changed by --set: iterations 7, 8 (there {there})."
    ]
    one = parse_where(["network=fcn,depth=4,rule=backprop,dataset=mnist"])
    quick = told(table1, make, ("quick", {"batch_size": 32}), where=one)
    assert quick == ["1 configuration of scale quick, changed by --set: batch_size 32 (there 256)."]


def test_many_numbers_are_a_range(table1, make):
    sets = [("demo", {"iterations": n}) for n in (7, 8, 9, 10, 1200)]
    (words,) = told(table1, make, *sets)
    assert "iterations 5 values from 7 to 1,200" in words


def test_a_scale_of_the_target_that_follows_the_rate_is_no_change(table1, make):
    where = parse_where(["dataset=mnist,network=fcn,depth=4,rule=dni,sg_layers=2"])
    (words,) = told(table1, make, ("quick", {"learning_rate": 3e-4}), where=where)
    assert "learning_rate 3e-4 (there 1e-3)" in words
    assert "sg_scale" not in words
    both = ("quick", {"learning_rate": 3e-4, "sg_scale": 7.0})
    (words,) = told(table1, make, both, where=where)
    assert "sg_scale 7 (there 33.3)" in words


def test_a_field_that_only_one_side_has_is_told(table1, make):
    where = parse_where(["dataset=digits,network=fcn,depth=4,rule=dni,sg_layers=2"])
    (words,) = told(table1, make, ("demo", {"decoupled": "update", "p_update": 0.5}), where=where)
    assert f"decoupled update (there {NONE})" in words
    assert f"p_update 0.5 (there {NONE})" in words
