"""What hidden layers wait for and keep, by what rules declare."""

from dataclasses import replace

import pytest
from sgbench.bench.families.feedforward import estimates
from sgbench.reports.analysis.costs.waits import waits
from sgbench.reports.analysis.selection.select import select
from sgbench.reproductions.exhibits.exhibit import load


@pytest.fixture(scope="module")
def beyond():
    return select(load("beyond"), "demo", [])


def test_a_row_a_rule_of_the_deepest_network(beyond):
    found = {one.cell.rule: one for one in waits(beyond)}
    assert list(found) == list(dict.fromkeys(cell.rule for cell in beyond.cells))
    assert {(one.cell.network, one.cell.depth) for one in found.values()} == {("fcn", 6)}
    assert all(one.kept == estimates.kept(one.cell) for one in found.values())


def test_each_lock_takes_in_those_before_it(beyond):
    locks = {one.cell.rule: one.locks for one in waits(beyond)}
    assert locks["backprop"] == locks["fa"] == ("forward", "update", "backward")
    assert locks["dfa"] == ("forward", "update")
    assert locks["drtp"] == locks["local_pred"] == locks["dni"] == ("forward",)
    assert locks["no_bprop"] == ()


def test_what_waits_for_less_keeps_less_and_need_not_do_less(beyond):
    found = {one.cell.rule: one for one in waits(beyond)}
    assert found["local_sim"].kept < found["dfa"].kept == found["backprop"].kept
    assert found["local_sim"].operations > found["backprop"].operations > found["dfa"].operations
    assert found["no_bprop"].kept == 0


def test_the_widest_of_the_deepest_networks_counts():
    found = waits(select(load("dfa"), "demo", []))
    cells = [cell for cell in select(load("dfa"), "demo", []).cells if cell.network == "fcn"]
    largest = max((cell.depth, cell.hidden_units) for cell in cells)
    assert {(one.cell.depth, one.cell.hidden_units) for one in found} == {largest}
    assert [one.locking for one in found] == ["backward", "backward", "update"]


def test_rules_that_wait_for_the_same_and_the_paper_s_exhibits_have_none(beyond):
    local = replace(beyond, cells=tuple(c for c in beyond.cells if c.rule in ("dni", "drtp")))
    assert waits(local) == []
    assert waits(select(load("table1"), "demo", [])) == []
    assert waits(select(load("table2"), "demo", [])) == []
