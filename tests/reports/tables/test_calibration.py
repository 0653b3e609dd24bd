"""The table of a calibration: means, differences with their interval, and the unit."""

from dataclasses import replace

from sgbench.reports.analysis.verdicts.calibration import Calibration
from sgbench.reports.tables.calibration import calibration_table, label, note
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


def test_the_label_says_how_far_a_scale_is_calibrated():
    one, three = calibration(Interval(0.5, None, None, 1)), calibration(Interval(0.5, 0, 1, 3))
    lead = "Calibrated against the paper's schedule by no_bprop"
    assert label([]) == ""
    assert label([one]) == f"{lead} (1 configuration, 1 seed) alone."
    deeper = replace(one, cell=replace(one.cell, depth=4))
    assert label([one, deeper]) == f"{lead} (2 configurations, 1 seed each) alone."
    assert label([one, one]) == f"{lead} (1 configuration, 1 seed) alone."  # of two results
    other = replace(three, cell=replace(three.cell, rule="top_only"))
    words = (
        f"{lead} (2 configurations, 1 to 3 seeds each), top_only (1 configuration, 3 seeds) alone."
    )
    assert label([one, replace(deeper, difference=three.difference), other]) == words


def test_one_seed_has_no_interval():
    table = calibration_table([calibration(Interval(0.5, None, None, 1))])
    ((_, entries),) = table.rows
    assert [entry.lines[0] for entry in entries][2:] == ["+0.50", "1"]
