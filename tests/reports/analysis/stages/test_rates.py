"""Networks in stages: seconds to an error by delay, and how they are named."""

import math

import pytest
from reference import locking as staged
from sgbench.bench.outcome import CurvePoint
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.stages.rates import level_of, networks, reached, spread


def points(*pairs):
    return [{"iteration": n, "seconds": n / 100, "error": error} for n, error in pairs]


def test_an_error_is_reached_between_two_evaluations():
    curve = points((100, 9.0), (200, 5.0), (300, 1.0))
    assert reached(curve, 4.0, "iteration") == 225
    assert reached(curve, 4.0, "seconds") == pytest.approx(2.25)
    assert reached(curve, 9.5, "iteration") == 100  # at the first evaluation already
    assert reached(curve, 5.0, "iteration") == 200
    assert reached(curve, 0.5, "iteration") == math.inf
    assert reached([*points((100, 9.0)), {**points((150, 0))[0], "error": None}, *curve[1:]],
                   7.0, "iteration") == 150  # fmt: skip


def test_a_spread_is_geometric_and_of_finite_times_alone():
    assert spread([1.0, 100.0]).mean == pytest.approx(10)
    assert spread([1.0, 100.0]).low is None
    found = spread([1.0, 10.0, 100.0])
    assert found.low < found.mean < found.high
    assert found.low * found.high == pytest.approx(found.mean**2)
    assert spread([1.0, math.inf]) is spread([0.0, 1.0]) is spread([]) is None


@pytest.fixture(scope="module")
def demo(locking):
    records = staged.records(locking, "demo")
    (network,) = networks(select(locking, "demo", records))
    return network, records


def test_arms_are_told_apart_by_rule_and_schedule(demo):
    network, _ = demo
    assert network.label == "digits 64 units"
    assert [arm.label for arm in network.arms] == [
        "bprop whole (one core)", "bprop locked", "bprop 1F1B", "bprop data-parallel",
        "bprop stale gradients", "cDNI unlocked", "cDNI unlocked (one M per stage)",
        "DFA unlocked", "local pred unlocked",
    ]  # fmt: skip
    assert [arm.synthetic for arm in network.arms[-4:]] == [True, True, False, False]
    assert network.delays == [0, 3, 30]
    locked, unlocked = network.arms[1], network.arms[5]
    assert (locked.delays, locked.unlocked, unlocked.unlocked) == ([0, 3, 30], False, True)
    assert set(locked.runs) == {(0, 1), (3, 1), (30, 1), (0, 4)}


def test_an_arm_that_waits_takes_its_own_updates_at_the_rate_of_the_delay(demo):
    network, records = demo
    locked = network.arms[1]
    of = {(r.delay, r.seed): r for r in records if r.schedule == "locked" and r.stages == 2
          and r.straggler == 1}  # fmt: skip
    updates = reached(of[0, 1].curve, 3.0, "iteration")
    assert locked.seconds(3.0, 30.0)[1] == pytest.approx(updates / of[30, 1].steps_per_second)
    assert locked.rates(0.0, 4.0)[0] < locked.rates(0.0)[0]


def test_an_unlocked_arm_takes_what_was_measured_at_the_delay(demo):
    network, records = demo
    for record in records:
        if (record.schedule, record.straggler, record.sg_at) == ("unlocked", 1, None):
            seconds = reached(record.curve, 5.0, "seconds")
            (arm,) = (
                one
                for one in network.arms
                if (one.cell.rule, one.cell.schedule) == (record.rule, "unlocked")
                and one.cell.sg_at is None
            )
            assert arm.seconds(5.0, record.delay)[record.seed] == seconds


def test_a_whole_network_takes_as_long_at_every_delay(demo):
    whole = demo[0].arms[0]
    assert whole.whole
    assert whole.seconds(3.0, 0.0) == whole.seconds(3.0, 30.0)


def test_headlines_are_about_five_percent_where_no_unlocked_arm_gets_to_three(locking):
    records = staged.records(locking, "demo")
    assert level_of(networks(select(locking, "demo", records))) == 3.0
    four = [CurvePoint(iteration=800, seconds=1.0, error=4.0, loss=0.1)]
    some = [
        staged.record(r.cell, "demo", curve=four) if r.schedule == "unlocked" else r
        for r in records
    ]
    assert level_of(networks(select(locking, "demo", some))) == 5.0
    none = [
        staged.record(r.cell, "demo", curve=[]) if r.schedule == "unlocked" else r for r in records
    ]
    assert level_of(networks(select(locking, "demo", none))) == 3.0  # nor to 5
    assert networks(select(locking, "demo", [])) == []
