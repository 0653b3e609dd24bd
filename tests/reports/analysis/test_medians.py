"""Bins of p_update, judged by the median of their networks."""

import statistics
from dataclasses import replace

import pytest
from reference.reports import rows_of
from sgbench.reports.analysis.medians import bins
from sgbench.reports.analysis.select import select
from sgbench.reports.pages.exhibit import build
from sgbench.reproductions.exhibits.exhibit import expand

MINUS = "\N{MINUS SIGN}"


def at_paper(make, population_exhibit, errors, p, rule="dni", decoupled="update"):
    """A report of some networks of one bin: `errors` by p_update and seed."""
    cells = [
        cell
        for cell in expand(population_exhibit, "paper")
        if (cell.rule, cell.decoupled) == (rule, decoupled) and cell.p_update in p
    ]
    records = [
        make.network(cell, error, scale="paper") for cell, error in zip(cells, errors, strict=True)
    ]
    return build(population_exhibit, "paper", records, ("csv", "md"))


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        # the paper has 2.15 ± 0.3 over 0.4 to 0.6: 0.46, 0.53 and 0.6, of two seeds each
        ([2.1, 2.2, 2.3, 2.0, 2.4, 2.25], "reproduced"),
        ([2.1, 2.2, 2.3, 2.0, 2.6, 2.25], "inconclusive"),
        ([2.51, 2.6, 2.7, 2.8, 2.5, 2.9], "not reproduced"),
        ([2.2] * 6, "inconclusive"),  # no spread to judge by
    ],
)
def test_a_bin_is_judged_by_its_median(population_exhibit, make, errors, verdict):
    report = at_paper(make, population_exhibit, errors, (0.46, 0.53, 0.6))
    (row,) = (
        row
        for row in rows_of(report, "p_update-paper-medians.csv")
        if (row["rule"], row["above"], row["at"]) == ("dni", "0.4", "1.0")
    )
    assert (row["n"], row["paper"], row["verdict"], row["grade"]) == ("6", "2.15", verdict, "F")
    assert float(row["median"]) == statistics.median(errors)
    low, high = min(errors), max(errors)  # of six, at 90 % and 95 %
    assert (float(row["low95"]), float(row["high95"])) == (low, high)
    inside, outside = low >= 1.85 and high <= 2.45, low > 2.45 or high < 1.85
    by_hand = "reproduced" if inside else "not reproduced" if outside else "inconclusive"
    assert verdict == (by_hand if low != high else "inconclusive")
    page = report.files["p_update-paper.md"].decode()
    assert f"{statistics.median(errors):.2f} \\[{low:.2f}, {high:.2f}\\] (6)" in page
    assert "## Table" not in page  # 21 values of p_update are no table: their bins are


def test_a_diverged_network_is_no_evidence_for_its_bin(population_exhibit, make):
    cells = [
        cell
        for cell in expand(population_exhibit, "paper", seeds=3)
        if (cell.rule, cell.decoupled) == ("dni", "update") and cell.p_update in (0.46, 0.53, 0.6)
    ]
    records = [make.network(cell, 2.1 + 0.01 * n) for n, cell in enumerate(cells)]
    (*_, last) = records
    records[-1] = replace(last, status="diverged", test_error=None)
    found = [
        b for b in bins(select(population_exhibit, "paper", records)) if b.verdict != "not run"
    ]
    (end,) = (one for one in found if one.paper.at == 1.0)
    assert (end.found.n, end.diverged, end.verdict) == (8, 1, "inconclusive")
