"""Strict tables: every key is taken by its type, and errors name file and key."""

import pytest
from sgbench.bench.errors import UsageError
from sgbench.reproductions.exhibits.strict_toml import parse_toml

TEXT = """
word = "a"
number = 1.5
whole = 3
words = ["a", "b"]
rows = [[1, 2], [3, 4.5]]
depth = [3, 4]

[inner]
rule = "dni"
depth = 3

[[many]]
n = 1

[[many]]
n = 2
"""


@pytest.fixture
def table():
    return parse_toml(TEXT, "a.toml")


def test_what_is_taken_has_its_type(table):
    assert table.take("word", str) == "a"
    assert table.take("number", float) == 1.5
    assert type(table.take("whole", float)) is float
    assert table.take("absent", int, 7) == 7
    assert table.take_list("words", str) == ["a", "b"]
    assert table.take_rows("rows", 2) == [[1.0, 2.0], [3.0, 4.5]]
    assert table.take_table("inner").take_fields() == {"rule": "dni", "depth": 3}
    assert [one.take("n", int) for one in table.take_tables("many")] == [1, 2]
    assert table.take_tables("none") == []
    assert table.take_axes() == {"depth": (3, 4)}
    table.close()


@pytest.mark.parametrize(
    ("take", "words"),
    [
        (lambda t: t.take("word", int), "a.toml: word must be an integer, not 'a'"),
        (lambda t: t.take("number", int), "a.toml: number must be an integer, not 1.5"),
        (lambda t: t.take("absent", str), "a.toml: absent is missing"),
        (lambda t: t.take_list("word", str), "a.toml: word must be a list"),
        (lambda t: t.take_list("words", int), "a.toml: words[0] must be an integer"),
        (lambda t: t.take_rows("rows", 3), "a.toml: rows[0] must be a list of 3 numbers"),
        (lambda t: t.take_table("word"), "a.toml: word must be a table"),
        (lambda t: t.take_table("inner").take("rule", int), "a.toml: inner.rule must be"),
        (lambda t: t.take_table("inner").close(), "a.toml: inner.rule is unknown"),
        (lambda t: t.take_tables("many")[1].take("m", int), "a.toml: many[1].m is missing"),
        (lambda t: t.choice("word", ("b",)), "a.toml: word is unknown: 'a'; choose from: b"),
        (lambda t: t.take_field_name("word"), "a.toml: word: unknown field 'a'"),
        (lambda t: t.close(), "a.toml: word is unknown"),
    ],
)
def test_what_is_not_as_it_should_be_is_told_with_file_and_key(table, take, words):
    with pytest.raises(UsageError) as caught:
        take(table)
    assert str(caught.value).startswith(words)


def test_a_key_that_is_left_is_told_with_the_nearest_that_was_taken(table):
    table.take("wrd", str, "")
    with pytest.raises(UsageError, match="did you mean 'wrd'"):
        table.close()


@pytest.mark.parametrize("text", ["a = ", b"\xff", "a = [", "a = " + "[" * 1900])
def test_what_is_no_toml_is_one_line(text):
    with pytest.raises(UsageError) as caught:
        parse_toml(text, "a.toml")
    assert str(caught.value).startswith("a.toml: not TOML: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["#" * 3000, "#\n" * 40_000])
def test_what_is_too_long_is_refused_before_it_is_read(text):
    with pytest.raises(UsageError, match=r"a\.toml: has .* the most are"):
        parse_toml(text, "a.toml")
