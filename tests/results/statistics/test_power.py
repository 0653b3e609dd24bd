"""Planned power: against simulated verdicts and tests."""

import math

import numpy as np
import pytest
import scipy.stats
from sgbench.results.statistics.place_verdict import Target, judge
from sgbench.results.statistics.power import claim_power, place_power


def simulated(n, sd, target, grain, unit, neighbours=0, tries=2000):
    dice, hits = np.random.default_rng(7), 0
    for _ in range(tries):
        center = dice.uniform(-1, 1)
        values = (dice.normal(center, sd, n) / grain).round() * grain
        paper = round(float(dice.normal(center, sd)) / unit) * unit
        of = Target(
            value=paper, margin=target.margin, rounding=target.rounding, grain=target.grain
        )  # fmt: skip
        near = (dice.normal(9.0, sd, (neighbours, n)) / grain).round() * grain
        found = judge(values.tolist(), of, grain=grain, neighbours=near.tolist())
        hits += found.status == "reproduced"
    return hits / tries


@pytest.mark.parametrize(
    ("n", "sd", "margin"), [(3, 0.75, 0.3), (3, 0.1, 0.3), (5, 0.2, 0.3), (3, 0.5, 1.0)]
)
def test_the_power_of_a_place_is_that_of_its_verdict(n, sd, margin):
    target = Target(value=0.0, margin=margin, rounding=0.05)
    for near in (0, 1, 2):
        found = place_power(n, sd, target, 0.01, near)
        assert found == pytest.approx(simulated(n, sd, target, 0.01, 0.1, near), abs=0.04)


def test_neighbours_restore_most_of_the_power_that_an_interval_at_95_percent_costs():
    target = Target(value=0.0, margin=0.3, rounding=0.05)
    alone, one, two = (place_power(3, 0.1, target, 0.01, near) for near in (0, 1, 2))
    assert alone + 0.15 < one < two


@pytest.mark.parametrize(("n", "sd"), [(3, 0.35), (5, 0.35), (5, 0.8)])
def test_so_on_a_ladder(n, sd):
    target = Target(value=0.0, margin=1.0, grain=1.0)
    assert place_power(n, sd, target, 1.0) == pytest.approx(
        simulated(n, sd, target, 1.0, 1.0), abs=0.04
    )  # fmt: skip


def test_three_seeds_of_dni_at_quick_cannot_tell():
    assert place_power(3, 0.75, Target(value=2.2, margin=0.3, rounding=0.05), 0.01) <= 0.01


def test_one_seed_has_no_power_and_a_deviation_is_positive():
    target = Target(value=0.0, margin=1.0)
    assert place_power(1, 0.1, target) == claim_power(1, 0.1, 9.0, 0.05) == 0.0
    for wrong in (0.0, -1.0):
        with pytest.raises(ValueError, match="deviation"):
            place_power(3, wrong, target)
        with pytest.raises(ValueError, match="deviation"):
            claim_power(3, wrong, 1.0, 0.05)


@pytest.mark.parametrize(("n", "effect", "level"), [(3, 1.0, 0.05), (5, 1.5, 0.01), (4, -1, 0.05)])
def test_the_power_of_a_claim_is_that_of_its_t_test(n, effect, level):
    dice, tries = np.random.default_rng(1), 4000
    values = dice.normal(effect, 1.0, (tries, n))
    p = scipy.stats.ttest_1samp(values, 0.0, axis=1, alternative="greater").pvalue
    found = claim_power(n, 1.0, effect, level)
    assert found == pytest.approx((p < level).mean(), abs=4 * math.sqrt(0.25 / tries))


def test_a_huge_effect_is_certain():
    assert claim_power(3, 0.01, 100.0, 0.003) == pytest.approx(1.0)
    assert claim_power(3, 0.01, -100.0, 0.003) == pytest.approx(0.0, abs=1e-6)
