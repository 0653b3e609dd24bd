"""Tests of two rules: against scipy, and the least p that exact ones can have."""

import itertools
import math
import statistics

import numpy as np
import pytest
import scipy.stats
from sgbench.results.statistics.two_samples import (
    exact_paired,
    exact_unpaired,
    least_paired,
    least_unpaired,
    welch_interval,
    welch_test,
)

LEFT, RIGHT = [4.3, 4.9, 4.1], [1.8, 1.75, 1.9]


@pytest.mark.parametrize("alternative", ["less", "greater"])
@pytest.mark.parametrize(("factor", "margin"), [(1.0, 0.0), (2.0, 0.5)])
def test_welchs_t_is_scipys_with_the_degrees_of_freedom_of_a_sample(alternative, factor, margin):
    p = welch_test(LEFT, RIGHT, margin, alternative, factor=factor)
    theirs = [factor * value + margin for value in RIGHT]
    t = scipy.stats.ttest_ind(LEFT, theirs, equal_var=False).statistic
    expected = scipy.stats.t.cdf(t if alternative == "less" else -t, 2)  # of three seeds
    assert p == pytest.approx(expected)
    shown = welch_interval(LEFT, theirs, 0.95)
    error = (statistics.variance(LEFT) / 3 + statistics.variance(theirs) / 3) ** 0.5
    half = scipy.stats.t.ppf(0.975, 2) * error
    mean = statistics.mean(LEFT) - statistics.mean(theirs)
    assert (shown.mean, shown.n) == (pytest.approx(mean), 3)
    assert (shown.low, shown.high) == (pytest.approx(mean - half), pytest.approx(mean + half))


def test_a_grain_is_spread():
    assert welch_test([1.0] * 3, [2.0] * 3, 0.0, "less") == 1.0
    assert welch_interval([1.0] * 3, [2.0] * 3).low is None
    assert welch_test([1.0] * 3, [2.0] * 3, 0.0, "less", grain=0.01) < 1e-5
    error = 0.01 / math.sqrt(12) * math.sqrt(2 / 3)
    t = scipy.stats.t.cdf(-0.005 / error, 2)
    found = welch_test([1.0] * 3, [1.005] * 3, 0.0, "less", grain=0.01)
    assert found == pytest.approx(t)
    assert welch_test([1.0], [2.0], 0.0, "less", grain=0.01) == 1.0


def test_dni_at_16_against_bptt_at_7_in_all_five_seeds_has_the_least_p():
    assert exact_paired([16 - 7.0] * 5, 0.0, "greater") == least_paired(5) == 1 / 32
    assert exact_unpaired([16.0] * 5, [7.0] * 5, 0.0, "greater") == least_unpaired(5) == 1 / 252
    assert exact_paired([16 - 7.0] * 5, 0.0, "less") == 1.0
    assert 12 * least_unpaired(5) < 0.05 < 12 * least_unpaired(4)  # Table 2 claims twelve things


def test_an_exact_paired_test_counts_signs():
    values = [3.0, 1.0, -2.0, 4.0, 0.5]
    sums = [
        sum(s * v for s, v in zip(signs, values, strict=True))
        for signs in itertools.product((1, -1), repeat=5)
    ]
    expected = sum(one >= sum(values) for one in sums) / 32
    assert exact_paired(values, 0.0, "greater") == expected
    assert exact_paired([v + 2 for v in values], 2.0, "greater") == expected


def test_an_exact_unpaired_test_counts_orders():
    left, right, factor, margin = [9.0, 12.0, 8.0], [7.0, 7.0, 9.0], 1.2, -1.0
    every = [*left, *(factor * v + margin for v in right)]
    seen = statistics.fmean(left) - statistics.fmean(every[3:])
    found = [
        statistics.fmean(some) - (sum(every) - sum(some)) / 3
        for some in itertools.combinations(every, 3)
    ]
    expected = sum(one >= seen - 1e-12 for one in found) / 20
    assert exact_unpaired(left, right, margin, "greater", factor=factor) == pytest.approx(expected)
    assert exact_unpaired([], [], 0.0, "greater") == 1.0


@pytest.mark.parametrize("alternative", ["less", "greater"])
def test_one_value_a_side_is_no_test(alternative):
    assert exact_paired([5.0], 0.0, alternative) == 1.0
    assert exact_unpaired([1.0], [9.0], 0.0, alternative) == 1.0
    assert exact_unpaired([1.0], [9.0, 8.0, 7.0], 0.0, alternative) == 1.0


def test_many_values_are_permuted_at_random_but_always_alike():
    dice = np.random.default_rng(0)
    left, right = dice.normal(0.5, 1, 12), dice.normal(0, 1, 12)
    found = [exact_unpaired(left, right, 0.0, "greater") for _ in range(2)]
    assert found[0] == found[1]
    near = scipy.stats.ttest_ind(left, right, alternative="greater").pvalue
    assert found[0] == pytest.approx(near, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["paired", "unpaired", "welch"])
@pytest.mark.parametrize("n", [3, 5])
def test_levels_hold(kind, n):
    dice, tries = np.random.default_rng(n), 2000
    wrong = 0
    for _ in range(tries):
        left, right = dice.normal(10, 1.0, n), dice.normal(10, 0.4, n)
        if kind == "paired":
            p = exact_paired((left - right).round().tolist(), 0.0, "greater")
        elif kind == "unpaired":
            right = dice.normal(10, 1.0, n)
            p = exact_unpaired(left.round(), right.round(), 0.0, "greater")
        else:
            p = welch_test(left.round(2), right.round(2), 0.0, "greater", grain=0.01)
        wrong += p < 0.05
    assert wrong / tries <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / tries)
