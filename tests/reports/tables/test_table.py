"""A table as data: how it is put together, and taken apart."""

from sgbench.bench.errors import one_line
from sgbench.reports.tables.table import (
    cross_table,
    entry,
    parts,
    simple_table,
    text_columns,
    without_repeats,
)


def test_an_entry_has_no_empty_lines():
    assert entry("1.0", "", "paper 2").lines == ("1.0", "paper 2")


def test_a_simple_table_has_a_text_for_each_column():
    table = simple_table(("a", "b", "c"), [("1", "2", ""), ("4", "5", "6")], stubs=2, caption="x")
    assert (table.caption, table.stubs, table.columns) == ("x", ("a", "b"), (("c",),))
    assert table.rows == ((("1", "2"), (entry(),)), (("4", "5"), (entry("6"),)))


def test_a_cross_table_is_in_the_orders_given_and_empty_where_nothing_is():
    found = {(("r",), ("b",)): entry("1"), (("s",), ("a",)): entry("2")}
    orders = ([("s",), ("q",), ("r",)], [("a",), ("b",), ("c",), ("a",)])
    table = cross_table("x", ("row",), found, *orders)
    assert table.columns == (("a",), ("b",))
    assert table.rows == ((("s",), (entry("2"), entry())), (("r",), (entry(), entry("1"))))


def test_columns_with_long_entries_are_text(table):
    assert text_columns(table) == [True, False, False]


def test_a_stub_says_once_what_rows_share():
    assert without_repeats(("F", "3"), ("F", "3")) == ["", "3"]
    assert without_repeats(("F", "3"), ("C", "3")) == ["F", "3"]
    assert without_repeats(("F", "3"), ()) == ["F", "3"]


def test_the_parts_are_those_of_the_outermost_columns(table):
    one, two = parts(table)
    assert (one.columns, two.columns) == ((("one", "x"), ("one", "y")), (("two", "x"),))
    assert [len(entries) for _, entries in one.rows] == [2, 2, 2]
    single = simple_table(("a", "b"), [("1", "2")])
    assert parts(single) == [single]


def test_a_terminal_sees_no_control_characters():
    assert one_line("\x1b[31mred\x07\r\n  two\tx") == "[31mred two x"
