"""Single panels: lines, intervals, the paper's values, and the axes."""

import pandas as pd
import pytest
from matplotlib.figure import Figure
from sgbench.reports.figures import style
from sgbench.reports.figures.axes import dodged, fit, log_y, looks, open_left, panel, short


def drawn(shown, at=("", "p")):
    """The axes of one panel."""
    axes = Figure().subplots()
    data = dodged(shown)
    mine = data[(data["row"] == at[0]) & (data["column"] == at[1])]
    panel(axes, shown, mine, at, at[1])
    fit(axes, shown)
    return axes


def test_a_rule_of_ones_own_has_its_colour_and_one_of_the_same_colour_is_dashed(draft):
    colors = {"dni": "#0173b2", "mine": "#0173b2", "other": "#112233"}
    shown = draft.drawing(
        *(draft.line(rule, rule=rule) for rule in colors), shaded=False, colors=colors
    )
    drawn_lines = drawn(shown).lines
    assert [one.get_color() for one in drawn_lines] == list(colors.values())
    assert [one.get_linestyle() for one in drawn_lines] == ["-", "--", "-"]
    assert len({one.get_marker() for one in drawn_lines}) == 3


def test_shades_are_of_the_panels_rule(draft):
    shown = draft.drawing(draft.line("3"), draft.line("4"), colors={"dni": "#d55e00"})
    axes = drawn(shown)
    assert axes.get_title(loc="left") == "p"
    assert axes.title.get_color() != "#d55e00"
    assert [one.get_color() for one in axes.lines] == list(
        style.shades("#d55e00", ["3", "4"]).values()
    )
    assert [look.color for look in looks(shown).values()] == list(
        style.shades(None, ["3", "4"]).values()
    )


def test_bars_of_lines_stand_side_by_side(draft):
    shown = draft.drawing(draft.line("3"), draft.line("4"), bars=True)
    x = dodged(shown)["x"].tolist()
    assert x[0] < 100 < x[2]
    assert x[2] - x[0] == pytest.approx(0.012 * 100)
    logarithmic = dodged(draft.drawing(draft.line("3"), draft.line("4"), bars=True, x_log=True))[
        "x"
    ].tolist()
    assert logarithmic[2] / logarithmic[0] == pytest.approx(2**0.012)


def test_the_papers_values_are_hollow_and_dotted(draft):
    (ours, paper) = drawn(draft.drawing(draft.line(paper=[float("nan"), 1.0]))).lines
    assert paper.get_xydata().tolist() == [[200.0, 1.0]]
    assert paper.get_markerfacecolor() == "white"
    assert paper.get_linestyle() == ":" or paper._unscaled_dash_pattern == style.DOTTED
    assert ours.get_color() == paper.get_color()


def test_axes_fit_the_means_whatever_the_intervals(draft):
    axes = drawn(draft.drawing(draft.line(low=-1e9, high=1e9)))
    low, high = axes.get_ylim()
    assert 1 < low < 2
    assert 3 < high < 5


def test_a_number_is_short():
    texts = [short(value) for value in (0, 0.001, 0.05, 3, 999, 1000, 2500, 10_000)]
    assert texts == ["0", "1e-3", "0.05", "3", "999", "1k", "2.5k", "10k"]


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


def test_a_population_has_dots_and_no_markers(draft):
    dots = pd.DataFrame(
        {"x": [100.0, 150.0], "y": [3.0, 2.0], "row": "", "column": "p", "line": "0"}
    )
    bins = pd.DataFrame(
        {"left": [90.0], "right": [110.0], "y": [2.5], "row": "", "column": "p", "line": "0"}
    )
    axes = drawn(draft.drawing(draft.line(), ordered=True, dots=dots, bins=bins))
    (networks,) = (c for c in axes.collections if len(c.get_offsets()) == 2)
    assert networks.get_offsets().tolist() == [[100.0, 3.0], [150.0, 2.0]]
    ours, ring = axes.lines
    assert ours.get_marker() in ("None", None, "none")
    assert ring.get_xydata().tolist() == [[100.0, 2.5]]
