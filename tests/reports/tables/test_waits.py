"""The table of what hidden layers wait for and keep."""

import pytest
from sgbench.reports.analysis.costs.waits import waits
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.tables.waits import waits_table
from sgbench.reproductions.exhibits.exhibit import load


@pytest.fixture(scope="module")
def beyond():
    return select(load("beyond"), "demo", [])


def test_a_row_says_what_is_waited_for_in_words(beyond):
    table = waits_table(beyond, waits(beyond))
    rows = {rule: (what, [e.lines[0] for e in entries]) for (rule, what), entries in table.rows}
    assert rows["bprop"][0] == "an error from above"
    assert rows["DFA"][0] == "the network's output"
    assert rows["local pred"][0] == "its input"
    assert rows["DFA"][1][0] == "forward, update"
    kept, operations = rows["DFA"][1][1:]
    dfa = next(one for one in waits(beyond) if one.cell.rule == "dfa")
    assert float(kept) == pytest.approx(dfa.kept / 1e6, rel=0.01)
    assert float(operations) == pytest.approx(dfa.operations / 1e6, rel=0.01)


def test_a_rule_that_trains_no_hidden_layer_keeps_none(beyond):
    table = waits_table(beyond, waits(beyond))
    (row,) = (row for row in table.rows if row[0][0] == "no-bprop")
    assert row[0][1] == "nothing, none learns"
    assert [entry.lines for entry in row[1][:2]] == [("\N{EN DASH}",), ("\N{EN DASH}",)]


def test_the_caption_says_of_which_network(beyond):
    caption = waits_table(beyond, waits(beyond)).caption
    assert caption.endswith("digits FCN depth 6 64 units, batches of 64")


def test_without_rows_there_is_no_table(beyond):
    assert waits_table(beyond, []) is None
