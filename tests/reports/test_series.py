"""The numbers that figures show."""

import statistics
from dataclasses import replace

import pytest
import scipy.stats
from sgbench.reports import series
from sgbench.reports.gather import gather
from sgbench.reproductions.exhibit import load


@pytest.fixture(scope="module")
def table1():
    return load("table1")


def fcn(cell):
    return cell.network == "fcn" and cell.dataset in ("digits", "mnist")


def test_curves_by_depth_with_a_panel_a_rule(table1, make):
    records = make.grid(table1, "demo", fcn)
    curves, cosines = series.drawings(gather(table1, "demo", records))
    assert (curves.name, cosines.name) == ("curves-digits-fcn", "cosines-digits-fcn")
    assert [panel.title for panel in curves.rows[0]] == ["no-bprop", "bprop", "DNI", "cDNI"]
    dni = curves.rows[0][2]
    assert [line.label for line in dni.lines] == ["3", "4", "5", "6"]
    assert dni.marks == (240.0, 320.0)
    mine = [r for r in records if (r.rule, r.depth, r.sg_layers) == ("dni", 5, 2)]
    line = dni.lines[2]
    assert line.x == tuple(range(50, 401, 50))
    for n in range(len(line.x)):
        errors = [record.curve[n]["error"] for record in mine]
        half = scipy.stats.t.ppf(0.975, 2) * statistics.stdev(errors) / 3**0.5
        assert line.mean[n] == pytest.approx(statistics.mean(errors))
        assert line.low[n] == pytest.approx(line.mean[n] - half)
        assert line.high[n] == pytest.approx(line.mean[n] + half)
    assert line.paper is None
    assert "quick" not in " ".join(curves.notes)
    assert any("400 iterations" in n and "500,000 iterations" in n for n in curves.notes)


def test_cosines_by_layer_with_the_fixed_model(table1, make):
    records = make.grid(table1, "demo", fcn)
    _, cosines = series.drawings(gather(table1, "demo", records))
    assert [[panel.title for panel in row] for row in cosines.rows] == [
        [f"{rule}, {depth} layers" for depth in (3, 4, 5, 6)] for rule in ("DNI", "cDNI")
    ]
    assert [len(panel.lines) for panel in cosines.rows[0]] == [2, 3, 4, 5]
    mine = [r for r in records if (r.rule, r.depth, r.sg_layers) == ("cdni", 4, 0)]
    line = cosines.rows[1][1].lines[2]
    assert (line.label, line.index, line.count) == ("3", 2, 5)
    last = statistics.mean(record.curve[-1]["sg_cosine"][2] for record in mine)
    assert line.mean[-1] == pytest.approx(last)
    assert not cosines.y_log


def test_what_is_undefined_or_lost_makes_no_point(table1, make):
    records = make.grid(table1, "demo", lambda c: fcn(c) and c.rule == "cdni" and c.depth == 3)
    for record in records:
        record.curve[0]["sg_cosine"] = [None, 0.5]
    records[0] = replace(records[0], status="diverged")
    curves, cosines = series.drawings(gather(table1, "demo", records))
    low, high = cosines.rows[0][0].lines
    assert (low.x[0], high.x[0]) == (100, 50)
    assert (high.mean[0], high.low[0]) == (0.5, 0.5)
    assert [bool(panel.lines) for panel in curves.rows[0]] == [False, False, False, True]
    assert any("diverged or failed: 1." in note for note in curves.notes)


def test_long_curves_are_thinned_to_their_end(table1, make):
    records = make.grid(table1, "paper", lambda c: fcn(c) and c.rule == "backprop")
    (curves,) = series.drawings(gather(table1, "paper", records))
    line = curves.rows[0][1].lines[0]
    assert len(line.x) == 50
    assert line.x[-1] == 500_000
    assert (line.paper, curves.rows[0][1].lines[1].paper) == (2.0, 1.8)


def test_one_seed_has_no_interval(table1, make):
    records = make.grid(table1, "demo", lambda c: fcn(c) and c.seed == 1)
    curves, _ = series.drawings(gather(table1, "demo", records))
    line = curves.rows[0][0].lines[0]
    assert set(line.low) == set(line.high) == {None}
    assert "one seed" in curves.notes[0]


def test_a_sweep_has_a_line_a_model(make):
    exhibit = load("sg_scale")
    records = make.grid(exhibit, "demo")
    (sweep,) = series.drawings(gather(exhibit, "demo", records))
    assert [panel.title for panel in sweep.rows[0]] == ["DNI", "cDNI"]
    assert sweep.x_log
    assert sweep.bars
    assert sweep.rows[0][0].marks == pytest.approx((records[0].learning_rate / 3e-5,))
    line = sweep.rows[0][1].lines[1]
    mine = [r for r in records if (r.rule, r.sg_layers) == ("cdni", 1)]
    assert line.label == "1"
    assert line.x == tuple(sorted({r.sg_scale for r in mine}))
    for x, mean in zip(line.x, line.mean, strict=True):
        assert mean == pytest.approx(
            statistics.mean(r.validation_error for r in mine if r.sg_scale == x)
        )


def test_without_records_there_is_no_figure(table1):
    assert series.drawings(gather(table1, "demo", [])) == []
