"""How lines look, and how wide texts are."""

import math

import pytest
from matplotlib.colors import to_rgb
from sgbench.reports.figures import style

BLUE, NEARLY_BLUE, RED = "#0173b2", "#0072b2", "#d55e00"


def test_rules_of_one_colour_differ_in_line_style_and_marker():
    looks = style.looks({"a": BLUE, "b": RED, "c": BLUE, "d": NEARLY_BLUE}, dashed=True)
    styles = {line: look.linestyle for line, look in looks.items()}
    assert styles["a"] == styles["b"] == "-"
    assert len({styles["a"], styles["c"], styles["d"]}) == 3
    assert style.DOTTED not in styles.values()  # the paper's
    assert len({look.marker for look in looks.values()}) == 4


def test_shades_stay_solid():
    lines = [str(n) for n in range(5)]
    looks = style.looks(style.shades(BLUE, lines), dashed=False)
    assert {look.linestyle for look in looks.values()} == {"-"}


@pytest.mark.parametrize("scale", [style.sequence, lambda lines: style.shades(None, lines)])
def test_scales_go_from_light_to_dark(scale):
    colors = scale(["a", "b", "c", "d"])
    brightness = [math.fsum(to_rgb(color)) for color in colors.values()]
    assert brightness == sorted(brightness, reverse=True)
    assert len(set(brightness)) == 4


def test_texts_wrap_to_a_width():
    text = "Cosine of the synthetic and the true gradient at the message of A"
    lines = style.wrapped(text, 2.0, 9)
    assert " ".join(lines) == text
    assert len(lines) > 1
    assert all(style.width(line, 9) <= 2.0 for line in lines)
    assert style.wrapped(text, 20.0, 9) == [text]
    assert style.wrapped("unbreakable", 0.1, 9) == ["unbreakable"]
    assert style.width(text, 9, "bold") > style.width(text, 9)
