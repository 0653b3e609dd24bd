"""The verdict on speed: its levels, its rule, and what it says."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wilcoxon
from sgbench.bench.errors import UsageError
from sgbench.results.statistics import sequential
from sgbench.results.statistics.sequential import SequentialPlan, decide, undecided

unhurried = settings(deadline=None, max_examples=60)
logs = st.lists(st.floats(-0.5, 0.5), min_size=1, max_size=32)


def sessions_of(ratios, blocks=3):
    """A session of `blocks` equal blocks for each ratio."""
    return [[ratio] * blocks for ratio in ratios]


def noisy(ratio, n, deviation=0.01, seed=0):
    source = random.Random(seed)
    return [[ratio * source.lognormvariate(0, deviation) for _ in range(4)] for _ in range(n)]


# levels


@unhurried
@given(st.integers(1, 60), st.integers(1, 48))
def test_levels_add_up_to_no_more_than_the_whole(benchmarks, sessions):
    plan = SequentialPlan(benchmarks=benchmarks, sessions=sessions)
    assert sum(plan.regression_levels()) <= plan.false_alarms / benchmarks
    assert sum(plan.pass_levels()) <= plan.misses
    assert len(plan.pass_levels()) == sessions


def test_a_long_plan_spends_nearly_all():
    plan = SequentialPlan(benchmarks=8)
    assert sum(plan.regression_levels()) > 0.98 * plan.false_alarms / 8
    assert sum(plan.pass_levels()) > 0.98 * plan.misses


def test_levels_are_attained_by_the_exact_test():
    for n, level in enumerate(SequentialPlan(benchmarks=8).regression_levels(), start=1):
        assert level in (0.0, *sequential.wilcoxon.tails(n))


def test_the_least_sessions_of_each_verdict():
    # half of 0.005 / 8 is above 2^-12 only from twelve signs on, half of 0.05 above 2^-6
    plan = SequentialPlan(benchmarks=8)
    assert (plan.least("regression"), plan.least("pass")) == (12, 6)
    assert SequentialPlan(benchmarks=1).least("regression") == 9
    assert SequentialPlan(benchmarks=8, sessions=8).least("regression") is None


@pytest.mark.parametrize(
    ("seconds", "steps", "blocks"),
    [(1e-9, 12_500, 12), (1e-3, 12, 12), (0.0125, 1, 12), (0.016, 1, 9), (0.025, 1, 6), (1, 1, 6)],
)
def test_long_steps_have_fewer_blocks(seconds, steps, blocks):
    assert SequentialPlan(benchmarks=1).turns(seconds) == (steps, blocks)


@pytest.mark.parametrize("factor", [1.0, 0.95, 0.0, -1.0, math.nan, math.inf])
def test_a_factor_that_is_none_is_refused(factor):
    with pytest.raises(UsageError, match="--speed-factor"):
        SequentialPlan(benchmarks=1, factor=factor)


# the rule


@unhurried
@given(logs, st.integers(1, 12))
def test_the_verdict_is_that_of_the_first_look_that_scipy_decides(values, benchmarks):
    values = [value + 1e-7 * n for n, value in enumerate(values)]  # no ties for scipy's exact
    plan = SequentialPlan(benchmarks=benchmarks)
    limit = math.log(plan.factor)
    expected, at = "inconclusive", len(values)
    for n in range(1, len(values) + 1):
        seen = values[:n]
        median = sorted(seen)[(n - 1) // 2] / 2 + sorted(seen)[n // 2] / 2
        beyond = median > limit
        if any(value in (0.0, limit) for value in seen):
            return
        shift = 0 if beyond else limit
        p = wilcoxon(
            [value - shift for value in seen],
            alternative="greater" if beyond else "less",
            method="exact",
        ).pvalue
        levels = plan.regression_levels() if beyond else plan.pass_levels()
        if p <= levels[n - 1] * (1 + 1e-9):
            expected, at = ("regression" if beyond else "pass"), n
            break
    found = decide("x", sessions_of([math.exp(value) for value in values]), plan)
    assert (found.verdict, found.n) == (expected, at)


def test_a_clear_slow_down_is_a_regression_as_soon_as_can_be():
    plan = SequentialPlan(benchmarks=8)
    found = decide("x", noisy(1.2, 32), plan)
    assert (found.verdict, found.n) == ("regression", 12)
    assert found.p == 2**-12
    assert found.estimate == pytest.approx(1.2, abs=0.01)
    assert found.low < found.estimate < found.high
    assert decide("x", noisy(1.2, 11), plan).verdict == "inconclusive"


def test_the_same_speed_passes_as_soon_as_can_be():
    found = decide("x", noisy(1.0, 32), SequentialPlan(benchmarks=8))
    assert (found.verdict, found.n, found.words) == ("pass", 6, "within 1.05")


def test_faster_passes_and_says_so():
    found = decide("x", noisy(0.8, 8), SequentialPlan(benchmarks=8))
    assert found.verdict == "pass"
    assert found.words.startswith("faster by ")
    assert found.estimate == pytest.approx(0.8, abs=0.01)


def test_significant_but_within_the_factor_is_no_regression():
    found = decide("x", noisy(1.03, 32, 0.002), SequentialPlan(benchmarks=1))
    assert found.verdict == "pass"
    assert found.p < 0.05


def test_beyond_the_factor_but_not_significant_is_no_regression():
    ratios = [1.10] * 17 + [0.80] * 15
    random.Random(0).shuffle(ratios)
    found = decide("x", sessions_of(ratios), SequentialPlan(benchmarks=1))
    assert found.estimate > 1.05
    assert found.verdict == "inconclusive"


def test_many_blocks_of_a_few_sessions_decide_nothing():
    """Two processes with a biased layout are two witnesses, however long they run."""
    sessions = [[1.2 + n * 1e-6 for n in range(1000)] for _ in range(3)]
    found = decide("x", sessions, SequentialPlan(benchmarks=1))
    assert found.verdict == "inconclusive"
    assert "too few samples" in found.words


def test_what_is_beyond_the_plan_is_not_looked_at():
    plan = SequentialPlan(benchmarks=1, sessions=4)
    assert decide("x", noisy(1.2, 40), plan).n == 4


def test_one_wild_block_moves_no_session():
    sessions = noisy(1.0, 8, 0.005)
    for session in sessions:
        session[0] = 50.0
    assert decide("x", sessions, SequentialPlan(benchmarks=1)).verdict == "pass"


# undecided, and words


def test_undecided_names_what_another_session_could_decide():
    plan = SequentialPlan(benchmarks=4, sessions=12)
    samples = {
        "new": [],
        "passed": noisy(1.0, 6),
        "slow": noisy(1.2, 12),
        "open": noisy(1.2, 7),
        "spent": noisy(1.05, 12, 0.1),
    }
    assert undecided(samples, plan) == ["new", "open"]


def test_no_samples():
    found = decide("x", [], SequentialPlan(benchmarks=1))
    assert (found.verdict, found.words, found.estimate) == ("inconclusive", "no samples", None)


def test_the_words_tell_why_nothing_is_decided():
    plan = SequentialPlan(benchmarks=8)
    assert "1 session, a verdict takes 6" in decide("x", noisy(1, 1), plan).words
    assert "a regression takes 12" in decide("x", noisy(1.2, 8), plan).words
    wide = decide("x", noisy(1.05, 32, 0.3), plan)
    assert "under load" in wide.words
    assert f"±{100 * wide.spread:.1f} %" in wide.words
    near = decide("x", sessions_of([1.0495, 1.0505] * 16), plan)
    assert near.words == "too close to the factor 1.05 to decide, after 32 sessions"


def test_the_spread_is_1_4826_median_absolute_deviations():
    ratios = [math.exp(log) for log in (0.04, 0.05, 0.07, 0.1, 0.9)]
    found = decide("x", sessions_of(ratios), SequentialPlan(benchmarks=1))
    assert found.estimate == pytest.approx(math.exp(0.07))
    assert found.spread == pytest.approx(1.4826 * 0.03)


@pytest.mark.parametrize("bad", [[], [0.0], [-1.0], [math.nan], [math.inf]])
def test_a_session_of_no_ratios_is_refused(bad):
    with pytest.raises(ValueError, match="positive"):
        decide("x", [[1.0], bad], SequentialPlan(benchmarks=1))


def test_block_ratio_is_of_sums():
    assert sequential.block_ratio([1.0, 3.0], [2.0, 4.0]) == 1.5
