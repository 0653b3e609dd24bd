"""The verdicts' operating curve: its draws are what it says, and the nominal errors hold."""

import math
import statistics

import numpy as np
import pytest
from benchmarks import verdict_curve
from benchmarks.verdict_curve import (
    EDGE,
    POINTS,
    RUNGS,
    claim_rows,
    clumped,
    curve,
    families,
    looking_again,
    normal,
    on_edge,
    pools,
    resampled,
    table,
    uniform,
    verdicts,
)


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
        assert len(residuals) >= verdict_curve.MANY
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
    planned = 100 * verdict_curve.place_power(n, deviation, like, grain)
    error = 3 * 100 * math.sqrt(0.25 / draws)
    assert same["reproduced"] == pytest.approx(planned, abs=error)
    edge = on_edge(draw, n, like, grain, draws)
    assert edge["reproduced"] <= limit(5, draws)
    assert edge["not reproduced"] <= limit(5, draws)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "most"), [(3, 8), (5, 8), (10, 5.5)])
def test_nominal_errors_hold_for_the_shapes_of_real_records(n, most):
    """On the edge as far as the page says: results that are spread evenly are not normal."""
    for residuals in pools().values():
        draws = 1500
        same = verdicts(resampled(residuals), n, 0.0, POINTS, 0.01, draws)
        assert same["not reproduced"] <= limit(5, draws)
        edge = on_edge(resampled(residuals), n, POINTS, 0.01, draws)
        assert max(edge["reproduced"], edge["not reproduced"]) <= limit(most, draws)


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
    assert worse["not reproduced"] > 10  # both seeds in one clump, half of the time


@pytest.mark.slow
def test_a_family_without_a_true_claim_has_a_false_one_at_most_one_time_in_twenty():
    found = families(400)
    assert found.pop("Satterthwaite") > limit(5, 400)  # why its degrees of freedom are not used
    for share in found.values():
        assert share <= limit(5, 400)


@pytest.mark.slow
def test_the_planned_power_of_a_claim_holds():
    for *_, planned, found in claim_rows(1500):
        assert float(found) == pytest.approx(float(planned), abs=3 * 100 * math.sqrt(0.25 / 1500))
