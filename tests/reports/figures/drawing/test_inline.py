"""Figures within a page: the same picture as the file, small, with the values of its points."""

import html
import json
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.figures.drawing import style
from sgbench.reports.figures.drawing.inline import inline
from sgbench.reports.figures.drawing.render import render, saved
from sgbench.reports.figures.series import drawings

SVG = "{http://www.w3.org/2000/svg}"


def drawn(build, **options):
    """The svg element of a figure with one panel that `build` draws on."""
    with style.style():
        figure = Figure(figsize=(4, 3))
        build(figure.subplots(), figure)
        return inline(figure).decode()


def values(svg):
    """Return (label, points) of each line; a point is x, y and what a reader is shown."""
    (found,) = re.findall(r"data-points='([^']*)'", svg)
    texts, lines = json.loads(html.unescape(found))
    return [(label, list(points(texts, flat))) for label, flat in lines]


def points(texts, flat):
    for x, y, said in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
        yield x, y, said if ": " in str(said) else f"{texts[str(x)]}: {said}"


@pytest.fixture
def depths(table1, make):
    selection = select(table1, "demo", make.grid(table1, "demo"))
    return next(one for one in drawings(selection) if one.name.startswith("depths"))


def test_it_is_one_svg_element_without_a_trace_of_the_day(depths):
    svg = render(depths, ("html",))["html"].decode()
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert "date" not in svg
    assert "Matplotlib" not in svg
    words = {found.text for found in root.iter(f"{SVG}text")}
    assert {"DNI", "cDNI", "3", "6"} <= words  # text, not outlines
    assert render(depths, ("html",))["html"].decode() == svg


def test_it_is_smaller_than_the_file_and_leaves_the_file_alone(depths):
    both = render(depths, ("svg", "html"))
    assert both["svg"] == render(depths, ("svg",))["svg"]
    assert len(both["html"]) < len(both["svg"]) / 2


def test_names_are_its_own(depths):
    one = render(depths, ("html",))["html"].decode()
    other = drawn(lambda axes, _: axes.plot([0, 1, 2], [1, 3, 2]))
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for svg, own in zip((one, other), ids, strict=True):
        used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg)
        assert {a or b for a, b in used} <= own


def test_points_lie_where_their_values_are():
    def build(axes, figure):
        axes.plot([0, 5, 10], [20, 10, 40], color="#112233")
        axes.set(xlim=(0, 10), ylim=(0, 40))
        figure.subplots_adjust(left=0.25, right=1, bottom=0.25, top=1)
        figure.legend(handles=[Line2D([], [], color="#112233", label="DNI")])

    ((label, points),) = values(drawn(build))
    assert label == "DNI"
    width, height = 4 * 72, 3 * 72
    expected = [[width / 4, height * 3 / 8], [width * 5 / 8, height * 9 / 16], [width, 0]]
    assert [point[:2] for point in points] == [pytest.approx(p, abs=0.6) for p in expected]
    assert [point[2] for point in points] == ["0: 20", "5: 10", "10: 40"]


def test_the_papers_values_are_told_from_ours(depths):
    labels = [label for label, _ in values(render(depths, ("html",))["html"].decode())]
    assert "DNI" in labels
    hollow = drawn(
        lambda axes, figure: (
            axes.plot([1, 2], [1, 2], color="#d55e00", marker="o", markerfacecolor="white"),
            figure.legend(
                handles=[
                    Line2D([], [], color="#d55e00", label="DNI"),
                    Line2D([], [], color="#6b6b6b", marker="o", markerfacecolor="white", label="P"),
                ]
            ),
        )
    )
    assert [label for label, _ in values(hollow)] == ["DNI, P"]


def test_ticks_that_are_chosen_name_their_values():
    def build(axes, _):
        axes.plot([0.02, 0.98, 2], [1, 2, 3])
        axes.set_xticks([0, 1, 2], ["none", "one", "two"])

    ((_, points),) = values(drawn(build))
    assert [text.partition(":")[0] for *_, text in points] == ["none", "one", "two"]


def test_long_lines_and_many_dots_take_little():
    x = np.linspace(0, 1, 2000)

    def build(axes, _):
        axes.plot(x, np.sin(x), marker="o")
        axes.fill_between(x, np.sin(x) - 1, np.sin(x) + 1)
        axes.scatter(x, np.cos(x))

    svg = drawn(build)
    assert len(svg) < 40_000
    assert "data:image/png;base64," in svg
    line, dots = values(svg)
    for points in (line[1], dots[1]):
        assert len(points) <= 16
        assert points[0][2].startswith("0: ")
        assert points[-1][2].startswith("1: ")


def test_a_figure_of_a_study_has_it_too():
    with style.style():
        figure = Figure()
        figure.subplots().plot([1, 2, 3], [3, 2, 1])
        assert saved(figure, ("html",))["html"].startswith(b"<svg ")


def test_a_line_without_points_is_nothing_to_hover():
    figure = Figure()
    axes = figure.subplots()
    axes.plot([], [])
    axes.plot([0, 1, 2], [1.0, 2.0, 3.0])
    assert [len(some) for _, some in values(inline(figure).decode())] == [3]


def test_texts_along_x_stand_once_and_those_of_another_axis_beside_their_points():
    figure = Figure(figsize=(4, 4))
    above, below = figure.subplots(2)
    above.plot([0, 1, 2], [0.25, 2, 3000])
    below.plot([0, 10, 20], [1, 2, 3])
    svg = inline(figure).decode()
    assert [text for _, _, text in values(svg)[0][1]] == ["0: 0.25", "1: 2", "2: 3,000"]
    assert [text for _, _, text in values(svg)[1][1]] == ["0: 1", "10: 2", "20: 3"]
    assert svg.count('"0"') == 1
