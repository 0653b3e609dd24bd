"""Tables as aligned text: the same whatever the terminal, nothing lost."""

import pytest
from sgbench.reports.tables.formats.text import WIDTH, text_table
from sgbench.reports.tables.table import Table, entry, simple_table


def test_entries_stand_below_their_heads(table):
    lines = text_table(table, width=200).splitlines()
    assert lines[0].split() == ["one", "two"]
    assert lines[1].split() == ["net", "depth", "x", "y", "x"]
    assert set(lines[2]) == {"-"}
    assert lines[3].split() == ["F", "3", "1.0", "*3.0*"]
    assert lines[4].split() == ["paper", "2"]
    assert lines[5].split() == ["4", "4.0", "5.0", "6.0"]
    numbers = [line.index("5.0") for line in lines if "5.0" in line]
    assert numbers == [lines[6].index("8.0")]


def test_a_wide_table_is_parted_by_its_outermost_columns(table):
    text = text_table(table, width=70)
    assert text.count("net") == 2
    assert text.index("one") < text.index("two")
    assert max(map(len, text.splitlines())) <= 70


def test_long_text_wraps_and_numbers_never_do():
    words = "difference of the means, claimed below zero"
    rows = [(words, "1.00 ± 0.10 (3)", f"{words} {words}")]
    text = text_table(simple_table(("claim", "n", "compared"), rows), width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert "1.00 ± 0.10 (3)" in text
    columns = [line[:10] for line in text.splitlines()[2:]]
    assert len(columns) > 2
    assert text.split().count("zero") == 3
    wide = simple_table(("a", *map(str, range(12))), [("x", *["1,234,567.89"] * 12)])
    assert text_table(wide, width=80).count("1,234,567.89") == 12


def test_markup_and_control_characters_are_text():
    rows = [("[bold]x[/bold]", ":smile: \x1b[31m[red]\x07")]
    assert "[bold]x[/bold]  :smile: [31m[red]" in text_table(simple_table(("a", "b"), rows))


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TERM", "COLUMNS", "NO_COLOR"])
def test_it_is_the_same_whatever_the_terminal(table, monkeypatch, name):
    before = text_table(table)
    monkeypatch.setenv(name, "40")
    assert text_table(table) == before
    assert "\x1b" not in before


def test_a_table_without_columns_or_rows():
    assert (
        text_table(Table(caption="", stubs=("a",), columns=(), rows=((("x",), ()),))) == "a\n-\nx\n"
    )
    empty = simple_table(("a", "b"), [])
    assert text_table(empty).splitlines()[0].split() == ["a", "b"]


def test_no_line_ends_in_spaces(table):
    lines = text_table(table).splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    assert max(map(len, lines)) <= WIDTH


def test_a_wide_entry_leaves_others_where_they_are():
    table = Table(
        caption="",
        stubs=("a",),
        columns=(("n",),),
        rows=((("é漢字",), (entry("1"),)), (("x",), (entry("22"),))),
    )
    lines = text_table(table).splitlines()
    assert lines[2].endswith(" 1")
    assert lines[3].endswith("22")
