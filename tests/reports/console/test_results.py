"""The table of a run's results, as it is printed after the run."""

import dataclasses

from sgbench.reports.console.results import results_text
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.running.request import RunRequest
from sgbench.results.store.store import Store

CELLS = expand(load("table1"), "demo")


def text_of(tmp_path, records, **asked):
    return results_text(RunRequest(exhibit="table1", store=Store(tmp_path), **asked), records)


def test_the_cells_of_the_run_are_shown_whatever_their_m(tmp_path, make):
    some = [c for c in CELLS if (c.network, c.depth, c.rule) == ("fcn", 3, "dni")]
    text = text_of(tmp_path, [make.record(cell, 10.0 + cell.sg_layers) for cell in some])
    for layers in {cell.sg_layers for cell in some}:
        assert f"{10 + layers:.2f} ± 0.00 (3)" in text
    assert "depth 4" not in text
    assert "not run" not in text


def test_seeds_that_are_missing_are_counted(tmp_path, make):
    some = [c for c in CELLS if (c.network, c.depth, c.rule) == ("fcn", 3, "backprop")]
    assert "(2 of 3)" in text_of(tmp_path, [make.record(cell) for cell in some[:2]])


def test_changed_cells_are_told_apart_by_what_was_changed(tmp_path, make):
    one = next(c for c in CELLS if (c.network, c.depth, c.rule) == ("fcn", 3, "backprop"))
    cells = [dataclasses.replace(one, iterations=n) for n in (20, 40)]
    records = [make.record(cell, float(cell.iterations)) for cell in cells]
    text = text_of(tmp_path, records, set=("iterations=20,40",))
    assert "20.00" in text
    assert "40.00" in text
    assert "iterations" in text


def test_a_table_that_would_be_long_is_left_to_the_report(tmp_path, make):
    cells = expand(load("p_update"), "demo")
    many = [dataclasses.replace(cells[-1], p_update=n / 100, seed=0) for n in range(1, 60)]
    request = RunRequest(exhibit="p_update", store=Store(tmp_path), set=("p_update=0.1",))
    assert results_text(request, [make.record(cell) for cell in many]) == ""
