"""A scale beside the paper's: configurations of both, paired by seed."""

import pytest
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.calibration import calibrate
from sgbench.reproductions.exhibits.exhibit import expand, load


def records_of(make, scale, seeds, error, **fields):
    cells = expand(load("table1"), scale, seeds=seeds)
    mine = [cell for cell in cells if cell.has({"dataset": "mnist", "network": "fcn", **fields})]
    return [make.record(cell, error(cell)) for cell in mine]


def calibrated(records, scale="tenth"):
    exhibit = load("table1")
    return calibrate(select(exhibit, scale, records), select(exhibit, "paper", records))


def test_differences_are_paired_by_seed(make):
    here = records_of(make, "tenth", 3, lambda c: 10.0 + c.seed, rule="no_bprop")
    paper = records_of(make, "paper", 2, lambda c: 9.0 + 3 * c.seed, rule="no_bprop")
    found = calibrated([*here, *paper])
    assert [one.cell.depth for one in found] == [3, 4, 5, 6]
    for one in found:  # of the two seeds that both have: 10 - 9 and 11 - 12
        assert (one.here, one.paper) == (10.5, 10.5)
        assert (one.difference.mean, one.difference.n) == (0.0, 2)
        assert one.difference.high == pytest.approx(12.706, abs=0.01)


def test_one_seed_has_no_interval(make):
    here = records_of(make, "tenth", 1, lambda c: 2.0, rule="backprop", depth=3)
    paper = records_of(make, "paper", 1, lambda c: 1.5, rule="backprop", depth=3)
    (one,) = calibrated([*here, *paper])
    assert one.difference.mean == 0.5
    assert one.difference.low is one.difference.high is None


def test_models_of_other_depth_are_other_configurations(make):
    here = records_of(make, "tenth", 1, lambda c: 2.0, rule="cdni", depth=3, sg_layers=0)
    paper = records_of(make, "paper", 1, lambda c: 2.0, rule="cdni", depth=3, sg_layers=1)
    assert calibrated([*here, *paper]) == []


def test_what_one_scale_lacks_is_not_there(make):
    here = records_of(make, "tenth", 2, lambda c: 2.0, rule="backprop")
    assert calibrated(here) == []
