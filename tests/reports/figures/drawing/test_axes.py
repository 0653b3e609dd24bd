"""Axes: what they span, and their ticks."""

import pytest
from matplotlib.figure import Figure
from sgbench.reports.figures.drawing.axes import fit, log_y, open_left, short


def fitted(shown):
    """The axes of one panel, fitted."""
    axes = Figure().subplots()
    fit(axes, shown)
    return axes


@pytest.mark.parametrize("y_log", [True, False])
def test_intervals_and_single_seeds_are_within_the_axes(draft, y_log):
    line = draft.line(low=0.5, high=9.0)
    shown = draft.drawing(line, y_log=y_log, seeds=draft.seeds(line, [[3.0, 12.0]]))
    low, high = fitted(shown).get_ylim()
    assert 0 <= low < 0.5
    assert high > 12


def test_what_is_nought_is_not_half_hidden_by_the_axis(draft):
    line = draft.line(mean=[0.0, 7.0], low=[0, 6], high=[1, 8])
    low, _ = fitted(draft.drawing(line, y_log=False)).get_ylim()
    assert -1 < low < 0


def test_a_number_is_short():
    texts = [short(value) for value in (0, 0.001, 0.05, 3, 999, 1000, 2500, 10_000)]
    assert texts == ["0", "1e-3", "0.05", "3", "999", "1k", "2.5k", "10k"]


def test_a_large_number_has_a_power_of_ten():
    texts = [short(value) for value in (5e6, 1e7, 2.5e8, 1e12)]
    assert texts == ["5000k", "10⁷", "2.5\N{MULTIPLICATION SIGN}10⁸", "10¹²"]


@pytest.mark.parametrize(
    ("low", "high", "some"), [(4.5, 15, {5, 6, 8, 10, 15}), (1.5, 60, {2, 5, 10, 20, 50})]
)
def test_a_logarithmic_axis_has_round_ticks(low, high, some):
    axes = Figure().subplots()
    log_y(axes, low, high)
    ticks = {round(tick, 6) for tick in axes.get_yticks() if low <= tick <= high}
    assert ticks == some


def test_only_the_leftmost_panels_have_an_axis():
    grid = Figure().subplots(1, 3, squeeze=False)
    open_left(grid)
    assert [axes.spines["left"].get_visible() for axes in grid[0]] == [True, False, False]
