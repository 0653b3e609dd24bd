"""The tables of timings, and what has to be known of them."""

from reference.speeds import FCN, cells, timings
from reference.timings import timing_of
from sgbench.reports.analysis.costs import speeds
from sgbench.reports.tables.speeds import text


def test_the_table_says_what_was_measured():
    shown = text("table1, scale quick", speeds.speeds(timings(depth=3, rule="cdni", **FCN)))
    line = next(line for line in shown.splitlines() if line.startswith("mnist fcn 3 cdni M1"))
    assert line.split()[5:] == ["25", "6,400", "40", "80", "%", "-", "1", "0.2", "25", "50.0"]
    assert "products 50 GFLOP/s, copies 10 GB/s; 3 rounds, load 0.1 before, 0.2 after" in shown
    assert "?" not in shown


def test_what_is_unsteady_is_flagged_number_by_number():
    (cell,) = cells(rule="backprop", depth=3, **FCN)
    (steady,) = speeds.speeds([timing_of(cell)])
    (wild,) = speeds.speeds([timing_of(cell, jitter=(0.7, 1.0, 1.3))])
    assert "?" not in text("t", [steady])
    assert not speeds.values(steady)["unsteady"]
    assert speeds.values(wild)["unsteady"]
    shown = text("t", [wild])
    line = next(line for line in shown.splitlines() if line.startswith("mnist fcn 3 backprop"))
    assert line.split()[4:10] == ["100?", "25,600?", "10?", "80", "%", "1.00"]
    assert "? 1 of 1 rates and 0 of 2 ratios are unsteady" in shown
    assert "(at most 60 %)" in shown
