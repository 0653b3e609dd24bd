"""Tables of networks in stages: each number as the records have it, what is missing as such."""

import statistics

import pytest
from reference import locking as staged
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.stages.rates import networks
from sgbench.reports.analysis.stages.simulated import beside
from sgbench.reports.analysis.wording import NONE
from sgbench.reports.tables import stages as tables


@pytest.fixture(scope="module")
def found(locking):
    records = staged.records(locking, "demo")
    return networks(select(locking, "demo", records)), records


def entries(table, **stubs):
    """The texts of the row with these stubs, by heading."""
    names = [" ".join(column) for column in table.columns]
    for stub, row in table.rows:
        said = dict(zip(table.stubs, stub, strict=True))
        if all(said[name] == value for name, value in stubs.items()):
            return dict(zip(names, (" ".join(one.lines) for one in row), strict=True))
    raise AssertionError(stubs)


def test_rates_by_delay_and_straggler(found):
    some, records = found
    row = entries(tables.rates_table(some), arm="bprop locked")
    mine = [r.steps_per_second for r in records if r.schedule == "locked" and r.delay == 30.0]
    assert row["30 ms"].startswith(f"{statistics.fmean(mine):.1f} ±")
    assert row["0 ms, top stage 4 x slower"] != NONE
    whole = entries(tables.rates_table(some), arm="bprop whole (one core)")
    assert (whole["30 ms"], whole["0 ms, top stage 4 x slower"]) == (NONE, NONE)


def test_seconds_to_an_error_and_errors_that_are_not_reached(found):
    some, _ = found
    table = tables.seconds_table(some)
    reached = entries(table, arm="cDNI unlocked", error="3 %")
    assert all(float(text) > 0 for text in reached.values())
    assert set(entries(table, arm="cDNI unlocked", error="2 %").values()) == {"not reached"}
    stale = entries(table, arm="bprop stale gradients", error="5 %")
    assert (stale["3 ms"], stale["30 ms"]) == (NONE, NONE)


def test_crossovers_by_error_leave_out_arms_that_reach_none(found, locking):
    some, records = found
    row = entries(tables.crossover_table(some), unlocked="cDNI unlocked", overtakes="bprop locked")
    assert row["to 3 %"].startswith("from ")
    assert "to 2 %" not in row  # nothing is overtaken there
    slow = [
        staged.record(r.cell, "demo", curve=[]) if r.schedule == "unlocked" else r for r in records
    ]
    assert tables.crossover_table(networks(select(locking, "demo", slow))) is None


def test_what_each_stage_did(found):
    some, records = found
    table = tables.stages_table(some)
    row = entries(table, arm="bprop locked", delay="30 ms", stage="2")
    mine = [r.pipeline[1] for r in records if r.schedule == "locked" and r.delay == 30.0]
    assert row["waiting %"] == f"{100 * statistics.fmean(p['waiting'] for p in mine):.0f}"
    assert row["staleness"] == NONE
    shares = [float(row[name]) for name in ("busy %", "waiting %", "communicating %")]
    assert sum(shares) == pytest.approx(100, abs=1.5)
    assert entries(table, arm="bprop stale gradients", stage="1")["staleness"] == "1.0"


def test_measured_beside_simulated(found):
    some, _ = found
    row = entries(tables.beside_table([(some[0], beside(some[0]))]), arm="bprop 1F1B")
    assert float(row["simulated"]) == pytest.approx(float(row["measured"]), rel=0.1)
    assert row["off by"].endswith(" %")


def test_nothing_of_nothing():
    for table in (tables.crossover_table, tables.seconds_table, tables.rates_table,
                  tables.stages_table, tables.beside_table, tables.beyond_table):  # fmt: skip
        assert table([]) is None
