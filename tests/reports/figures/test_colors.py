"""Colours: scales, and which are alike to whom."""

import itertools
import math

import pytest
from matplotlib.colors import to_rgb
from sgbench.bench.registry import RULES
from sgbench.reports.figures import colors
from sgbench.reports.figures.drawing import style

RED, GREEN, BLUE, ORANGE, DNI = "#d00000", "#3d8a00", "#0173b2", "#de8f05", "#d55e00"


def test_a_colour_is_as_itself():
    assert colors.difference(RED, RED) == pytest.approx(0, abs=1e-9)


def test_red_and_green_are_alike_only_to_the_colour_blind():
    from coloraide import Color

    usual = Color(DNI).delta_e(Color(GREEN), method="2000")
    assert usual > 2 * colors.NEAREST
    assert colors.difference(DNI, GREEN) < colors.NEAREST
    assert colors.alike(DNI, GREEN)


def test_blue_and_orange_are_told_apart():
    assert not colors.alike(BLUE, ORANGE)
    assert not colors.alike(to_rgb(BLUE), ORANGE)  # as matplotlib takes them


def test_any_two_rules_differ_in_colour_or_line_style():
    rules = {name: RULES.declared(name).color for name in RULES.names()} | {"mine": ORANGE}
    looks = style.looks(rules, dashed=True)
    for one, other in itertools.combinations(rules, 2):
        if colors.alike(rules[one], rules[other]):
            assert looks[one].linestyle != looks[other].linestyle, (one, other)


def test_lines_of_colours_that_are_alike_in_turn_all_differ():
    chain = {"a": BLUE, "b": BLUE, "c": RED, "d": BLUE}
    assert colors.styles(chain, 5) == {"a": 0, "b": 1, "c": 0, "d": 2}


@pytest.mark.parametrize("scale", [colors.sequence, lambda lines: colors.shades(None, lines)])
def test_scales_go_from_light_to_dark(scale):
    found = scale(["a", "b", "c", "d"])
    brightness = [math.fsum(to_rgb(color)) for color in found.values()]
    assert brightness == sorted(brightness, reverse=True)
    assert len(set(brightness)) == 4
