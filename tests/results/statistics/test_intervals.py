"""Statistics: against scipy, against cases worked by hand, and by their definitions."""

import math
import statistics

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from sgbench.results.statistics import intervals as interval_statistics

numbers = st.floats(-100, 100).map(lambda x: round(x, 3))
samples = st.lists(numbers, min_size=2, max_size=12)
spread_samples = samples.filter(lambda values: statistics.stdev(values) > 1e-3)
unhurried = settings(deadline=None, max_examples=50)


# mean_interval


def test_interval_by_hand():
    # sd of 1, 2, 3 is 1; t(0.975, 2) = 4.30265; 4.30265 / sqrt(3) = 2.48414
    interval = interval_statistics.mean_interval([1.0, 2.0, 3.0], 0.95)
    assert (interval.mean, interval.n) == (2.0, 3)
    assert interval.low == pytest.approx(2 - 2.48414, abs=1e-5)
    assert interval.high == pytest.approx(2 + 2.48414, abs=1e-5)


@unhurried
@given(spread_samples, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_interval_agrees_with_scipy(values, confidence):
    interval = interval_statistics.mean_interval(values, confidence)
    expected = scipy_stats.ttest_1samp(values, 0).confidence_interval(confidence)
    assert interval.low == pytest.approx(expected.low, rel=1e-9, abs=1e-9)
    assert interval.high == pytest.approx(expected.high, rel=1e-9, abs=1e-9)


def test_one_value_has_no_interval():
    assert interval_statistics.mean_interval([2.5], 0.95) == interval_statistics.Interval(
        2.5, None, None, 1
    )


def test_values_that_agree_have_an_interval_of_no_width():
    assert interval_statistics.mean_interval([2.5, 2.5], 0.95) == interval_statistics.Interval(
        2.5, 2.5, 2.5, 2
    )


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, -0.9, math.nan])
def test_interval_refuses_a_confidence_that_is_none(confidence):
    with pytest.raises(ValueError, match="confidence"):
        interval_statistics.mean_interval([1.0, 2.0], confidence)


def test_no_values_have_no_mean():
    with pytest.raises(ValueError, match="data point"):
        interval_statistics.mean_interval([], 0.95)


# median_interval and running_median


def coverage(n, k):
    """The chance that the k-th smallest and the k-th largest of n hold the median."""
    return 1 - 2 * scipy_stats.binom.cdf(k - 1, n, 0.5)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [*range(1, 31), 61, 100, 1500])
def test_median_interval_is_the_shortest_that_covers(n, confidence):
    interval = interval_statistics.median_interval(
        range(n, 0, -1), confidence
    )  # a value is its rank
    assert (interval.median, interval.n) == ((n + 1) / 2, n)
    covers = [k for k in range(1, (n + 1) // 2 + 1) if coverage(n, k) >= confidence]
    if covers:
        assert (interval.low, interval.high) == (max(covers), n + 1 - max(covers))
    else:
        assert (interval.low, interval.high) == (None, None)


def test_median_interval_by_hand():
    # of 6 the smallest and the largest miss the median with 2 / 64, of 5 with 2 / 32;
    # of 9 the second ones with 2 (1 + 9) / 512
    assert interval_statistics.median_interval(
        [3, 1, 2, 6, 5, 4], 0.95
    ) == interval_statistics.MedianInterval(3.5, 1, 6, 6)
    assert interval_statistics.median_interval(
        [3, 1, 2, 5, 4], 0.95
    ) == interval_statistics.MedianInterval(3, None, None, 5)
    assert interval_statistics.median_interval([3, 1, 2, 5, 4], 1 - 2 / 32).low == 1
    assert interval_statistics.median_interval(
        range(9), 0.95
    ) == interval_statistics.MedianInterval(4, 1, 7, 9)
    assert interval_statistics.median_interval([7.5], 0.95) == interval_statistics.MedianInterval(
        7.5, None, None, 1
    )


def test_median_interval_covers_as_often_as_it_says():
    import numpy as np

    samples = np.random.default_rng(0).exponential(size=(4000, 9))
    intervals = [interval_statistics.median_interval(row, 0.95) for row in samples.tolist()]
    held = statistics.fmean(i.low <= math.log(2) <= i.high for i in intervals)
    assert held == pytest.approx(coverage(9, 2), abs=3 * (0.04 * 0.96 / 4000) ** 0.5)


@unhurried
@given(st.lists(st.integers(0, 3), min_size=6, max_size=40))
def test_median_interval_of_ties_holds_their_median(values):
    interval = interval_statistics.median_interval(values, 0.95)
    assert interval.low <= interval.median <= interval.high
    assert {interval.low, interval.high} <= set(values)
    assert interval.median == statistics.median(values)


def test_median_interval_refuses_what_is_none():
    with pytest.raises(ValueError, match="confidence"):
        interval_statistics.median_interval([1.0], 1.0)
    with pytest.raises(statistics.StatisticsError):
        interval_statistics.median_interval([], 0.95)


def test_running_median_by_hand():
    x, y = [0.4, 0.1, 0.3, 0.2, 0.5], [1.0, 9.0, 2.0, 6.0, 8.0]
    found = interval_statistics.running_median(x, y, 3, 0.5)
    assert [place for place, _ in found] == [0.1, 0.2, 0.3, 0.4, 0.5]
    # the ends are alone: 9; of 9, 6, 2; of 6, 2, 1; of 2, 1, 8; 8
    assert [median.median for _, median in found] == [9, 6, 2, 2, 8]
    assert [median.n for _, median in found] == [1, 3, 3, 3, 1]
    assert (found[1][1].low, found[1][1].high, found[0][1].low) == (2, 9, None)


def test_running_median_takes_networks_of_one_x_together():
    x, y = [0.1] * 3 + [0.2] * 3 + [0.3] * 3 + [0.4] * 3, list(range(12))
    for window, sizes in ((1, [3] * 4), (8, [3] * 4), (9, [3, 9, 9, 3]), (99, [3, 9, 9, 3])):
        found = interval_statistics.running_median(x, y, window, 0.95)
        assert [median.n for _, median in found] == sizes
        assert [median.median for _, median in found] == [1, 4, 7, 10]
    assert interval_statistics.running_median(
        x[::-1], y[::-1], 9, 0.95
    ) == interval_statistics.running_median(x, y, 9, 0.95)


@unhurried
@given(st.integers(1, 30), st.integers(1, 12))
def test_running_median_of_a_slope_is_the_slope(n, window):
    x, y = [float(i) for i in range(n)], [2.0 * i for i in range(n)]
    found = interval_statistics.running_median(x, y, window, 0.95)
    assert [(at, median.median) for at, median in found] == list(zip(x, y, strict=True))
    assert all(median.n <= window and median.n % 2 for _, median in found)


def test_running_median_refuses_what_is_none():
    assert interval_statistics.running_median([], [], 3, 0.95) == []
    with pytest.raises(ValueError, match="window=0 must be at least 1"):
        interval_statistics.running_median([1.0], [1.0], 0, 0.95)
    with pytest.raises(ValueError, match="zip"):
        interval_statistics.running_median([1.0, 2.0], [1.0], 3, 0.95)


# paired_test


@unhurried
@given(spread_samples, numbers, st.sampled_from(["less", "greater"]))
def test_paired_test_agrees_with_scipy(differences, margin, alternative):
    p = interval_statistics.paired_test(differences, margin, alternative)
    expected = scipy_stats.ttest_1samp(differences, margin, alternative=alternative).pvalue
    assert p == pytest.approx(expected, rel=1e-7, abs=1e-12)


def test_paired_test_by_hand():
    # mean -2, sd 1, n 3: t = -3.4641; one-sided p with 2 degrees of freedom is
    # (1 - t / sqrt(t^2 + 2)) / 2 = (1 - 0.925820) / 2
    assert interval_statistics.paired_test([-1.0, -2.0, -3.0]) == pytest.approx(0.0370900, abs=1e-6)
    assert interval_statistics.paired_test(
        [-1.0, -2.0, -3.0], alternative="greater"
    ) == pytest.approx(1 - 0.0370900, abs=1e-6)
    assert interval_statistics.paired_test([-1.0, -2.0, -3.0], margin=-2.0) == pytest.approx(0.5)


@pytest.mark.parametrize("differences", [[], [-5.0], [-5.0, -5.0, -5.0]])
def test_without_spread_nothing_is_shown(differences):
    assert interval_statistics.paired_test(differences) == 1.0
    assert interval_statistics.paired_test(differences, alternative="greater") == 1.0


def test_rounding_is_no_spread():
    differences = [2.1 - 1.1, 2.2 - 1.2, 2.3 - 1.3]
    assert len(set(differences)) > 1
    assert not interval_statistics.varies(differences)
    assert interval_statistics.paired_test(differences, alternative="greater") == 1.0
    assert interval_statistics.varies([1.0, 1.0, 1.01])


# trends


def test_slopes_by_hand():
    assert interval_statistics.slopes(
        [3, 4, 5, 6], [[1, 2, 3, 4], [1, 1, 1, 1], [0, 0, 0, 10]]
    ) == [1, 0, 3]


def trend(at, values, margin=0.0, alternative="greater"):
    """The p-value of a claim that something grows, or does not, as the judge puts it together."""
    return interval_statistics.paired_test(
        interval_statistics.slopes(at, values), margin, alternative
    )


def test_a_trend_is_tested_on_the_seeds_slopes():
    at = [3.0, 4.0, 5.0]
    grows = [[1.0, 2.0, 3.0], [1.0, 2.1, 3.2], [5.0, 5.9, 6.8]]
    flat = [[2.0, 2.0, 2.01], [1.0, 1.02, 1.0], [5.0, 5.0, 4.99]]
    assert trend(at, grows) < 0.01
    assert trend(at, flat) > 0.05
    assert trend(at, flat, margin=0.1, alternative="less") < 0.01
    assert trend(at, grows, margin=0.1, alternative="less") > 0.95
    expected = scipy_stats.ttest_1samp([1.0, 1.1, 0.9], 0, alternative="greater").pvalue
    assert trend(at, grows) == pytest.approx(expected)


def test_a_trend_over_one_place_is_refused():
    with pytest.raises(ValueError, match="constant"):
        trend([3.0, 3.0], [[1.0, 2.0]])


# holm


def test_holm_by_hand():
    assert interval_statistics.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert interval_statistics.holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert interval_statistics.holm([0.02]) == [0.02]
    assert interval_statistics.holm([]) == []


@unhurried
@given(st.lists(st.floats(0, 1), max_size=8), st.floats(0.001, 0.5))
def test_holm_rejects_what_the_step_down_procedure_rejects(pvalues, alpha):
    adjusted = interval_statistics.holm(pvalues)
    assume(all(abs(p - alpha) > 1e-9 for p in adjusted))
    rejected = set()
    for rank, i in enumerate(sorted(range(len(pvalues)), key=pvalues.__getitem__)):
        if pvalues[i] * (len(pvalues) - rank) > alpha:
            break
        rejected.add(i)
    assert {i for i, p in enumerate(adjusted) if p <= alpha} == rejected
    assert all(p <= a <= 1 for p, a in zip(pvalues, adjusted, strict=True))


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_holm_refuses_what_is_no_probability(p):
    with pytest.raises(ValueError, match="p-values"):
        interval_statistics.holm([0.5, p])
