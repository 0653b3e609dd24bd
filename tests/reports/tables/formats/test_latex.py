"""Tables in LaTeX, and what is escaped there."""

import re

from hypothesis import given
from hypothesis import strategies as st
from sgbench.reports.tables.formats.latex import escape_tex, tex_table
from sgbench.reports.tables.table import Table, entry


def braces(text):
    depth = 0
    for letter in re.findall(r"(?<!\\)(?:\\\\)*([{}])", text):
        depth += 1 if letter == "{" else -1
        assert depth >= 0
    return depth


def test_it_is_whole(table):
    text = tex_table(table)
    assert text.count(r"\begin{") == text.count(r"\end{")
    assert r"\multicolumn{2}{c}{one} & \multicolumn{1}{c}{two} \\" in text
    assert r"\cmidrule(lr){3-4}\cmidrule(lr){5-5}" in text
    assert r"\textbf{3.0}" in text
    assert r"{\scriptsize paper 2}" in text
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows[1:]} == {4}
    assert braces(text) == 0


def test_a_wide_table_is_parted():
    wide = Table(
        caption="c",
        stubs=("s",),
        columns=tuple((outer, inner) for outer in "AB" for inner in "xyz"),
        rows=((("r",), tuple(entry(str(n)) for n in range(6))),),
    )
    text = tex_table(wide)
    assert text.count(r"\begin{tabular}{lrrr}") == 2
    assert re.findall(r"^r & .*$", text, re.M) == [r"r & 0 & 1 & 2 \\", r"r & 3 & 4 & 5 \\"]


def test_long_text_wraps_within_a_page():
    words = "difference of the means, claimed below zero"
    table = Table(
        caption="c",
        stubs=("claim",),
        columns=(("n",), ("compared",)),
        rows=(((words * 3,), (entry("3"), entry(words, words * 2))),),
    )
    text = tex_table(table)
    columns = re.search(r"begin\{tabular\}\{p\{([\d.]+)cm\}rp\{([\d.]+)cm\}\}", text)
    assert 10 < float(columns[1]) + float(columns[2]) < 16
    lines = rf"{words}\par {{\scriptsize {words * 2}}}\par"
    assert rf" & 3 & {{\raggedright {lines}}} \\" in text


@given(st.text())
def test_nothing_escapes(words):
    text = escape_tex(words)
    assert "\n" not in text
    known = re.sub(
        r"\\(?:textbackslash|textasciitilde|textasciicircum|textless|textgreater|ldots|dag)\{\}"
        r"|\\[{}#$%&_]|\$\\[a-z]+\$|\$-\$|\{\[\}",
        "",
        text,
    )
    assert not set("\\{}#$%&_~^<>[") & set(known)


def test_a_bracket_after_a_line_is_no_option_of_it():
    assert escape_tex("50 % of [a]") == r"50 \% of {[}a]"
