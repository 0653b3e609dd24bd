"""A published mean ± standard deviation beside ours."""

import math

import numpy as np
import pytest
from scipy import stats
from sgbench.results.statistics.intervals import Interval
from sgbench.results.statistics.published_mean import PublishedMean, difference, differs

OURS = [1.52, 1.58, 1.61, 1.55, 1.60]


def published(value=1.6, deviation=0.06, **more):
    return PublishedMean(value=value, deviation=deviation, **more)


@pytest.mark.parametrize("runs", [2, 4, 5, 40])
def test_with_a_number_of_runs_it_is_welchs_interval_by_the_smaller_sample(runs):
    found = difference(OURS, published(runs=runs))
    error = math.sqrt(np.var(OURS, ddof=1) / 5 + 0.06**2 / runs)
    half = stats.t.ppf(0.975, min(5, runs) - 1) * error
    assert found.n == 5
    assert found.mean == pytest.approx(np.mean(OURS) - 1.6)
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half))


def test_an_unknown_number_of_runs_is_the_widest_and_is_as_one_run_for_the_error():
    found = difference(OURS, published())
    error = math.sqrt(np.var(OURS, ddof=1) / 5 + 0.06**2)
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 4) * error)
    for runs in (5, 10, 1000):
        known = difference(OURS, published(runs=runs))
        assert known.high - known.low < found.high - found.low


def test_rounding_and_grain_add_their_uncertainty():
    bare = difference(OURS, published(deviation=0.001))
    rounded = difference(OURS, published(deviation=0.001, rounding=0.05))
    assert rounded.high - rounded.low > bare.high - bare.low
    wide = difference(OURS, published(deviation=0.001), grain=0.2)
    assert wide.high - wide.low > bare.high - bare.low
    alike = difference([1.5, 1.5, 1.5], published(), grain=0.01)
    error = math.sqrt(0.01**2 / 12 / 3 + 0.06**2)
    assert alike.high - alike.mean == pytest.approx(stats.t.ppf(0.975, 2) * error)


def test_one_value_and_equal_values_without_a_grain_tell_no_spread():
    assert difference([1.5], published()) == Interval(pytest.approx(-0.1), None, None, 1)
    assert difference([1.5, 1.5], published()).low is None
    assert differs(difference([1.5], published())) is None


def test_a_difference_is_told_where_zero_is_outside_on_either_side():
    assert differs(difference(OURS, published(1.6))) is False
    assert differs(difference(OURS, published(1.9))) is True
    assert differs(difference(OURS, published(1.2))) is True
    assert differs(Interval(1.0, 0.0, 2.0, 3)) is False


def test_equal_processes_are_told_apart_in_at_most_a_twentieth_of_cases():
    dice, wrong, known = np.random.default_rng(1), 0, 0
    for _ in range(2000):
        ours, theirs = dice.normal(1.7, 0.08, 5), dice.normal(1.7, 0.08, 5)
        value, deviation = float(theirs.mean()), float(theirs.std(ddof=1))
        wrong += bool(differs(difference(list(ours), published(value, deviation))))
        known += bool(differs(difference(list(ours), published(value, deviation, runs=5))))
    assert wrong < known <= 100 + 20  # 2000 / 20, and two standard errors of that


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"deviation": 0.0}, "deviation=0.0 must be positive"),
        ({"deviation": math.nan}, "deviation=nan must be positive"),
        ({"runs": 1}, "runs=1 must be at least 2"),
    ],
)
def test_a_spread_that_cannot_be_is_refused(more, words):
    with pytest.raises(ValueError, match=words):
        published(**more)
