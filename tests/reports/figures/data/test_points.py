"""The points of curves and sweeps, and their means over seeds."""

import dataclasses
import statistics

import pandas as pd
import pytest
from reference.timings import timing_of
from sgbench.reports.analysis.costs import of_an_update
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.figures import series
from sgbench.reports.figures.data import points
from sgbench.reproductions.exhibits.exhibit import expand, load


def of_seeds(*values, x=1.0):
    """The points of seeds at one x."""
    y = [float(value) for value in values]
    return pd.DataFrame({"configuration": 0, "layer": 0, "seed": range(len(y)), "x": x, "y": y})


def test_five_seeds_have_an_interval_and_four_are_shown_one_by_one():
    five, four = of_seeds(1, 2, 3, 4, 5), of_seeds(1, 2, 3, 4)
    (mean,) = points.summary(five, whole=True, log=False).to_dict("records")
    half = 2.776 * statistics.stdev(five["y"]) / 5**0.5  # t of four degrees
    assert (mean["mean"], mean["low"]) == (3, pytest.approx(3 - half, abs=1e-3))
    assert mean["high"] == pytest.approx(3 + half, abs=1e-3)
    assert points.single(five, points.summary(five, whole=True, log=False), alone=True).empty
    few = points.summary(four, whole=True, log=False)
    assert few["low"].isna().all()
    assert points.single(four, few, alone=False)["y"].tolist() == [1, 2, 3, 4]


def test_an_interval_that_reaches_nought_is_none_on_a_logarithmic_axis():
    wide = of_seeds(1, 1, 1, 1, 90)
    assert points.summary(wide, whole=True, log=False)["low"].item() < 0
    few = points.summary(wide, whole=True, log=True)
    assert few["low"].isna().all()
    assert len(points.single(wide, few, alone=False)) == 5


def test_then_all_of_a_curve_has_none_but_other_points_of_a_sweep_do():
    seeds = pd.concat([of_seeds(1, 1, 1, 1, 90), of_seeds(1, 2, 3, 4, 5, x=2.0)])
    assert points.summary(seeds, whole=True, log=True)["low"].isna().tolist() == [True, True]
    assert points.summary(seeds, whole=False, log=True)["low"].isna().tolist() == [True, False]


def test_the_only_seed_of_a_line_is_its_mean():
    alone = of_seeds(3)
    means = points.summary(alone, whole=True, log=False)
    assert points.single(alone, means, alone=False).empty
    assert len(points.single(alone, means, alone=True)) == 1


def test_a_mean_is_of_all_seeds_where_each_ends_when_it_stops_getting_better():
    exhibit = load("beyond")
    keep = {"rule": "backprop", "depth": 4, "network": "fcn"}
    selection = select(exhibit, "demo", [])
    both = [n for n, cell in enumerate(selection.cells) if cell.has(keep)]
    assert [selection.cells[n].patience for n in both] == [None, 5]
    for n, kept in zip(both, ([1.0, 2.0], [1.0]), strict=True):
        seeds = pd.concat([of_seeds(1, 2, 3), of_seeds(1, 2, x=2.0)]).assign(configuration=n)
        means = points.summary(seeds, whole=True, log=True)
        found, words = points.of_all_seeds(selection, means)
        assert found["x"].tolist() == kept
        assert bool(words) == (len(kept) == 1)


def test_costs_are_means_over_layers_and_seeds(make):
    exhibit = load("p_update")
    keep = ("dni", "both", 0.2)
    cells = [c for c in expand(exhibit, "demo") if (c.rule, c.decoupled, c.p_update) == keep]
    selection = select(exhibit, "demo", [make.network(cell) for cell in cells])
    ends = selection.frame["curve"].str[-1].tolist()
    expected = {
        "updates": statistics.fmean(n for end in ends for n in end["updates"]),
        "seconds": statistics.fmean(end["seconds"] for end in ends),
    }
    for figure in exhibit.figures:
        if figure.x in expected:
            found = points.points(selection, figure, selection.frame, {})
            mean = points.summary(found, whole=True, log=True)
            assert mean["x_mean"].iloc[-1] == pytest.approx(expected[figure.x])


def test_the_layers_shown_end_at_the_top():
    deep = [cell for cell in expand(load("deep"), "quick") if cell.rule == "dni"]
    assert points.layers(deep) == [2, 5, 8, 11, 14, 17, 20]
    assert points.layers([cell for cell in deep if cell.depth == 6]) == [1, 2, 3, 4, 5]


def by_name(selection):
    return {drawing.name: drawing for drawing in series.drawings(selection)}


def line_at(drawing, column, line):
    data = drawing.data
    return data[(data["column"] == column) & (data["line"] == line)]


def test_a_progression_is_over_the_data_that_was_read(table2, make):
    records = make.grid(table2, "paper", lambda c: c.dataset == "copy")
    drawing = by_name(select(table2, "paper", records))["progression-copy-lstm"]
    assert list(drawing.data["column"].cat.categories) == ["BPTT", "DNI", "DNI+Aux"]
    assert list(drawing.data["line"].cat.categories) == ["2", "3", "4", "5"]
    line = line_at(drawing, "DNI", "5")
    mine = [r for r in records if (r.rule, r.T) == ("dni", 5)]
    end = 5 * mine[0].iterations
    assert line["x"].max() == end
    last = line[line["x"] == end]
    assert last["mean"].item() == pytest.approx(statistics.mean(r.longest for r in mine))
    assert last["paper"].item() == 18
    assert line[line["x"] < end]["paper"].isna().all()
    at = {point["iteration"] * 5: point["longest"] for point in mine[0].curve}
    assert set(line["x"]) <= set(at)
    assert line["mean"].is_monotonic_increasing


def test_a_reading_is_of_texts_alone(table2, make):
    found = by_name(select(table2, "demo", make.grid(table2, "demo")))
    assert [name for name in found if name.startswith("reading")] == ["reading-descriptions-lstm"]
    line = line_at(found["reading-descriptions-lstm"], "DNI+Aux", "8")
    assert line["x"].tolist() == [800, 1600, 2400, 3200]
    assert line["mean"].is_monotonic_decreasing
    assert line["paper"].isna().all()


def test_a_rule_without_m_has_no_cosine(table2, make):
    found = by_name(select(table2, "demo", make.grid(table2, "demo")))
    drawing = found["cosines-copy-lstm"]
    assert list(drawing.data["column"].cat.categories) == ["DNI", "DNI+Aux"]
    assert drawing.data["mean"].between(0.3, 0.5).all()


@pytest.mark.parametrize(("name", "share"), [("a", 0.1), ("b", 1.0)])
def test_a_curve_is_against_the_digits_seen(two_networks, make, name, share):
    rules = ("end_to_end", "no_feedback", "dni")
    records = make.grid(two_networks, "paper")
    drawings = {
        d.name.split("-")[0]: d for d in series.drawings(select(two_networks, "paper", records))
    }
    data = drawings[name].data
    end = 6250 * 16
    assert data["x"].max() == end
    last = data[data["x"] == end].set_index("rule")
    for rule in rules:
        mine = [r for r in records if r.rule == rule]
        mean = sum(r.error_b for r in mine) / len(mine)
        assert last.loc[rule, "mean"] == pytest.approx(share * mean)
    paper = {"a": [6, 5.6, 5.6], "b": [31, 65, 33]}[name]
    assert last.loc[list(rules), "paper"].tolist() == paper
    assert data[data["x"] < end]["paper"].isna().all()


def test_lengths_by_unroll_stand_beside_the_papers(table2, make):
    records = make.grid(table2, "paper")
    found = by_name(select(table2, "paper", records))
    lengths, bits = found["lengths-lstm"], found["bits-lstm"]
    assert list(lengths.data["column"].cat.categories) == ["Copy", "Repeat Copy"]
    assert list(bits.data["column"].cat.categories) == ["Penn Treebank"]
    line = line_at(lengths, "Repeat Copy", "DNI+Aux")
    assert line["x"].tolist() == [2, 3, 4, 5]
    assert line["paper"].tolist() == [39, 59, 67, 59]
    for x, mean in zip(line["x"], line["mean"], strict=True):
        at = [
            r.longest for r in records if (r.dataset, r.rule, r.T) == ("repeat_copy", "dni_aux", x)
        ]
        assert mean == pytest.approx(statistics.mean(at))
    assert line_at(bits, "Penn Treebank", "BPTT")["x"].tolist() == [2, 3, 4, 5, 8, 20, 40]
    assert not lengths.y_log


def test_curves_against_bytes_are_of_what_was_timed(make):
    exhibit = load("beyond")
    cells = [c for c in expand(exhibit, "demo") if c.rule in {"backprop", "dfa"}]
    cells = [c for c in cells if c.network == "fcn" and c.depth in {3, 4} and c.patience is None]
    selection = select(exhibit, "demo", [make.record(cell, 2.0) for cell in cells])
    timed = next(c for c in cells if (c.rule, c.depth) == ("dfa", 4))
    drawings = series.drawings(selection, timings=[timing_of(timed, bytes=3e6)])
    drawing = {d.name: d for d in drawings}["bytes-digits-fcn-equal-passes"]
    shown = drawing.data[["column", "line"]].drop_duplicates().to_numpy().tolist()
    assert shown == [["4 layers", "DFA"]]
    assert drawing.x_log
    assert drawing.data["x"].max() == 3e6 * timed.iterations
    told = "have not been counted: 3 settings (`sgbench time beyond --scale demo` counts them)"
    assert told in drawing.notes[0]
    assert not any(name.startswith("bytes") for name in by_name(selection))


def test_cells_that_end_by_themselves_have_no_end_in_common_and_keep_their_last_points(make):
    exhibit = load("beyond")
    cells = [c for c in expand(exhibit, "demo") if c.rule == "dfa" and c.depth == 4 and c.patience]
    limit, records = cells[0].iterations, []
    ends = [range(limit % 19 or 19, limit + 1, 19), range(7, 287, 7)]  # at the limit, and early
    for cell, every in zip(cells[:2], ends, strict=True):
        made = make.record(cell, 2.0, exhibit="beyond")
        curve = tuple(dict(made.curve[-1]) | {"iteration": at} for at in every)
        records.append(dataclasses.replace(made, curve=curve))
    selection = select(exhibit, "demo", records)
    figure = next(f for f in exhibit.figures if f.kind == "curves" and f.x == "passes")
    found = points.points(selection, figure, selection.frame, {})
    assert not found["end"].any()
    share = of_an_update.passes(cells[0])
    for seed, record in enumerate(records):
        mine = found[found["seed"] == seed]
        assert mine["x"].max() == pytest.approx(record.curve[-1]["iteration"] * share)
    assert len(found) < sum(len(record.curve) for record in records)
