"""Runs that stand in several exhibits, and processors that are mixed."""

from dataclasses import replace

import pytest
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.selection.shared_runs import notes, training
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.results.record import Record
from sgbench.results.store.published import open_published


def test_the_same_runs_in_other_exhibits_are_told(make):
    deep = load("deep")
    cells = [c for c in expand(deep, "quick") if c.depth == 6]
    (words,) = notes(select(deep, "quick", [make.record(c, 5.0) for c in cells]))
    # of Table 1: backprop, DNI and cDNI with linear models, at depth 6
    assert "table1 (3 configurations)" in words
    assert "no further evidence" in words
    assert notes(select(deep, "quick", [])) == []


def told(make, exhibit, scale, **fields):
    loaded = load(exhibit)
    cells = [c for c in expand(loaded, scale) if c.has(fields)]
    return notes(select(loaded, scale, [make.record(c, 5.0) for c in cells]))


def test_mixtures_that_are_dni_or_backprop_are_told(make):
    (at_0,) = told(make, "bp_lambda", "quick", bp_lambda=0)
    (at_1,) = told(make, "bp_lambda", "quick", bp_lambda=1, depth=6)
    for words, here, both in (at_0, 2, 1), (at_1, 1, 1):
        assert f"deep ({both} configuration)" in words
        assert f"table1 ({here} configuration{'s' if here > 1 else ''})" in words
    assert told(make, "bp_lambda", "quick", bp_lambda=0.5) == []


@pytest.mark.parametrize("scale", ["quick", "tenth", "paper"])
def test_layers_that_are_always_active_are_told(make, scale):
    (words,) = told(make, "p_update", scale, p_update=1)  # of either rule, decoupled either way
    assert "table1 (4 configurations)" in words
    assert told(make, "p_update", scale, p_update=0.5) == []


def test_a_run_of_table_1_is_told_under_its_other_names(make):
    where = {"dataset": "mnist", "network": "fcn", "depth": 4}
    (words,) = told(make, "table1", "quick", rule="backprop", **where)
    assert "bp_lambda (1 configuration)" in words
    (words,) = told(make, "table1", "quick", rule="dni", sg_layers=1, **where)
    assert "p_update (1 configuration)" in words
    assert "bp_lambda" not in words  # whose M is linear


def test_cells_whose_evaluations_choose_their_result_are_told_apart(make):
    table2 = load("table2")
    cell = next(c for c in expand(table2, "tenth") if c.dataset == "ptb")
    image = next(c for c in expand(load("deep"), "quick"))
    changed = [one.replace(evaluate_every=one.evaluate_every + 1) for one in (cell, image)]
    assert training(changed[0]) != training(cell)
    assert training(changed[1]) == training(image)


def test_processors_that_are_mixed_are_told(table1, make):
    records = [make.record(c) for c in expand(table1, "demo")[:3]]
    assert notes(select(table1, "demo", records)) == []
    records[0] = replace(records[0], device="Another CPU")
    (words,) = notes(select(table1, "demo", records))
    assert "Made-up CPU (2 cells), Another CPU (1 cell)" in words


def test_published_runs_that_are_one_ended_alike():
    found: dict[object, list[Record]] = {}
    for one in open_published().scan_known():
        if one.status == "ok" and one.test_error is not None:
            found.setdefault((training(one.cell), one.machine_class), []).append(one)
    several = [records for records in found.values() if len(records) > 1]
    names = {tuple(sorted({one.exhibit for one in records})) for records in several}
    assert {("bp_lambda", "deep", "table1"), ("p_update", "table1")} <= names
    for records in several:
        assert len({one.test_error for one in records}) == 1, [one.id for one in records]
