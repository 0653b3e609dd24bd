"""Figures of populations over p_update, and lines over many of its values."""

import statistics
from dataclasses import replace

import pytest
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.figures import series
from sgbench.reports.figures.data.population import few
from sgbench.reports.figures.drawing.render import render
from sgbench.reproductions.exhibits.exhibit import expand, load

UPDATE, BOTH = "update decoupled", "forwards and update decoupled"


@pytest.fixture(scope="module")
def exhibit():
    return load("p_update")


def population(make, exhibit, scale, keep=lambda cell: True):
    return [make.network(cell, scale=scale) for cell in expand(exhibit, scale) if keep(cell)]


def drawn(exhibit, scale, records, name="population"):
    (found,) = (
        drawing
        for drawing in series.drawings(select(exhibit, scale, records))
        if drawing.name.startswith(f"{name}-")
    )
    return found


def panel(frame, row, column, line):
    mine = (frame["row"] == row) & (frame["column"] == column) & (frame["line"] == line)
    return frame[mine]


def test_a_population_has_a_dot_for_each_network_and_evaluation(exhibit, make):
    records = population(make, exhibit, "quick", lambda cell: cell.p_update < 0.2)
    figure = drawn(exhibit, "quick", records)
    names = {name: list(figure.dots[name].cat.categories) for name in ("row", "column", "line")}
    assert names["row"] == [UPDATE, BOTH]
    assert names["column"] == ["DNI", "cDNI"]
    assert names["line"] == ["1 %", "2.4 %", "5 %", "50 %", "100 %"]
    assert figure.legend == "share of training"
    assert "1,000 iterations" in figure.notes[0]
    assert len(figure.dots) == len(records) * 5
    dots = panel(figure.dots, BOTH, "DNI", "5 %")
    mine = [r for r in records if (r.rule, r.decoupled) == ("dni", "both")]
    expected = [
        (r.p_update, next(point["error"] for point in r.curve if point["iteration"] == 50))
        for r in mine
    ]
    assert sorted(zip(dots["x"], dots["y"], strict=True)) == sorted(expected)


def test_its_lines_are_running_medians(exhibit, make):
    records = population(
        make, exhibit, "quick", lambda c: (c.rule, c.decoupled, c.seed) == ("cdni", "update", 0)
    )
    figure = drawn(exhibit, "quick", records)
    errors = [r.test_error for r in sorted(records, key=lambda r: r.p_update)]
    line = panel(figure.data, UPDATE, "cDNI", "100 %")
    assert line["x"].tolist() == sorted(r.p_update for r in records)
    assert line["mean"].iloc[4] == statistics.median(errors[:9])  # of 9 about the middle
    second, second_last = sorted(errors[:9])[1], sorted(errors[:9])[-2]
    assert (line["low"].iloc[4], line["high"].iloc[4]) == (second, second_last)
    assert line["low"].isna().tolist() == [True] * 3 + [False] * 4 + [True] * 3
    assert "running medians of 9 neighbours" in figure.notes[0]


@pytest.mark.parametrize("scale", ["quick", "paper"])
def test_the_papers_medians_lie_over_their_bins_at_every_scale(exhibit, make, scale):
    keep = ("dni", "update", 0.2, 0)
    records = population(
        make, exhibit, scale, lambda c: (c.rule, c.decoupled, c.p_update, c.seed) == keep
    )
    figure = drawn(exhibit, scale, records)
    bins = panel(figure.bins, UPDATE, "DNI", "100 %")
    assert bins["y"].tolist() == [3.8, 2.9, 2.5, 2.3, 2.2, 2.15, 2.2, 2.2]
    assert (bins["left"].iloc[2], bins["right"].iloc[2]) == (0.1, 0.2)
    assert ("its own protocol" in figure.paper_label) == (scale == "quick")


def test_few_values_are_no_neighbours(exhibit, make):
    records = population(make, exhibit, "demo", lambda cell: cell.p_update in (0.2, 0.6, 1))
    figure = drawn(exhibit, "demo", records)
    line = panel(figure.data, UPDATE, "DNI", "100 %")
    mine = [r for r in records if (r.rule, r.decoupled, r.p_update) == ("dni", "update", 0.6)]
    assert len(mine) == 3
    assert line["mean"].iloc[1] == statistics.median(r.test_error for r in mine)
    assert line["low"].isna().all()
    assert "medians of the networks of each p_update" in figure.notes[0]
    assert figure.bins.empty  # of other data than the paper's


def test_what_was_not_evaluated_makes_no_dot(exhibit, make):
    (cell, *_) = expand(exhibit, "demo")
    record = make.network(cell, 2.0)
    record = replace(record, curve=[p for p in record.curve if p["iteration"] not in (4, 400)])
    figure = drawn(exhibit, "demo", [record])
    assert figure.dots["line"].tolist() == ["2.4 %", "5 %", "50 %"]


def test_of_many_values_a_few_are_lines(exhibit, make):
    records = population(make, exhibit, "quick", lambda cell: cell.decoupled == "both")
    updates = drawn(exhibit, "quick", records, "updates")
    lines = [float(text) for text in updates.data["line"].cat.categories]
    assert 1 < len(lines) <= 7
    assert (lines[0], lines[-1], lines) == (0.025, 1, sorted(lines))
    assert f"{len(lines)} of 10 values of p_update" in updates.notes[0]


def test_the_few_are_spaced_evenly_by_ratio_or_by_difference(exhibit):
    cells = {cell.p_update: cell for cell in expand(exhibit, "paper")}
    some = [cells[p] for p in sorted(cells)]
    kept, said = few(some, "p_update", range(len(some)), range(len(some)))
    assert [some[n].p_update for n in kept] == [0.01, 0.025, 0.05, 0.1, 0.2, 0.45, 1]
    assert said == " 7 of 20 values of p_update are shown."
    seeds = [replace(some[0], seed=n) for n in range(13)]  # from 0 there is no ratio
    kept, _ = few(seeds, "seed", range(13), range(13))
    assert kept == [0, 2, 4, 6, 8, 10, 12]
    assert few(seeds[:7], "seed", range(7), range(7)) == (list(range(7)), "")


def test_a_population_may_be_over_any_number(make):
    exhibit = load("sg_scale")
    figure = replace(
        exhibit.figures[0], name="population", kind="population", y="error", lines="iteration"
    )
    exhibit = replace(exhibit, figures=(figure,))
    cells = [c for c in expand(exhibit, "demo") if (c.rule, c.sg_layers, c.seed) == ("dni", 0, 0)]
    records = [make.record(cell, float(n)) for n, cell in enumerate(cells)]
    found = drawn(exhibit, "demo", records)
    assert found.dots["x"].tolist() == [cell.sg_scale for cell in cells]
    assert found.x_log
    assert found.bins.empty


def test_it_can_be_drawn(exhibit, make, recwarn):
    records = population(make, exhibit, "quick", lambda cell: cell.p_update in {0.025, 0.2, 0.7})
    svg = render(drawn(exhibit, "quick", records), ["svg"])["svg"]
    assert b"nan" not in svg.partition(b"<defs>")[2]
    assert not [str(warning.message) for warning in recwarn]
