"""The points of curves and sweeps, and their means over seeds."""

import statistics

import pandas as pd
import pytest
from sgbench.reports.analysis.select import select
from sgbench.reports.figures import points
from sgbench.reproductions.exhibits.exhibit import expand, load


def test_a_mean_has_an_interval_of_its_seeds_or_their_range():
    seeds = pd.DataFrame({"configuration": 0, "layer": 0, "x": 1.0, "y": [1.0, 2.0]})
    (interval,) = points.summary(seeds, ranges=False).to_dict("records")
    (span,) = points.summary(seeds, ranges=True).to_dict("records")
    assert (span["mean"], span["low"], span["high"]) == (1.5, 1.0, 2.0)
    assert interval["low"] == pytest.approx(1.5 - 12.706 * 0.5, abs=1e-3)  # t of one degree
    (alone,) = points.summary(seeds[:1], ranges=True).to_dict("records")
    assert alone["mean"] == 1.0
    assert pd.isna(alone["low"])


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
            found = points.points(selection, figure, cells[:1], selection.frame)
            mean = points.summary(found, ranges=True)
            assert mean["x"].iloc[-1] == pytest.approx(expected[figure.x])


def test_the_layers_shown_end_at_the_top():
    deep = [cell for cell in expand(load("deep"), "quick") if cell.rule == "dni"]
    assert points.layers(deep) == [2, 5, 8, 11, 14, 17, 20]
    assert points.layers([cell for cell in deep if cell.depth == 6]) == [1, 2, 3, 4, 5]
