"""Single panels: lines, intervals, single seeds, other rules and the paper's values."""

import math

import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from sgbench.reports.figures import colors
from sgbench.reports.figures.drawing import style
from sgbench.reports.figures.drawing.panel import dodged, looks, panel

NAN = float("nan")


def drawn(shown, at=("", "p")):
    """The axes of one panel."""
    axes = Figure().subplots()
    data = dodged(shown)
    mine = data[(data["row"] == at[0]) & (data["column"] == at[1])]
    panel(axes, shown, mine, at, at[1])
    return axes


def bands(axes):
    return [one for one in axes.collections if isinstance(one, PolyCollection)]


def few(draft, **changes):
    """A line of three seeds, without an interval."""
    line = draft.line(low=NAN, high=NAN)
    return draft.drawing(line, seeds=draft.seeds(line, [[3, 2], [4, 2], [2, 2]]), **changes)


def test_few_seeds_have_a_thin_line_each_and_no_band(draft):
    axes = drawn(few(draft))
    assert bands(axes) == []
    *seeds, mean = axes.lines
    assert [one.get_ydata().tolist() for one in seeds] == [[3, 2], [4, 2], [2, 2]]
    assert mean.get_ydata().tolist() == [3, 2]
    assert all(one.get_linewidth() < mean.get_linewidth() / 2 for one in seeds)
    assert {one.get_color() for one in seeds} == {mean.get_color()}


def test_in_a_sweep_few_seeds_have_a_dot_each_and_no_bar(draft):
    axes = drawn(few(draft, bars=True))
    assert not axes.collections
    dots, mean = axes.lines
    assert len(dots.get_xydata()) == 6
    assert len(set(dots.get_xdata().tolist())) == 6  # none hides another
    assert dots.get_linestyle() == "None"
    assert not any(mean.get_markevery())


def test_steps_of_few_seeds_have_a_line_each_beside_one_another_and_no_mean(draft):
    axes = drawn(few(draft, steps=True, y_log=False))
    assert [one.get_drawstyle() for one in axes.lines] == ["steps-post"] * 3
    last = [one.get_transform().transform(one.get_xydata()[-1])[1] for one in axes.lines]
    assert last[0] < last[1] < last[2]  # all of them are at 2


def test_many_seeds_have_a_band(draft):
    axes = drawn(draft.drawing(draft.line()))
    assert len(bands(axes)) == 1
    assert len(axes.lines) == 1


def test_an_interval_of_one_point_is_a_bar(draft):
    axes = drawn(draft.drawing(draft.line()[:1]))
    assert bands(axes) == []
    assert len(axes.collections) == 1


def test_results_of_other_rules_are_dashed_lines_across_in_their_colours(draft):
    line = draft.line("4")
    references = pd.DataFrame(
        {
            "row": "",
            "column": "p",
            "line": "4",
            "rule": ["backprop", "dni"],
            "label": "x",
            "y": [1.7, 8.0],
        }
    )
    rules = {"dni": "#d55e00", "backprop": "#0173b2"}
    axes = drawn(draft.drawing(line, references=references, colors=rules))
    across = [one for one in axes.lines if len(set(one.get_ydata())) == 1]
    assert [one.get_ydata()[0] for one in across] == [1.7, 8.0]
    assert len({one.get_color() for one in across}) == 2


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
        colors.shades("#d55e00", ["3", "4"]).values()
    )
    assert [look.color for look in looks(shown).values()] == list(
        colors.shades(None, ["3", "4"]).values()
    )


def test_what_lines_have_at_one_x_stands_side_by_side(draft):
    lines = [draft.line("3"), draft.line("4")]
    shown = draft.drawing(*lines, bars=True, seeds=draft.seeds(lines[0], [[3, 2], [3, 2]]))
    x = dodged(shown)["x"].tolist()
    assert x[0] < 100 < x[2]
    assert (x[0] + x[2]) / 2 == pytest.approx(100)
    first, second = (one["x"].iloc[0] for _, one in dodged(shown, shown.seeds).groupby("seed"))
    assert first < x[0] < second < 100


def test_along_a_logarithmic_axis_too(draft):
    lines = [draft.line("3"), draft.line("4")]
    x = dodged(draft.drawing(*lines, bars=True, x_log=True))["x"].tolist()
    assert (x[0] * x[2]) ** 0.5 == pytest.approx(100)


def test_the_papers_values_are_hollow_and_dotted(draft):
    (ours, paper) = drawn(draft.drawing(draft.line(paper=[float("nan"), 1.0]))).lines
    assert paper.get_xydata().tolist() == [[200.0, 1.0]]
    assert paper.get_markerfacecolor() == "white"
    assert paper.get_linestyle() == ":" or paper._unscaled_dash_pattern == style.DOTTED
    assert ours.get_color() == paper.get_color()


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


def test_the_papers_values_before_the_end_have_bounds_and_arrows(draft):
    early = pd.DataFrame(
        {"x": [120.0, 150.0], "y": [2.5, 2.0], "low": [2.4, -math.inf], "high": [2.6, 2.2],
         "row": "", "column": "p", "line": "0"}
    )  # fmt: skip
    axes = drawn(draft.drawing(draft.line(), early=early))
    _, ring = axes.lines
    assert ring.get_xydata().tolist() == [[120.0, 2.5], [150.0, 2.0]]
    assert ring.get_markerfacecolor() == "white"
    bars = [s.tolist() for c in axes.collections for s in getattr(c, "get_segments", list)()]
    assert [[120.0, 2.4], [120.0, 2.6]] in bars
    assert [[150.0, 2.0], [150.0, 2.2]] in bars  # on the other side it is open: an arrow
    assert [text.xy for text in axes.texts] == [(150.0, 2.0)]
