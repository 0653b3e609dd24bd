"""Tables in Markdown, and what is escaped there."""

import re

from hypothesis import given
from hypothesis import strategies as st
from sgbench.reports.tables.formats.markdown import escape_markdown, markdown_table
from sgbench.reports.tables.table import Table, entry, simple_table


def test_each_line_has_every_column(table):
    lines = markdown_table(table).splitlines()
    assert lines[0] == "| net | depth | one<br>x | one<br>y | two<br>x |"
    assert lines[1] == "| --- | --- | --- | ---: | ---: |"  # the hostile one is text
    assert lines[2] == "| F | 3 | 1.0<br>paper 2 | **3.0** |  |"
    assert lines[3].startswith("|  | 4 |")  # F is said once
    assert lines[4].startswith("| C | 3 |")
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {6}


def test_long_text_is_read_from_the_left():
    table = simple_table(("claim", "n", "compared"), [("x", "3", "difference of the means " * 2)])
    assert markdown_table(table).splitlines()[1] == "| --- | ---: | --- |"


def test_a_number_and_its_interval_stay_on_a_line():
    table = Table(caption="c", stubs=(), columns=(("x",),), rows=(((), (entry("1.0 ± 0.2 (3)"),)),))
    assert "1.0\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}0.2 (3)" in markdown_table(table)


@given(st.text())
def test_nothing_escapes(words):
    text = escape_markdown(words)
    assert "\n" not in text
    assert not re.search(r"(?<!\\)[`*_\[\]<>|#~$&]", re.sub(r"\\\\", "", text))
