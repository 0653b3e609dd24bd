"""The figures of timings: their axes, their panels, and what is left out."""

import pytest
from reference.timings import timing_of
from sgbench.bench.registry import RULES
from sgbench.reports.analysis.costs.speeds import speeds
from sgbench.reports.figures.drawing.panel import dodged
from sgbench.reports.figures.throughput import axis_of, drawings
from sgbench.reproductions.exhibits.exhibit import expand, load

SECONDS = {"no_bprop": 0.005, "top_only": 0.007, "backprop": 0.01, "dni": 0.03, "cdni": 0.04}


def cells(exhibit, **wanted):
    found = expand(load(exhibit), "quick", seeds=1)
    return [c for c in found if all(c.value(name) == value for name, value in wanted.items())]


def drawn(timings):
    return {drawing.name.split("-")[0]: drawing for drawing in drawings(speeds(timings), [])}


@pytest.mark.parametrize(
    ("exhibit", "axis"),
    [("table1", "depth"), ("table2", "T"), ("two_networks", "T"), ("p_update", "p_update")],
)
def test_programs_are_drawn_along_the_axis_of_their_family(exhibit, axis):
    assert {axis_of(cell) for cell in cells(exhibit)} == {axis}


def test_costs_have_a_panel_for_each_rule_and_a_line_for_each_model():
    some = cells("table1", dataset="mnist", network="fcn")
    cost = drawn([timing_of(c, step=SECONDS[c.rule]) for c in some])["cost"]
    assert list(cost.data["column"].cat.categories) == [
        "bprop",
        "no-bprop",
        "top only",
        "DNI",
        "cDNI",
    ]
    assert list(cost.data["line"].cat.categories) == ["no M", "linear", "1", "2"]
    dni = cost.data[cost.data["column"] == "DNI"]
    assert dni["mean"].tolist() == pytest.approx([3.0] * len(dni))
    assert sorted(dni["x"].unique()) == [3, 4, 5, 6]
    assert cost.colors["dni"] == RULES.declared("dni").color
    assert cost.x_label == "depth (layers with weights)"


def test_titles_have_the_ranges_of_costs_and_speeds():
    some = cells("table1", dataset="mnist", network="fcn")
    found = drawn([timing_of(c, step=SECONDS[c.rule], limit=0.75) for c in some])
    assert "0.5 (no-bprop), 0.7 (top only), 3.0 (DNI), 4.0 (cDNI) times" in found["cost"].title
    assert "at 75 % of the machine's limit" in found["limit"].title


def test_the_limit_is_in_percent():
    some = cells("table1", dataset="mnist", network="fcn", rule="backprop")
    limit = drawn([timing_of(c, limit=0.75) for c in some])["limit"]
    assert limit.data["mean"].tolist() == pytest.approx([75.0] * 4)
    assert not limit.y_log


def test_at_a_single_depth_models_stand_side_by_side_with_bars():
    some = cells("table1", dataset="mnist", network="fcn", depth=4, rule="dni")
    (cost,) = (d for d in drawings(speeds([timing_of(c) for c in some]), []) if "limit" in d.name)
    assert cost.bars
    assert "Bars" in cost.notes[0]
    assert len(set(dodged(cost)["x"])) == len(some)


def test_replicas_are_drawn_by_how_many_are_trained_together():
    (cell,) = cells("table1", dataset="mnist", network="fcn", rule="backprop", depth=4)
    replicas = drawn([timing_of(cell, step=0.01 * n, replicas=n) for n in (1, 2, 4)])["replicas"]
    assert replicas.data["x"].tolist() == [1, 2, 4]
    assert replicas.data["mean"].tolist() == pytest.approx([100.0] * 3)
    assert list(replicas.data["row"].cat.categories) == ["depth 4"]


def test_one_point_is_no_figure():
    (cell,) = cells("table1", dataset="mnist", network="fcn", rule="backprop", depth=4)
    assert drawn([timing_of(cell)]) == {}
