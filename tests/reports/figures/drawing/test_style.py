"""How lines look, and how wide texts are."""

import matplotlib as mpl
from sgbench.reports.figures import colors
from sgbench.reports.figures.drawing import style

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
    looks = style.looks(colors.shades(BLUE, lines), dashed=False)
    assert {look.linestyle for look in looks.values()} == {"-"}


def test_a_papers_sheet_is_a_column_with_truetype_fonts_of_8_points():
    sheet = style.SHEETS["paper"]
    assert 3 <= sheet.width <= 3.4
    with style.style(sheet):
        assert mpl.rcParams["pdf.fonttype"] == 42
        sizes = ("axes.labelsize", "xtick.labelsize", "legend.fontsize", "font.size")
        assert {mpl.rcParams[name] for name in sizes} == {8}


def test_texts_wrap_to_a_width():
    text = "Cosine of the synthetic and the true gradient at the message of A"
    lines = style.wrapped(text, 2.0, 9)
    assert " ".join(lines) == text
    assert len(lines) > 1
    assert all(style.width(line, 9) <= 2.0 for line in lines)
    assert style.wrapped(text, 20.0, 9) == [text]
    assert style.wrapped("unbreakable", 0.1, 9) == ["unbreakable"]
    assert style.width(text, 9, "bold") > style.width(text, 9)


def test_a_last_line_is_not_a_word_or_two():
    text = "Lines: means of 3 seeds. Thin lines: each seed. Hidden layers of M: 2 (DNI), 1 (cDNI)"
    found = {}
    for tenths in range(10, 60):
        lines = style.wrapped(text, tenths / 10, 7)
        assert " ".join(lines) == text
        assert all(style.width(line, 7) <= tenths / 10 for line in lines)
        found[tenths] = [len(line.split()) for line in lines]
    assert len({len(words) for words in found.values()}) > 3
    assert all(words[-1] >= 3 for words in found.values() if len(words) > 1)
    assert style.wrapped("two words", 0.4, 7) == ["two", "words"]
