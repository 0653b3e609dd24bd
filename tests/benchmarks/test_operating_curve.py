"""The operating curve's many gates decide as the gate does, and its noise is what it says."""

import math

import numpy as np
import pytest
from benchmarks import operating_curve
from benchmarks.gates import CANDIDATE, ORDERS, PASS, REGRESSION, resampled, simulated, verdicts
from benchmarks.noise import MODELS
from sgbench.reproductions.gate import speed
from sgbench.results.statistics.sequential import SequentialPlan, decide

NAMES = {PASS: "pass", REGRESSION: "regression"}


@pytest.mark.parametrize("benchmarks", [1, 8])
@pytest.mark.parametrize("deviation", [0.005, 0.03, 0.1])
def test_verdicts_are_those_of_decide(benchmarks, deviation):
    plan, rng = SequentialPlan(benchmarks=benchmarks), np.random.default_rng(0)
    middle = rng.uniform(-0.1, 0.15, (60, 1))
    logs = middle + deviation * rng.standard_normal((60, plan.sessions))
    codes, taken = verdicts(logs, plan)
    for row, code, n in zip(logs, codes, taken, strict=True):
        found = decide("x", [[math.exp(log)] for log in row], plan)
        assert found.verdict == NAMES.get(code, "inconclusive")
        assert found.n == n
    assert len(set(codes)) > 1


@pytest.mark.parametrize("name", MODELS)
def test_identical_builds_are_as_often_slower_as_faster(name):
    rng, plan = np.random.default_rng(1), SequentialPlan(benchmarks=2)
    logs = simulated(rng, MODELS[name], plan, 300, 2, 0.0)
    assert logs.shape == (300, 2, plan.sessions)
    share = np.mean(logs > 0)
    assert abs(share - 0.5) < 4 * 0.5 / math.sqrt(logs.size)


@pytest.mark.parametrize("name", MODELS)
def test_a_slow_down_is_in_the_middle_of_the_ratios(name):
    rng, plan = np.random.default_rng(2), SequentialPlan(benchmarks=1)
    logs = simulated(rng, MODELS[name], plan, 300, 1, 0.20)
    assert np.median(logs) == pytest.approx(math.log(1.2), abs=0.01)


def test_processes_of_two_modes_bias_whole_sessions():
    rng, plan = np.random.default_rng(3), SequentialPlan(benchmarks=1)
    logs = simulated(rng, MODELS["bimodal processes"], plan, 2000, 1, 0.0)
    beyond = np.mean(np.abs(logs) > math.log(1.04))
    assert beyond == pytest.approx(0.5, abs=0.02)  # the two of a pair differ half of the time


def test_both_orders_of_a_block_have_two_turns_of_each():
    assert [tuple(CANDIDATE[order]) for order in ORDERS] == list(speed.ORDERS)
    assert all(sorted(whose) == [0, 0, 1, 1] for whose in CANDIDATE.values())


def test_resampling_draws_sessions_whole_and_shared():
    ratios = np.arange(6.0).reshape(2, 3, 1)  # two programs, three sessions, a block each
    plan = SequentialPlan(benchmarks=4)
    drawn = resampled(np.random.default_rng(4), ratios, plan, 50, 4).round(6)
    assert set(drawn[:, 0].ravel()) == {0, 1, 2}
    assert set(drawn[:, 1].ravel()) == {3, 4, 5}
    assert np.array_equal(drawn[:, 0] + 3, drawn[:, 1])  # the same session of both programs
    assert np.array_equal(drawn[:, 0], drawn[:, 2])


def test_swapping_makes_an_uneven_recording_even():
    ratios = np.full((2, 3, 1), 0.2)
    plan = SequentialPlan(benchmarks=2)
    drawn = resampled(np.random.default_rng(6), ratios, plan, 200, 2, swapped=True).round(6)
    assert set(drawn.ravel()) == {-0.2, 0.2}
    assert abs(np.mean(drawn > 0) - 0.5) < 0.03
    assert np.array_equal(drawn[:, 0], drawn[:, 1])  # a pair of processes is swapped whole


def test_recorded_ratios(tmp_path):
    blocks = np.ones((2, 3, 4))  # slow-downs, sessions, blocks
    blocks[1] = 1.1
    np.savez(tmp_path / "t.npz", slowdowns=[0.0, 0.1], fcn=blocks, lstm=blocks)
    ratios, programs = operating_curve.recorded(tmp_path / "t.npz")
    assert programs == ["fcn", "lstm"]
    assert ratios[0.1].shape == (2, 3, 4)
    assert np.allclose(ratios[0.0], 0)
    assert np.allclose(ratios[0.1], math.log(1.1))
    assert "fcn +10 % (in all +10.0 %)" in operating_curve.resample(tmp_path / "t.npz", 20, 0)


def test_alarms_are_rarer_than_promised():
    """Two hundred gates of identical builds, of processes that differ by 8 %: none alarms."""
    plan, rng = SequentialPlan(benchmarks=8), np.random.default_rng(5)
    logs = simulated(rng, MODELS["bimodal processes"], plan, 200, 8, 0.0)
    codes, _ = verdicts(logs, plan)
    assert not (codes == REGRESSION).any()
