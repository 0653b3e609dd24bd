"""The operating curve of verdicts on medians: its populations are what it says, and errors hold."""

import statistics

import numpy as np
import pytest
from benchmarks import median_curve
from benchmarks.median_curve import bins, paper_median, population, processes, shares
from benchmarks.test_verdict_curve import limit
from sgbench.reports.analysis.verdicts.medians import median_over, support
from sgbench.reproductions.exhibits.exhibit import expand, load

P = np.array(sorted({cell.p_update for cell in expand(load("p_update"), "paper")}))
FLAT = (P, np.full(len(P), 3.0), np.full(len(P), 0.1))
STEEP = (P, 2 + 2 * (1 - P), np.full(len(P), 0.1))


def test_a_process_has_the_means_of_the_records_and_their_relative_spread():
    p, means, deviations = median_curve._shape(
        {0.5: {0: 4.0, 1: 4.4}, 0.25: {0: 8.0, 1: 8.8}, 1.0: {0: 2.0}}
    )
    assert p.tolist() == [0.25, 0.5, 1.0]
    assert means.tolist() == pytest.approx([8.4, 4.2, 2.0])
    relative = statistics.stdev([4.0, 4.4]) / 4.2
    assert (deviations / means).tolist() == pytest.approx([relative] * 3)
    for panel, (values, found, spread) in processes().items():
        assert panel in median_curve.PANELS
        assert len(values) == len(P)
        assert found[0] > found[-1] > 1
        assert np.all(spread > 0)


def test_populations_have_the_spread_that_they_are_given_and_the_share_in_common():
    rng = np.random.default_rng(0)
    for share in median_curve.SHARES:
        errors = population(rng, FLAT, share, 4000)
        assert errors.std(axis=0).mean() == pytest.approx(0.1, rel=0.03)
        pair = np.corrcoef(errors[:, 3], errors[:, 12])[0, 1]
        assert pair == pytest.approx(share, abs=0.05)
    assert np.allclose(errors * 100, np.round(errors * 100))


def test_the_papers_median_is_of_the_curve_in_the_bin():
    rng, known = np.random.default_rng(0), bins("update")[-1]
    still = (P, STEEP[1], np.zeros(len(P)))
    found = [paper_median(rng, still, known) for _ in range(500)]
    taken = support(known, dict(enumerate(P)))
    wanted = median_over(known, P[taken], still[1][taken])
    assert statistics.fmean(found) == pytest.approx(wanted, abs=0.02)
    assert max(found) - min(found) < 2 * known.reading + 0.03  # by reading, and where networks are


def test_the_ends_of_a_bin_are_those_that_a_report_takes():
    by_end = {one.up_to: [P[n] for n in support(one, dict(enumerate(P)))] for one in bins("both")}
    assert by_end[0.05] == [0.01, 0.025, 0.05]
    assert by_end[0.2] == [0.1, 0.13, 0.16, 0.2]
    assert by_end[1] == [0.8, 0.9, 1]


@pytest.mark.parametrize("share", median_curve.SHARES)
def test_nominal_errors_hold(share):
    draws, known = 300, next(one for one in bins("update") if one.up_to == 0.6)
    for shape in (FLAT, STEEP):
        same, near, _, far, edge = shares(known, shape, share, draws)
        assert same[1] <= limit(5, draws)
        assert max(edge) <= limit(5, draws)
        assert same[0] > near[0] > far[0]
        assert far[1] > 90
