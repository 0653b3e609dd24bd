"""The simulation beside what was measured: by the stages' own times, and past the machine."""

import pytest
from reference import locking as staged
from sgbench.bench.pipeline.simulation.scenarios import COUNTS, DELAYS
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.stages.rates import networks
from sgbench.reports.analysis.stages.simulated import beside, beyond


@pytest.fixture(scope="module")
def network(locking):
    records = staged.records(locking, "demo", scatter=0.0)
    return networks(select(locking, "demo", records))[0]


def test_what_a_simulation_made_is_simulated_alike(network):
    found = beside(network)
    assert {(one.delay, one.straggler) for one in found} == {(0, 1), (3, 1), (30, 1), (0, 4)}
    assert all(abs(one.off) < 2 for one in found)
    assert len(found) == sum(len(arm.runs) for arm in network.arms)


def test_by_how_much_it_is_off_is_relative_to_the_mean_of_the_seeds(locking):
    records = [
        staged.record(r.cell, "demo", steps_per_second=r.steps_per_second * (2 + r.seed))
        for r in staged.records(locking, "demo", scatter=0.0)
    ]
    found = beside(networks(select(locking, "demo", records))[0])
    assert all(one.off == pytest.approx(-60, abs=2) for one in found)  # mean of 2 and 3 times


def test_more_stages_are_simulated_at_named_delays(network):
    found = {one.arm.label: one.scenarios for one in beyond(network)}
    waiting = {"bprop locked", "bprop 1F1B", "bprop data-parallel"}
    assert set(found) == waiting | {"cDNI unlocked", "DFA unlocked", "local pred unlocked"}
    locked = {(s.stages, s.distance): s.updates_per_second for s in found["bprop locked"]}
    assert set(locked) == {(count, name) for count in COUNTS for name in DELAYS}
    assert locked[4, "rack"] > locked[64, "rack"] > locked[64, "continent"]
    unlocked = {(s.stages, s.distance): s.updates_per_second for s in found["cDNI unlocked"]}
    assert unlocked[64, "rack"] == pytest.approx(unlocked[4, "continent"], rel=0.05)
    heads = {(s.stages, s.distance): s.updates_per_second for s in found["local pred unlocked"]}
    assert heads[64, "rack"] == pytest.approx(heads[4, "continent"], rel=0.05)
    errors = {(s.stages, s.distance): s.updates_per_second for s in found["DFA unlocked"]}
    assert errors[4, "continent"] < 64 / (6 * 0.03)  # so many batches a way there and back
