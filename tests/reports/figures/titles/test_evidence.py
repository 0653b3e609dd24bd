"""What few seeds support."""

import random

import pytest
from sgbench.reports.figures.titles import evidence


def places(*some):
    return [{"a": a, "b": b} for a, b in some]


def test_what_lies_below_everywhere_is_lowest():
    apart = places(([1, 2, 3], [4, 5, 6]), ([1, 2, 3], [4, 5, 6]))
    assert evidence.extreme(apart, lowest=True) == "a"
    assert evidence.extreme(apart, lowest=False) == "b"


@pytest.mark.parametrize(
    "some",
    [
        places(([1, 2, 3], [4, 5, 6])),  # 2 / 20: too often by chance
        places(([1], [2]), ([1], [2]), ([1], [2])),  # 2 / 8
        places(([1, 2, 7], [4, 5, 6]), ([1, 2, 3], [4, 5, 6])),  # one seed is among the others
        places(([1, 2, 3], [4, 5, 6]), ([4, 5, 6], [1, 2, 3])),  # not at every place
        places(([1, 2, 3], [3, 4, 5]), ([1, 2, 3], [3, 4, 5])),  # a tie
        [{"a": [1, 2, 3]}],
        [],
    ],
)
def test_what_is_not_clearly_so_is_nothing(some):
    assert evidence.extreme(some, lowest=True) is None


def test_values_that_differ_by_chance_alone_seldom_support_a_sentence():
    dice = random.Random(0)

    def one():
        return [{name: [dice.random() for _ in range(3)] for name in "abc"} for _ in range(2)]

    wrong = sum(evidence.extreme(one(), lowest=True) is not None for _ in range(2000))
    assert wrong / 2000 <= evidence.LEVEL
    series = [[{x: [dice.random() for _ in range(3)] for x in range(4)}] for _ in range(500)]
    assert sum(evidence.trend(one) != 0 for one in series) / 500 <= evidence.LEVEL
    series = [[{x: [dice.random() for _ in range(3)] for x in range(6)}] for _ in range(500)]
    assert sum(evidence.optimum(one) is not None for one in series) / 500 <= evidence.LEVEL


def test_a_trend_is_in_every_series():
    up = {3: [1.0, 1.1, 1.2], 4: [2.0, 2.1, 2.2], 5: [3.0, 3.1, 3.2]}
    down = {x: [-value for value in values] for x, values in up.items()}
    assert evidence.trend([up]) == 1
    assert evidence.trend([down, down]) == -1
    assert evidence.trend([up, down]) == 0
    assert evidence.trend([]) == 0
    assert evidence.trend([{3: [1.0, 2.0]}]) == 0


def test_four_single_seeds_are_too_few_for_a_trend():
    one = {3: [1.0], 4: [2.0], 5: [3.0], 6: [4.0]}
    assert evidence.trend([one]) == 0
    assert evidence.trend([one, one]) == 1


def test_means_out_of_order_are_no_trend():
    assert evidence.trend([{3: [1.0] * 5, 4: [3.0] * 5, 5: [2.0] * 5}]) == 0


def test_an_optimum_lies_within_the_range():
    bowl = {1: [5.0, 5.1, 5.2], 10: [2.0, 2.1, 2.2], 100: [6.0, 6.1, 6.2]}
    assert evidence.optimum([bowl]) == [10]
    assert evidence.optimum([{x: v for x, v in bowl.items() if x < 100}]) is None
    assert evidence.optimum([bowl | {1: [5.0, 5.1, 2.05]}]) is None  # a seed as low at an end
    assert evidence.optimum([]) is None
