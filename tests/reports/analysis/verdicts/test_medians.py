"""Bins of p_update, judged by a number per seed: the median over the bin of the seed's curve."""

import statistics
from dataclasses import replace

import numpy as np
import pytest
import scipy.stats
from reference.population import EXHIBIT, first_half
from reference.reports import rows_of
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.medians import bins
from sgbench.reports.analysis.verdicts.places import FAIR_SAMPLE
from sgbench.reports.pages.exhibit import build
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.exhibits.parser import parse

SEEDS = 5
P = (0.4, 0.46, 0.53, 0.6)  # the bin from 0.4 to 0.6, and the value at its lower end


@pytest.fixture(scope="module")
def exhibit():
    """The population, of five seeds, its medians read to 0.1 of 80 networks."""
    begin, end = EXHIBIT.split("[scales.paper]")
    text = f"{begin}[scales.paper]{end.replace('seeds = 2', 'seeds = 5', 1)}"
    how = 'grade = "F"\nreading = 0.1\nnetworks = 80\ncut = 5.2\n'
    return parse("p_update", text.replace('grade = "F"\n', how))


def networks(make, exhibit, error, at=1.0, rule="dni", decoupled="update", p=P):
    """Records of networks whose error at a fraction of training is `error(p, seed)`."""
    found = []
    for cell in expand(exhibit, "paper"):
        if (cell.rule, cell.decoupled) == (rule, decoupled) and cell.p_update in p:
            record = make.network(cell, error(cell.p_update, cell.seed), scale="paper")
            wanted = round(at * cell.iterations)
            curve = [
                {**point, "error": error(cell.p_update, cell.seed)}
                if point["iteration"] == wanted
                else point
                for point in record.curve
            ]
            found.append(replace(record, curve=curve))
    return found


def judged(exhibit, records, above=0.4, at=1.0):
    found = bins(select(exhibit, "paper", records))
    (one,) = (b for b in found if b.found and (b.paper.above, b.paper.at) == (above, at))
    return one


@pytest.mark.parametrize(
    ("offset", "spread", "within", "drawn", "verdict"),
    [
        (0.0, 0.05, "yes", "yes", "reproduced"),  # the paper has 2.15 ± 0.3
        (0.0, 0.4, "undecided", "yes", "inconclusive"),
        (1.0, 0.05, "no", "no", "not reproduced"),
        (0.2, 0.02, "yes", "no", "inconclusive"),
        (0.0, 0.0, "yes", "yes", "reproduced"),
    ],
)
def test_a_bin_is_judged_by_a_number_a_seed(
    make, exhibit, offset, spread, within, drawn, verdict
):  # fmt: skip
    noise = (-1.0, 0.5, 0.0, 1.0, -0.5)

    def error(p, seed):
        return 2.15 + offset + spread * noise[seed]

    one = judged(exhibit, networks(make, exhibit, error))
    assert (one.within, one.drawn, one.verdict) == (within, drawn, verdict)
    assert (one.found.n, one.networks, one.seeds) == (SEEDS, 20, SEEDS)
    medians = [error(0.5, seed) for seed in range(SEEDS)]
    assert one.found.mean == pytest.approx(statistics.mean(medians))
    if spread:
        half = scipy.stats.t.ppf(0.975, SEEDS - 1) * statistics.stdev(medians) / SEEDS**0.5
        assert one.found.high - one.found.mean == pytest.approx(half)


def test_the_median_is_that_of_the_curve_over_the_bin_whatever_values_span_it(make, exhibit):
    def error(p, seed):
        return 1.0 + 2.0 * p + 0.01 * seed

    one = judged(exhibit, networks(make, exhibit, error))
    grid = np.linspace(0.4, 0.6, 10_001)
    expected = statistics.mean(float(np.median(error(grid, seed))) for seed in range(SEEDS))
    assert one.found.mean == pytest.approx(expected, abs=1e-3)  # of the networks' own: 0.03 more
    without_end = networks(make, exhibit, error, p=P[1:])
    assert not [b for b in bins(select(exhibit, "paper", without_end)) if b.found]


def test_seeds_that_share_p_update_are_not_independent_networks(make, exhibit):
    """A shift that all networks of a seed share is the spread over seeds, not over networks."""
    shift = (0.4, -0.4, 0.0, 0.35, -0.35)
    one = judged(exhibit, networks(make, exhibit, lambda p, seed: 2.15 + shift[seed]))
    assert one.verdict == "inconclusive"
    assert one.found.high - one.found.low > 0.6


@pytest.mark.parametrize(
    ("error", "verdict"),
    [(9.0, "reproduced"), (5.15, "reproduced"), (4.0, "not reproduced"), (4.95, "inconclusive")],
)
def test_a_median_that_is_cut_off_is_tested_on_one_side(make, exhibit, error, verdict):
    p = (0.02, 0.04, 0.07)  # the first bin, to 0.05, and beyond it, where no value is at its end
    spread = 0.1 if verdict == "inconclusive" else 0.01
    records = networks(make, exhibit, lambda p, seed: error + spread * (seed - 2), 0.5, p=p)
    one = judged(exhibit, records, above=0.0, at=0.5)
    assert (one.paper.censored, one.paper.value, one.verdict) == (True, 5.2, verdict)
    page = build(exhibit, "paper", records, ("md",)).files["p_update-paper.md"].decode()
    assert r"paper \> 5.2" in page


def test_a_diverged_network_is_no_evidence_for_its_bin(make, exhibit):
    records = networks(make, exhibit, lambda p, seed: 2.1 + 0.01 * seed)
    records[-1] = replace(records[-1], status="diverged", test_error=None)
    one = judged(exhibit, records)
    assert (one.found.n, one.diverged, one.verdict) == (SEEDS - 1, 1, "inconclusive")


def test_a_diverged_network_beyond_an_end_is_no_evidence_either(make, exhibit):
    """A seed's curve over the bin ends at it."""
    records = networks(make, exhibit, lambda p, seed: 2.1 + 0.01 * seed)
    records = [
        replace(r, status="diverged", test_error=None) if (r.p_update, r.seed) == (0.4, 2) else r
        for r in records
    ]
    one = judged(exhibit, records)
    assert 0.4 not in {cell.p_update for cell in one.cells}
    assert (one.found.n, one.diverged, one.decides) == (SEEDS - 1, 1, FAIR_SAMPLE)


def test_seeds_wait_for_the_plan(make, exhibit):
    records = networks(make, exhibit, lambda p, seed: 2.1 + 0.01 * seed)
    one = judged(exhibit, [r for r in records if r.seed < 3])
    assert (one.found.n, one.verdict, one.decides) == (
        3,
        "inconclusive",
        "2 declared seeds to come",
    )


def test_a_bin_has_its_line_in_csv_and_on_the_page(make, exhibit):
    records = networks(make, exhibit, lambda p, seed: 2.1 + 0.01 * seed)
    report = build(exhibit, "paper", records, ("csv", "md"))
    (row,) = (
        row
        for row in rows_of(report, "p_update-paper-medians.csv")
        if (row["rule"], row["above"], row["at"]) == ("dni", "0.4", "1.0")
    )
    assert (row["n"], row["networks"], row["paper"], row["grade"]) == ("5", "20", "2.15", "F")
    assert (row["verdict"], row["within"], row["drawn"]) == ("reproduced", "yes", "yes")
    page = report.files["p_update-paper.md"].decode()
    assert "2.12 ± 0.02 (5)" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert "## Table" not in page  # 21 values of p_update are no table: their bins are


def test_every_bin_of_the_papers_figures_can_be_judged_by_its_design():
    """Values reach both ends of a bin, or at 0 as far as an error can be told."""
    exhibit = load("p_update")
    values = sorted(exhibit.scale("paper").values("p_update"))
    for median in (*exhibit.medians, *exhibit.cut_off):
        inside = [p for p in values if median.above < p <= median.up_to]
        assert inside[-1] == median.up_to  # the curve spans the bin
        assert median.above in (0.0, *values)
        assert min(inside) < (median.above + median.up_to) / 2 + 0.1


def test_the_first_part_of_a_schedule_answers_what_it_has_reached(make, exhibit):
    """Records of `run --until`: a reading is known where the curve has it, whatever comes later."""
    whole = networks(make, exhibit, lambda p, seed: 3.1 + 0.01 * seed, at=0.5)
    half = list(map(first_half, whole))
    early, late = judged(exhibit, whole, at=0.5), judged(exhibit, half, at=0.5)
    assert (late.found, late.verdict, late.networks) == (early.found, early.verdict, 20)
    (end,) = (
        b
        for b in bins(select(exhibit, "paper", half))
        if (b.paper.above, b.paper.at) == (0.4, 1.0) and b.cell.has({"rule": "dni"})
        and b.cell.decoupled == "update"
    )  # fmt: skip
    assert (end.verdict, end.found, end.networks) == ("not run", None, 0)
