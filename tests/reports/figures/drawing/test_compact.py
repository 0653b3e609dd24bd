"""What is drawn often is one element, where it was."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from sgbench.reports.figures.drawing import style
from sgbench.reports.figures.drawing.inline import inline


@pytest.fixture
def svg():
    with style.style():
        figure = Figure(figsize=(4, 3))
        axes = figure.subplots()
        axes.grid(visible=True, axis="y")
        axes.plot([0, 1, 2, 3], [0, 2, 1, 3], marker="s", color="#123456")
        axes.fill_between([0, 1, 2], [1, 1, 1], [2, 2, 2], color="#654321", alpha=0.5, linewidth=0)
        figure.set_dpi(72)
        placed = axes.transData.transform([(0, 0), (1, 2), (2, 1), (3, 3)])
        return inline(figure).decode(), placed.tolist()


def test_markers_are_one_line_through_their_points(svg):
    content, placed = svg
    (points,) = re.findall(r'<polyline points="([^"]*)"', content)
    numbers = [float(number) for number in points.split()]
    expected = [number for x, y in placed for number in (x, 3 * 72 - y)]
    assert numbers == pytest.approx(expected, abs=0.06)
    (name,) = re.findall(r"marker:url\(#([^)]+)\)", content)
    assert f'<marker id="{name}" overflow="visible"' in content
    assert "#123456" in content.partition(f'<marker id="{name}"')[2].partition("</marker>")[0]


def test_ticks_and_grid_lines_of_one_kind_are_one_path_each(svg):
    content, _ = svg
    assert content.count(f"stroke:{style.GRID}") == 1
    (grid,) = re.findall(rf'<path d="([^"]*)" style="[^"]*stroke:{style.GRID}', content)
    assert grid.count("M") > 2
    assert "<use" not in content
    down = re.findall(r'd="((?:M[\d.]+ [\d.]+l0 [\d.]+)+)"', content)
    assert max(path.count("M") for path in down) > 2


def test_points_that_lie_nearly_on_a_line_are_left_out_and_corners_stay():
    x = np.linspace(0, 10, 15)
    with style.style():
        figure = Figure(figsize=(4, 3))
        axes = figure.subplots()
        axes.plot(x, abs(x - 5), color="#123456")
        axes.plot(x, np.sin(3 * x), color="#654321")
        content = inline(figure).decode()
    (bent,) = re.findall(r'<path d="([^"]*)" style="[^"]*#123456', content)
    (wave,) = re.findall(r'<path d="([^"]*)" style="[^"]*#654321', content)
    assert len(re.findall(r"-?[\d.]+", bent)) == 2 * 3
    assert len(re.findall(r"-?[\d.]+", wave)) > 2 * 8


def test_a_shape_that_is_used_once_is_drawn_where_it_is(svg):
    content, placed = svg
    (band,) = re.findall(r'<path d="(M[^"]*)" style="fill:#654321', content)
    x, y = map(float, re.match(r"M([\d.]+) ([\d.]+)", band).groups())
    assert x == pytest.approx(placed[0][0], abs=0.2)
    assert 0 < y < 3 * 72
    assert "#654321" in content
    assert "href=" not in content
