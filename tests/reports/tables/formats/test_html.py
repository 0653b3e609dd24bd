"""Tables in HTML: heads over the columns they are of, links to details, escaped text."""

import re

from sgbench.reports.tables.formats.html import html_table, verdict_html
from sgbench.reports.tables.table import Table, cross_table, entry, simple_table


def test_outer_heads_span_their_columns():
    found = {(("FCN",), (name, rule)): entry("1.5") for name in ("MNIST", "CIFAR") for rule in "ab"}
    table = cross_table("Errors", ("network",), found, [("FCN",)], [c for _, c in found])
    text = html_table(table)
    assert "<th scope=colgroup colspan=2>MNIST</th>" in text
    assert 'aria-label="MNIST a">a</button>' in text
    assert "<caption><span>Errors.</span></caption>" in text
    assert "<th scope=row>FCN</th><td>1.5</td>" in text


def test_a_wide_table_is_parted_by_the_outermost_level_of_its_columns():
    heads = [(name, rule) for name in ("MNIST", "CIFAR") for rule in "abcd"]
    found = {(("FCN",), head): entry("1.5") for head in heads}
    wide = html_table(cross_table("Errors", ("network",), found, [("FCN",)], heads))
    first, second = wide.split("\n<div class=wide")
    assert "colspan=4>MNIST</th>" in first
    assert "colspan=4>CIFAR</th>" in second
    narrow = cross_table("Errors", ("network",), found, [("FCN",)], heads[1:])
    assert html_table(narrow).count("<table") == 1


def test_a_row_repeats_what_the_one_above_says():
    table = simple_table(("a", "b", "c"), [("x", "1", "2"), ("x", "3", "4")], stubs=2)
    assert html_table(table).count("<th scope=row>x</th>") == 2  # it may be sorted


def test_an_entry_links_where_the_page_has_its_detail():
    one = entry("8.12 ± 0.79 (6)", "paper 2.2", "reproduced", verdict="reproduced", key="k")
    table = Table(caption="", stubs=("a",), columns=(("b",),), rows=((("x",), (one,)),))
    text = html_table(table, {"k"})
    shown = "8.12\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}0.79 (6)"
    assert f"<td><a href=#k>{shown}</a><br><small>paper 2.2</small><br><span class=" in text
    assert "<a " not in html_table(table, {"other"})


def test_words_behind_a_verdict_belong_to_it():
    one = entry("inconclusive (about 5 seeds)", verdict="inconclusive", strong=True)
    table = Table(caption="", stubs=("a",), columns=(("b",),), rows=((("x",), (one,)),))
    (mark,) = re.findall(r"<span class=.*?</span>", html_table(table))
    assert mark == '<span class="verdict v-inconclusive">inconclusive (about 5 seeds)</span>'


def test_a_verdict_of_any_words_has_a_class():
    assert 'class="verdict v-not-reproduced"' in verdict_html("not reproduced")
    assert "&lt;b&gt;" in verdict_html("x", "<b>")


def test_text_is_escaped_and_a_head_without_words_is_no_button():
    table = simple_table(("", '"<i>&'), [("<b>\nx", "1")], caption="<u>")
    text = html_table(table)
    for tag in ("<b>", "<i>", "<u>"):
        assert tag not in text
    assert text.count("<button") == 1
    assert "<td></td>" in text
