"""A table's three forms, and what is escaped in them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sgbench.reports.tables.latex import escape_tex, tex_table
from sgbench.reports.tables.table import (
    Grid,
    entry,
    escape_markdown,
    markdown_table,
    plain,
    text_table,
)

HOSTILE = r"a_b*c `d` [e](f) <g> | \h {i} $j$ 50% & #k ~l ^m"


@pytest.fixture
def grid():
    return Grid(
        caption="A & B",
        stubs=("net", "depth"),
        columns=(("one", "x"), ("one", "y"), ("two", "x")),
        rows=(
            (("F", "3"), (entry("1.0", "paper 2"), entry("3.0", strong=True), entry())),
            (("F", "4"), (entry("4.0"), entry("5.0"), entry("6.0"))),
            (("C", "3"), (entry(HOSTILE), entry("8.0"), entry("9.0"))),
        ),
    )


def test_markdown(grid):
    lines = markdown_table(grid).splitlines()
    assert lines[0] == "| net | depth | one<br>x | one<br>y | two<br>x |"
    assert lines[1] == "| --- | --- | --- | ---: | ---: |"  # the hostile one is text
    assert lines[2] == "| F | 3 | 1.0<br>paper 2 | **3.0** |  |"
    assert lines[3].startswith("|  | 4 |")  # F is said once
    assert lines[4].startswith("| C | 3 |")
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {6}


def test_text(grid):
    lines = text_table(grid, width=200).splitlines()
    assert lines[0].split() == ["one", "two"]
    assert lines[1].split() == ["net", "depth", "x", "y", "x"]
    assert lines[3].split() == ["F", "3", "1.0", "*3.0*"]
    assert lines[4].split() == ["paper", "2"]
    parts = text_table(grid, width=40)
    assert parts.count("net") == 2
    assert parts.index("one") < parts.index("two")


def test_tex_is_whole(grid):
    text = tex_table(grid, "tab:x", ["50 % of [a]"])
    assert text.count(r"\begin{") == text.count(r"\end{")
    assert r"\multicolumn{2}{c}{one} & \multicolumn{1}{c}{two} \\" in text
    assert r"\cmidrule(lr){3-4}\cmidrule(lr){5-5}" in text
    assert r"\textbf{3.0}" in text
    assert r"{\scriptsize paper 2}" in text
    assert r"50 \% of {[}a]" in text
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows[1:]} == {4}
    assert braces(text) == 0


def braces(text):
    depth = 0
    for letter in re.findall(r"(?<!\\)(?:\\\\)*([{}])", text):
        depth += 1 if letter == "{" else -1
        assert depth >= 0
    return depth


def test_a_wide_table_is_parted_for_a_page(grid):
    wide = Grid(
        caption="c",
        stubs=("s",),
        columns=tuple((outer, inner) for outer in "AB" for inner in "xyz"),
        rows=((("r",), tuple(entry(str(n)) for n in range(6))),),
    )
    text = tex_table(wide, "tab:x")
    assert text.count(r"\begin{tabular}{lrrr}") == 2
    assert re.findall(r"^r & .*$", text, re.M) == [r"r & 0 & 1 & 2 \\", r"r & 3 & 4 & 5 \\"]


def test_long_text_is_read_from_the_left_and_wraps_on_a_page():
    words = "difference of the means, claimed below zero"
    grid = Grid(
        caption="c",
        stubs=("claim",),
        columns=(("n",), ("compared",)),
        rows=(((words * 3,), (entry("3"), entry(words, words * 2))),),
    )
    assert markdown_table(grid).splitlines()[1] == "| --- | ---: | --- |"
    assert text_table(grid, width=400).splitlines()[3].endswith(f"   {words * 2}")
    tex = tex_table(grid, "tab:x")
    columns = re.search(r"begin\{tabular\}\{p\{([\d.]+)cm\}rp\{([\d.]+)cm\}\}", tex)
    assert 10 < float(columns[1]) + float(columns[2]) < 16
    lines = rf"{words}\par {{\scriptsize {words * 2}}}\par"
    assert rf" & 3 & {{\raggedright {lines}}} \\" in tex


def test_a_number_and_its_interval_stay_on_a_line():
    grid = Grid(caption="c", stubs=(), columns=(("x",),), rows=(((), (entry("1.0 ± 0.2 (3)"),)),))
    assert "1.0\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}0.2 (3)" in markdown_table(grid)


@given(st.text())
def test_nothing_escapes(words):
    tex = escape_tex(words)
    assert "\n" not in tex
    known = re.sub(
        r"\\(?:textbackslash|textasciitilde|textasciicircum|textless|textgreater|ldots)\{\}"
        r"|\\[{}#$%&_]|\$\\pm\$|\$-\$|\{\[\}",
        "",
        tex,
    )
    assert not set("\\{}#$%&_~^<>[") & set(known)
    markdown = escape_markdown(words)
    assert "\n" not in markdown
    assert not re.search(r"(?<!\\)[`*_\[\]<>|#~$&]", re.sub(r"\\\\", "", markdown))


def test_a_terminal_sees_no_control_characters():
    assert plain("\x1b[31mred\x07\r\n  two\tx") == "[31mred two x"
