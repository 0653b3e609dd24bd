"""The figure of claims: each number that is tested is drawn beside its bound and the paper's."""

import itertools
import statistics
from dataclasses import replace

import pytest
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.claims import claims
from sgbench.reports.figures.claims import drawing
from sgbench.reproductions.exhibits.exhibit import expand, load


@pytest.fixture
def quick(table1, make):
    records = make.grid(table1, "quick", lambda c: (c.dataset, c.network) == ("mnist", "fcn"))
    return select(table1, "quick", records)


def row(found, words, label="MNIST"):
    (one,) = [r for r in found.rows if words in r.claim and r.label == label]
    return one


def test_a_difference_stands_beside_its_bound_and_the_papers(quick):
    found = drawing(quick, claims(quick))
    one = row(found, "cDNI's error is below DNI's")
    frame = quick.frame[(quick.frame["depth"] == 6)]
    error = {
        rule: frame[(frame["rule"] == rule) & (frame["sg_layers"] == layers)]["test_error"].tolist()
        for rule, layers in (("cdni", 0), ("dni", 2))
    }
    each = [c - d for c, d in zip(error["cdni"], error["dni"], strict=True)]
    assert one.seeds == pytest.approx(each)
    assert one.mean == pytest.approx(statistics.fmean(each))
    assert (one.low, one.high) == (None, None)  # of three seeds
    assert one.paper == pytest.approx(1.6 - 4.3)
    assert (one.bound, one.above, one.unit) == (0, False, "difference (points)")


def test_a_slope_of_the_paper_is_that_of_its_numbers(quick):
    one = row(drawing(quick, claims(quick)), "DNI's error grows with depth")
    numbers, depths = (1.9, 2.2, 3.4, 4.3), (3, 4, 5, 6)
    expected = statistics.linear_regression(depths, numbers).slope
    assert one.paper == pytest.approx(expected)
    assert one.above
    assert one.unit == "slope over depth (points a layer)"
    assert one.verdict == "not comparable"


def test_rows_of_one_unit_and_claim_follow_one_another(quick):
    rows = drawing(quick, claims(quick)).rows
    for name in ("unit", "claim"):
        runs = [getattr(a, name) != getattr(b, name) for a, b in itertools.pairwise(rows)]
        assert sum(runs) + 1 == len({getattr(r, name) for r in rows})


def test_from_five_seeds_on_there_is_an_interval_and_no_level_has_a_negative_one(make):
    deep = load("deep")
    cells = expand(deep, "paper", seeds=7)
    records = [
        make.record(c, abs(2.0 + 4 * (c.seed - 3)) + 0.01, scale="paper", exhibit="deep")
        for c in cells
        if c.rule == "cdni" and c.depth == 21
    ]
    scale = replace(deep.scale("paper"), seeds=7)
    seven = replace(deep, scales={**deep.scales, "paper": scale})
    selection = select(seven, "paper", records)
    one = row(drawing(selection, claims(selection)), "21")
    assert one.seeds == ()
    assert 0.0 <= one.low < one.mean < one.high
    assert one.paper == 2.0


def test_the_title_counts_verdicts_and_tells_ours_apart(make):
    deep = load("deep")
    selection = select(deep, "quick", make.grid(deep, "quick"))
    results = claims(selection)
    found = drawing(selection, results)
    ours = sum(r.ours for r in results)
    assert ours
    assert sum(one.claim.endswith("(ours)") for one in found.rows) == ours
    said = found.title.partition("Comparisons of ours: ")[2]
    counted = [int(word) for word in said.replace("all ", "").split() if word.isdigit()]
    assert sum(counted) == ours
    assert found.title.endswith("(scale quick)")


def test_without_results_there_is_no_figure(table1):
    selection = select(table1, "quick", [])
    assert drawing(selection, claims(selection)) is None
