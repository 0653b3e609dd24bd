"""Equivalence over paired seeds: against scipy's one-sided tests, and its rule."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp
from sgbench.results.statistics.equivalence import equivalence

unhurried = settings(deadline=None, max_examples=200)
numbers = st.floats(-5, 5).map(lambda x: round(x, 2))
differences = st.lists(numbers, min_size=2, max_size=10).filter(lambda d: len(set(d)) > 1)


@unhurried
@given(differences, st.floats(0.1, 4), st.integers(1, 20))
def test_the_rule_in_scipys_words(values, margin, cells):
    found = equivalence("x", values, margin, cells=cells)
    above = ttest_1samp(values, -margin, alternative="greater").pvalue
    below = ttest_1samp(values, margin, alternative="less").pvalue
    tost = max(above, below)
    mean = sum(values) / len(values)
    p = ttest_1samp(values, 0, alternative="greater" if mean > 0 else "less").pvalue
    assume(abs(tost - 0.05) > 1e-6 and abs(abs(mean) - margin) > 1e-9)
    if tost < 0.05:
        expected = "pass"
    elif abs(mean) > margin and p <= 0.005 / 2 / cells:
        expected = "regression" if mean > 0 else "changed"
    else:
        expected = "inconclusive"
    assert found.verdict == expected
    assert found.p == pytest.approx(p, rel=1e-9, abs=1e-12)
    assert found.n == len(values)


def test_identical_seeds_pass_even_one():
    for n in (1, 2, 5):
        found = equivalence("x", [0.0] * n, 0.5)
        assert (found.verdict, found.words) == ("pass", "no seed differs")


def test_a_lower_error_beyond_the_margin_fails_too():
    found = equivalence("x", [-9.0, -8.5, -9.5, -9.2, -8.8], 1.0, cells=8)
    assert found.verdict == "changed"
    assert found.words == "lower by 9 points, beyond ±1: does it see what it should not?"


def test_a_higher_error_beyond_the_margin_is_a_regression():
    found = equivalence("x", [9.0, 8.5, 9.5, 9.2, 8.8], 1.0, cells=8)
    assert (found.verdict, found.words) == ("regression", "worse by 9 points, beyond ±1")
    assert (found.estimate, found.unit) == (9.0, "points")


def test_beyond_the_margin_takes_more_evidence_the_more_cells_there_are():
    values = [2.0, 3.0, 2.5, 2.2]
    assert equivalence("x", values, 1.0, cells=1).verdict == "regression"
    assert equivalence("x", values, 1.0, cells=100).verdict == "inconclusive"


def test_one_seed_decides_nothing():
    found = equivalence("x", [40.0], 1.0)
    assert (found.verdict, found.low, found.spread) == ("inconclusive", None, None)
    assert "one seed" in found.words


def test_seeds_that_agree_without_spread():
    assert equivalence("x", [3.0, 3.0], 1.0).verdict == "regression"
    assert equivalence("x", [-3.0, -3.0], 1.0).verdict == "changed"
    assert equivalence("x", [0.5, 0.5, 0.5], 1.0).verdict == "inconclusive"


@pytest.mark.parametrize("margin", [0.0, -1.0, math.nan])
def test_a_margin_that_is_none_is_refused(margin):
    with pytest.raises(ValueError, match="margin"):
        equivalence("x", [0.1, 0.2], margin)


def test_no_seeds_are_refused():
    with pytest.raises(ValueError, match="data point"):
        equivalence("x", [], 1.0)
