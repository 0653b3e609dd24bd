"""The signed-rank test: against scipy, against every sign pattern, and by hand."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wilcoxon
from sgbench.results.statistics import wilcoxon as wilcoxon_test

unhurried = settings(deadline=None, max_examples=100)
sizes = st.lists(st.integers(1, 10**6), min_size=1, max_size=14, unique=True)
signs = st.lists(st.sampled_from([-1, 1]), min_size=14, max_size=14)


@unhurried
@given(sizes, signs)
def test_agrees_with_scipy_where_there_are_no_ties(sizes, signs):
    values = [size * sign for size, sign in zip(sizes, signs, strict=False)]
    for ours, side in ((wilcoxon_test.p_greater, "greater"), (wilcoxon_test.p_less, "less")):
        expected = wilcoxon(values, alternative=side, method="exact").pvalue
        assert ours(values) == pytest.approx(expected, rel=1e-12)


@unhurried
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_ties_and_zeros_are_counted_over_every_pattern_of_signs(values):
    sized = [abs(value) for value in values if value]

    def statistic(signed):
        ranks = [sum(b < a for b in sized) + (1 + sum(b == a for b in sized)) / 2 for a in sized]
        return sum(rank for rank, sign in zip(ranks, signed, strict=True) if sign > 0)

    observed = statistic([value for value in values if value])
    patterns = list(itertools.product([-1, 1], repeat=len(sized)))
    expected = sum(statistic(p) >= observed for p in patterns) / len(patterns)
    assert wilcoxon_test.p_greater(values) == pytest.approx(expected, rel=1e-12)


def test_by_hand():
    # W+ = 2 + 3 of six: of the eight patterns 5 and 6 are reached by {2,3} and {1,2,3}
    assert wilcoxon_test.p_greater([-1, 2, 3]) == 2 / 8
    assert wilcoxon_test.p_greater([1, 2, 3]) == 1 / 8
    assert wilcoxon_test.p_less([1, 2, 3]) == 1.0
    # two of one size share rank 1.5: W+ = 4.5 is the patterns (+, -, +), (-, +, +) and all
    assert wilcoxon_test.p_greater([1, -1, 2]) == 3 / 8


def test_zeros_show_nothing():
    assert wilcoxon_test.p_greater([0.0, 0.0]) == 1.0
    assert wilcoxon_test.p_greater([0.0, 1.0]) == wilcoxon_test.p_greater([1.0])


@pytest.mark.parametrize("n", [1, 2, 5, 12, 32])
def test_tails_start_at_one_and_end_at_all_signs_alike(n):
    tails = wilcoxon_test.tails(n)
    assert tails[0] == 1.0
    assert tails[-1] == 2.0**-n
    assert list(tails) == sorted(tails, reverse=True)


def test_what_is_attained_is_the_largest_below():
    assert wilcoxon_test.attained(5, 0.05) == 1 / 32
    assert wilcoxon_test.attained(5, 0.0625) == 2 / 32  # both all alike and rank 1 the other way
    assert wilcoxon_test.attained(5, 0.03) == 0.0
