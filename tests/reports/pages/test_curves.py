"""The curves of a place's seeds as SVG: their positions tell their values."""

import re

import pytest
from sgbench.reports.analysis.evidence.runs import Run
from sgbench.reports.pages.curves import curves, thinned


def run(curve, seed=0):
    return Run(
        seed=seed, value=1.0, status="ok", record="a", machine_class="m", finished="2026-01-01",
        curve=tuple(curve), cosines=(), losses=(),
    )  # fmt: skip


def points(path):
    x = y = 0
    steps = [int(n) for n in re.findall(r"-?\d+", path)]
    for dx, dy in zip(steps[::2], steps[1::2], strict=True):
        x, y = x + dx, y + dy
        yield x, y


def test_positions_are_of_the_values():
    first = [(200, 9.0), (600, 5.0), (1000, 3.0)]
    drawn = curves([run(first), run([(200, 7.0), (1000, 1.0)], seed=4)], "% <error>", 60)
    assert 'data-range="200 1000 1 9"' in drawn
    assert 'data-seeds="0 4"' in drawn
    assert "% &lt;error&gt;" in drawn
    one, other = re.findall(r'<path d="([^"]*)"', drawn)
    assert list(points(one)) == [(0, 0), (150, 150), (300, 225)]
    assert list(points(other)) == [(0, 75), (300, 300)]


def test_a_curve_that_never_changes_is_drawn_too():
    (path,) = re.findall(r'<path d="([^"]*)"', curves([run([(1, 2.0), (2, 2.0)])], "", 60))
    assert list(points(path)) == [(0, 0), (300, 0)]


@pytest.mark.parametrize("runs", [[], [run([])], [run([(5, 1.0)])]])
def test_without_two_points_there_is_nothing(runs):
    assert curves(runs, "", 60) == ""


@pytest.mark.parametrize("number", [2, 6, 7, 100, 101])
def test_thinning_keeps_the_ends_and_the_order(number):
    curve = [(n, float(n)) for n in range(number)]
    kept = thinned(curve, 6)
    assert len(kept) == min(number, 6)
    assert (kept[0], kept[-1]) == (curve[0], curve[-1])
    assert sorted(set(kept)) == list(kept)
