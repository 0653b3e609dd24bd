"""The verdicts' operating curve: its draws are what it says, and the nominal errors hold."""

import math
import statistics
from dataclasses import replace

import numpy as np
import pytest
from benchmarks import verdict_curve
from benchmarks.results import MANY, clumped, normal, pools, resampled, uniform
from benchmarks.verdict_curve import (
    EDGE,
    POINTS,
    RUNGS,
    claim_rows,
    curve,
    families,
    looking_again,
    on_edge,
    table,
    verdicts,
)
from sgbench.reproductions.exhibits.exhibit import load
from sgbench.results.statistics.intervals import paired_test
from sgbench.results.statistics.many_verdicts import answers, rounded
from sgbench.results.statistics.place_verdict import judge
from sgbench.results.statistics.two_samples import least_unpaired, welch_test


def limit(percent, draws):
    """A nominal error with three standard errors of its simulation, in percent."""
    share = percent / 100
    return 100 * (share + 3 * math.sqrt(share * (1 - share) / draws))


def test_a_share_of_each_verdict():
    found = verdicts(normal(0.05), 3, 0.0, POINTS, 0.01, 200)
    assert sum(found.values()) == pytest.approx(100)
    assert found["reproduced"] > 90
    assert verdicts(normal(0.05), 3, 4.0, POINTS, 0.01, 200)["not reproduced"] > 95
    assert verdicts(normal(0.75), 3, 0.0, POINTS, 0.01, 200)["reproduced"] < 5


def test_residuals_are_of_configurations_with_many_seeds_and_have_their_spread():
    found = pools()
    assert len(found) >= 2
    for name, residuals in found.items():
        assert len(residuals) >= MANY
        assert statistics.fmean(residuals) == pytest.approx(0, abs=1e-9)
        draw = resampled(residuals)(np.random.default_rng(0), (2, 3))
        assert set(draw.ravel()) <= set(residuals)
        assert f"{len(residuals)} seeds" in name


def test_a_table_is_markdown():
    rows = curve([("sd 0.1", normal(0.1), 0.1)], POINTS, 0.01, 20)
    lines = table("Title", verdict_curve.HEADINGS, rows).splitlines()
    assert lines[0] == "**Title**"
    assert len(lines) == 4 + len(verdict_curve.SEEDS)
    assert len({line.count("|") for line in lines[2:]}) == 1


def test_more_looks_err_more_often():
    planned, again = looking_again(400)
    assert planned <= limit(10, 400)  # two one-sided answers of 5 %
    assert again > 1.5 * planned


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 3, 5, 10])
@pytest.mark.parametrize(
    ("like", "grain", "deviation"),
    [(POINTS, 0.01, 0.04), (POINTS, 0.01, 0.2), (POINTS, 0.01, 0.75), (RUNGS, 1.0, 0.35),
     (RUNGS, 1.0, 0.8), (RUNGS, 1.0, 1.8)],
)  # fmt: skip
def test_nominal_errors_hold_and_so_does_the_planned_power(n, like, grain, deviation):
    draws, draw = 1500, normal(deviation)
    same = verdicts(draw, n, 0.0, like, grain, draws)
    assert same["not reproduced"] <= limit(5, draws)
    planned = 100 * verdict_curve.place_power(n, deviation, like, grain, 1)
    error = 3 * 100 * math.sqrt(0.25 / draws)
    assert same["reproduced"] == pytest.approx(planned, abs=error)
    edge = on_edge(draw, n, like, grain, draws)
    assert edge["reproduced"] <= limit(5, draws)
    assert edge["not reproduced"] <= limit(5, draws)


@pytest.mark.parametrize("n", [2, 3, 5, 10])
def test_nominal_errors_hold_for_the_shapes_of_real_records(n):
    """With a neighbour of the same spread or of three quarters, with two, and all but with none."""
    draws, shapes = 10_000, [resampled(residuals) for residuals in pools().values()]
    for draw in (*shapes, normal(0.1), uniform(0.1), uniform(0.26)):
        same = verdicts(draw, n, 0.0, POINTS, 0.01, draws)
        assert same["not reproduced"] <= limit(5, draws)
        for beside, most in (((1.0,), 5), ((0.75,), 5), ((1.0, 1.0), 5), ((), 5.5)):
            edge = on_edge(draw, n, POINTS, 0.01, draws, beside)
            assert max(edge["reproduced"], edge["not reproduced"]) <= limit(most, draws)


def test_by_their_own_seeds_alone_results_that_are_not_normal_err_more_often():
    """What the neighbours are for: Student's 90 % interval of three seeds of a real record."""
    name = next(name for name in pools() if name.startswith("cdni"))
    rng, draw = np.random.default_rng(0), resampled(pools()[name])
    values = draw(rng, (10_000, 3))
    half = 2.91999 * np.hypot(values.std(axis=1, ddof=1), 0.01 / math.sqrt(12)) / math.sqrt(3)
    errors = [(side * values.mean(axis=1) > half).mean() for side in (-1, 1)]
    assert max(errors) > 0.065


@pytest.mark.parametrize("beside", [(), (1.0,), (0.5, 2.0)])
@pytest.mark.parametrize(("like", "grain", "sd"), [(POINTS, 0.01, 0.15), (RUNGS, 1.0, 0.6)])
def test_many_places_are_judged_as_each_of_them_is(like, grain, sd, beside):
    rng, rows = np.random.default_rng(1), 300
    values = rounded(5 + sd * rng.standard_normal((rows, 3)), grain)
    numbers = rounded(5 + 3 * sd * rng.standard_normal(rows), like.grain or 0.1)
    near = rounded(sd * rng.standard_normal((rows, len(beside), 3)), grain)
    found = answers(values, numbers, like, grain=grain, neighbours=near)
    words = set()
    for row, number, others, *ours in zip(values, numbers, near, *found, strict=True):
        target = replace(like, value=float(number))
        one = judge(row.tolist(), target, grain=grain, neighbours=others.tolist())
        wanted = [one.within == "yes", one.within == "no", one.drawn == "yes"]
        assert [bool(own) for own in ours] == wanted
        words.add(one.status)
    assert words == {"reproduced", "not reproduced", "inconclusive"}


def test_the_family_is_that_of_table_1():
    assert verdict_curve.family() == len(load("table1").claim_tests("paper")) > 1


def test_shapes_have_the_spread_that_they_are_given_and_the_edge_its_worse_side():
    rng = np.random.default_rng(0)
    for shape in (normal, uniform, clumped):
        values = shape(0.26)(rng, 20_000)
        assert values.mean() == pytest.approx(0, abs=0.01)
        assert values.std() == pytest.approx(0.26, rel=0.03)
    assert np.abs(uniform(0.26)(rng, 1000)).max() < 0.26 * math.sqrt(3)
    sides = [verdicts(clumped(0.1), 2, EDGE, POINTS, 0.01, 200, side=side) for side in (-1, 1)]
    worse = on_edge(clumped(0.1), 2, POINTS, 0.01, 200)
    for name, share in worse.items():
        assert share == max(one[name] for one in sides)
    alone = on_edge(clumped(0.1), 2, POINTS, 0.01, 2000, beside=())
    assert alone["not reproduced"] > 10  # both seeds in one clump, half of the time


def test_many_tests_are_those_that_claims_are_judged_by():
    rng = np.random.default_rng(2)
    left, right = (rng.normal(mean, 0.1, (50, 3)).round(2) for mean in (5.0, 5.1))
    paired = [
        paired_test(row.tolist(), 0.0, "less", verdict_curve.PAIR_GRAIN) for row in left - right
    ]
    assert verdict_curve.paired_p(left - right) == pytest.approx(paired)
    welch = [
        welch_test(a.tolist(), b.tolist(), 0.0, "less", grain=0.01)
        for a, b in zip(left, right, strict=True)
    ]
    assert verdict_curve.welch_p(left, right) == pytest.approx(welch)


def test_no_exact_test_of_five_seeds_a_side_can_err_in_such_a_family():
    assert verdict_curve.family() * least_unpaired(5) > 0.05


def test_a_family_without_a_true_claim_has_a_false_one_at_most_one_time_in_twenty():
    found = families(5000)
    assert found.pop("Satterthwaite") > limit(5, 5000)  # why its degrees of freedom are not used
    for share in found.values():
        assert share <= limit(5, 5000)


@pytest.mark.slow
def test_the_planned_power_of_a_claim_holds():
    for *_, planned, found in claim_rows(1500):
        assert float(found) == pytest.approx(float(planned), abs=3 * 100 * math.sqrt(0.25 / 1500))
