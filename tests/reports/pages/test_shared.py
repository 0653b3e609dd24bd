"""Figures of a page share styles and markers, and look the same."""

import re

import pytest
from markupsafe import Markup
from matplotlib.figure import Figure
from sgbench.reports.figures.drawing import style
from sgbench.reports.figures.drawing.inline import inline
from sgbench.reports.pages.shared import shared


@pytest.fixture
def figures():
    found = []
    with style.style():
        for y in ([1, 2, 3], [3, 1, 2], [2, 2, 9]):
            figure = Figure()
            figure.subplots().plot([0, 1, 2], y, marker="o", color="#123456")
            found.append(Markup(inline(figure).decode()))
    return found


def test_each_style_is_a_class_and_nothing_is_lost(figures):
    rules, _, found = shared(figures)
    known = dict(re.findall(r"\.([\w-]+)\{([^}]*)\}", rules))
    assert len(set(known.values())) == len(known)
    for before, after in zip(figures, found, strict=True):
        styles = [s for s in re.findall(r' style="([^"]*)"', before) if "marker:" not in s]
        drawn = [known[name] for name in re.findall(r" class=([\w-]+)", after)]
        assert " style=" not in after
        left = [one for one in styles if one not in drawn]
        assert all(one in known.values() for one in left)  # of markers, which are the page's


def test_a_marker_of_several_figures_is_there_once(figures):
    rules, element, found = shared(figures)
    assert element.count("<marker ") == 1
    (name,) = re.findall(r'<marker id="([^"]+)"', element)
    assert rules.count(f"marker:url(#{name})") == 1
    assert not any("<marker" in one or "<defs></defs>" in one for one in found)
    assert sum(map(len, [*found, rules, element])) < 0.8 * sum(map(len, figures))


def test_without_figures_there_is_nothing_to_share():
    assert shared([]) == ("", "", [])
