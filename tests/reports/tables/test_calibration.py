"""The table of a calibration: means, differences with their interval, and the unit."""

from sgbench.reports.analysis.calibration import Calibration
from sgbench.reports.tables.calibration import calibration_table, note
from sgbench.reproductions.exhibits.exhibit import pick_cells
from sgbench.results.metrics import measure_of
from sgbench.results.statistics.intervals import Interval


def calibration(difference):
    (cell,) = pick_cells(
        "table1", "tenth", where=("dataset=mnist,network=fcn,depth=3,rule=no_bprop",), seeds=1
    )
    measure = measure_of("mnist")
    return Calibration(cell=cell, measure=measure, here=8.77, paper=8.9, difference=difference)


def test_none_without_any():
    assert calibration_table([]) is None


def test_a_row():
    one = calibration(Interval(-0.13, -0.33, 0.07, 3))
    table = calibration_table([one])
    ((stubs, entries),) = table.rows
    assert stubs == ("mnist fcn 3 no_bprop",)
    texts = [entry.lines[0] for entry in entries]
    assert texts == ["8.77", "8.90", "\N{MINUS SIGN}0.13 ± 0.20", "3"]
    assert "points" in note([one])


def test_one_seed_has_no_interval():
    table = calibration_table([calibration(Interval(0.5, None, None, 1))])
    ((_, entries),) = table.rows
    assert [entry.lines[0] for entry in entries][2:] == ["+0.50", "1"]
