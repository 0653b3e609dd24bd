"""Medians over rounds, and their intervals."""

import pytest
from sgbench.results.statistics.rounds import Median, over_rounds, ratio


def test_rounds_give_their_median_and_its_interval():
    nine = [9.0, 1.0, 8.0, 2.0, 7.0, 3.0, 6.0, 4.0, 5.0]
    # P(B < 2) = 10/512: the second smallest and the second largest hold the median with 96 %
    assert over_rounds(nine) == (5.0, 2.0, 8.0)
    assert over_rounds(nine[:6]) == (5.0, 1.0, 9.0)
    assert ratio([2.0, 9.0, 4.0], [1.0, 3.0, 4.0]) == (2.0, 1.0, 3.0)


@pytest.mark.parametrize(
    ("values", "range_"), [([4.0, 1.0, 3.0], (3.0, 1.0, 4.0)), ([7.0], (7.0,) * 3)]
)
def test_too_few_rounds_give_their_range(values, range_):
    assert over_rounds(values) == range_


def test_more_rounds_make_steady_what_few_do_not():
    noisy = [0.9, 1.0, 1.1] * 2
    assert over_rounds(noisy).wide
    assert not over_rounds([*noisy, *[0.97, 1.03] * 20]).wide


def test_an_interval_over_a_tenth_is_wide():
    assert Median(1.0, 0.94, 1.05).wide
    assert not Median(1.0, 0.96, 1.05).wide
