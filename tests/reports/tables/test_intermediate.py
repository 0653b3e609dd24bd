"""The table of places before the end of training."""

from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.intermediate import intermediate
from sgbench.reports.tables.intermediate import intermediate_table
from sgbench.reproductions.exhibits.exhibit import expand


def rows_of(exhibit, records, scale="paper"):
    selection = select(exhibit, scale, records)
    table = intermediate_table(selection, intermediate(selection), {})
    rows = {stub: [" | ".join(one.lines) for one in entries] for stub, entries in table.rows}
    return table, rows


def test_a_row_for_each_time_and_a_column_for_each_rule(table1):
    table, rows = rows_of(table1, [])
    assert table.stubs == ("dataset", "network", "depth", "when")
    assert table.columns == (("DNI",), ("cDNI",))
    assert rows["MNIST", "FCN", "6", "after 300,000 updates"] == ["not run | paper 5.5 ± 0.5", ""]
    assert rows["MNIST", "FCN", "6", "after 20,000 updates"][1] == "not run | paper < 2.0 ± 0.2"


def test_levels_and_results_are_named(table2, two_networks, make):
    _, rows = rows_of(table2, [])
    (entry,) = [e for e in rows["Repeat Copy", "LSTM", "2", "after 260,000 steps of data"] if e]
    assert entry == "not run | paper 28 ± 1 level"
    assert ("Repeat Copy", "LSTM", "3", "after 1,000,000 steps of data") in rows  # in threes
    records = [make.record(c, scale="paper") for c in expand(two_networks, "paper", seeds=2)]
    table, rows = rows_of(two_networks, records)
    assert table.columns[0][1] == "A: odd digits"
    early = rows["MNIST", "two LSTMs", "4", "after 20,000 steps of data"]
    assert "(2 of 5) | paper 37.0 ± 1 | inconclusive | 3 declared seeds to come" in early[0]


def test_without_any_there_is_no_table(table1):
    selection = select(table1, "quick", [])
    assert intermediate_table(selection, intermediate(selection), {}) is None
