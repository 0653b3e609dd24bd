"""Verdicts of places and claims."""

import statistics
from dataclasses import replace

import pytest
import scipy.stats
from sgbench.bench.errors import UsageError
from sgbench.reports.analysis.select import select
from sgbench.reports.analysis.verdicts import claims, places, unreproduced
from sgbench.reproductions.exhibits.exhibit import expand, load


@pytest.fixture(scope="module")
def table1():
    return load("table1")


def cells_of(table1, scale, **fields):
    found = expand(table1, scale)
    return [c for c in found if all(c.value(n) == v for n, v in fields.items())]


def judged(table1, scale, cells, errors, make, **options):
    records = [make.record(c, e, **options) for c, e in zip(cells, errors, strict=True)]
    found = [p for p in places(select(table1, scale, records)) if p.verdict != "not run"]
    assert len(found) == 1
    return found[0]


BACKPROP = {"dataset": "mnist", "network": "fcn", "depth": 4, "rule": "backprop"}  # 1.8 ± 0.3


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [
        ([1.80, 1.85, 1.75], "reproduced"),
        ([2.50, 2.55, 2.45], "not reproduced"),
        ([2.00, 2.30, 1.90], "inconclusive"),
    ],
)
def test_a_place_by_its_90_percent_interval(table1, make, errors, verdict):
    place = judged(table1, "paper", cells_of(table1, "paper", **BACKPROP), errors, make)
    assert (place.paper, place.margin, place.grade) == (1.8, 0.3, "T")
    half = scipy.stats.t.ppf(0.95, 2) * statistics.stdev(errors) / 3**0.5
    low, high = statistics.mean(errors) - half, statistics.mean(errors) + half
    inside, outside = low >= 1.5 and high <= 2.1, high < 1.5 or low > 2.1
    by_hand = "reproduced" if inside else "not reproduced" if outside else "inconclusive"
    assert place.verdict == verdict == by_hand
    assert (place.seeds_needed is not None) == (verdict == "inconclusive")
    shown = scipy.stats.t.ppf(0.975, 2) * statistics.stdev(errors) / 3**0.5
    assert place.interval.high - place.interval.mean == pytest.approx(shown)


def test_one_seed_is_inconclusive(table1, make):
    place = judged(table1, "paper", cells_of(table1, "paper", **BACKPROP)[:1], [1.8], make)
    assert (place.verdict, place.interval.n, place.interval.low) == ("inconclusive", 1, None)


def test_other_scales_are_not_comparable(table1, make):
    errors = [1.80, 1.85, 1.75]
    place = judged(table1, "quick", cells_of(table1, "quick", **BACKPROP), errors, make)
    assert (place.verdict, place.paper) == ("not comparable", 1.8)


def test_without_records_nothing_was_run(table1):
    for scale in ("quick", "paper"):
        assert {place.verdict for place in places(select(table1, scale, []))} == {"not run"}


def test_only_the_fixed_model_fills_the_papers_place(table1, make):
    errors = [1.9, 1.95, 1.85]
    fields = {"dataset": "mnist", "network": "fcn", "depth": 3, "rule": "dni"}
    for layers, verdict in ((0, "not comparable"), (1, "not comparable"), (2, "reproduced")):
        cells = cells_of(table1, "paper", sg_layers=layers, **fields)
        place = judged(table1, "paper", cells, errors, make)
        assert (place.verdict, place.fills) == (verdict, layers == 2)


def test_diverged_seeds_are_no_evidence_for_the_rest(table1, make):
    cells = [*cells_of(table1, "paper", **BACKPROP)]
    records = [make.record(c, e) for c, e in zip(cells, [1.8, 1.82, None], strict=True)]
    records[2] = make.record(cells[2], 99.0, status="diverged")
    selection = select(table1, "paper", records)
    place = next(p for p in places(selection) if p.verdict != "not run")
    assert place.interval.n == 2
    assert place.interval.mean == pytest.approx(1.81)
    assert place.lost["diverged"] == 1
    assert place.verdict == "inconclusive"


def holm(pvalues):
    order = sorted(range(len(pvalues)), key=pvalues.__getitem__)
    adjusted, worst = [0.0] * len(pvalues), 0.0
    for rank, n in enumerate(order):
        worst = max(worst, min(1.0, (len(pvalues) - rank) * pvalues[n]))
        adjusted[n] = worst
    return adjusted


def test_claims_are_paired_tests_adjusted_by_holm(table1, make):
    records = make.grid(table1, "demo", noise=1.5)
    rows = claims(select(table1, "demo", records))
    assert len(rows) == 11
    error = {(r.network, r.depth, r.rule, r.sg_layers, r.seed): r.test_error for r in records}
    raw = []
    for row in rows:
        claim, left, seeds = row.test.claim, row.test.left, range(3)
        alternative = "greater" if claim.kind == "grows" else "less"
        if claim.kind == "below":
            right = row.test.right
            values = [
                error[left["network"], left["depth"], left["rule"], left["sg_layers"], seed]
                - error[right["network"], right["depth"], right["rule"], right["sg_layers"], seed]
                for seed in seeds
            ]
        else:
            network = left.get("network", row.test.place.get("network"))
            depths = (3, 4, 5, 6) if network == "fcn" else (3, 4)
            values = [
                statistics.linear_regression(
                    depths,
                    [error[network, d, left["rule"], left["sg_layers"], seed] for d in depths],
                ).slope
                for seed in seeds
            ]
        assert row.values == pytest.approx(values)
        test = scipy.stats.ttest_1samp(values, row.test.margin, alternative=alternative)
        raw.append(float(test.pvalue))
    assert [row.p for row in rows] == pytest.approx(holm(raw))
    for row in rows:
        assert (row.verdict == "reproduced") == (row.p < 0.05)
        assert (row.seeds_needed is not None) <= (row.verdict == "inconclusive")
    assert {row.verdict for row in rows} >= {"reproduced", "inconclusive"}
    assert unreproduced(rows) == [row for row in rows if row.verdict != "reproduced"]


def test_the_contrary_of_a_claim_is_not_reproduced(table1, make):
    def fields(cell):
        return cell.network == "fcn" and cell.depth == 6 and cell.rule in ("dni", "cdni")

    records = [
        make.record(cell, (8.0 if cell.rule == "cdni" else 2.0) + 0.01 * cell.seed**2)
        for cell in expand(table1, "demo")
        if fields(cell)
    ]
    noisy = [replace(r, test_error=r.test_error + 0.01 * (r.seed == 1)) for r in records[::2]]
    rows = claims(select(table1, "demo", [*noisy, *records[1::2]]))
    row = next(row for row in rows if row.test.claim.name == "cdni-beats-dni-deep")
    assert row.verdict == "not reproduced"
    assert row.p > 0.95


def test_claims_on_an_unfinished_grid(table1, make):
    rows = claims(select(table1, "demo", []))
    assert {row.verdict for row in rows} == {"not run"}
    one = make.grid(table1, "demo", lambda cell: cell.seed == 0)
    rows = claims(select(table1, "demo", one))
    assert {(row.verdict, row.p, len(row.values)) for row in rows} == {("inconclusive", None, 1)}
    some = make.grid(table1, "demo", lambda cell: cell.rule != "cdni" or cell.seed < 2)
    rows = claims(select(table1, "demo", some))
    counts = {row.test.claim.name: len(row.values) for row in rows}
    assert counts["cdni-beats-dni-deep"] == 2
    assert counts["dni-grows"] == 3


def test_equal_seeds_decide_nothing(table1, make):
    records = [make.record(cell, make.typical(cell)) for cell in expand(table1, "demo")]
    rows = claims(select(table1, "demo", records))
    assert {(row.verdict, row.p) for row in rows} == {("inconclusive", None)}


def test_a_claim_that_names_several_configurations_is_an_error(table1, make):
    claim = next(claim for claim in table1.claims if claim.kind == "below")
    vague = replace(claim, where={"network": "fcn"}, each=("dataset",))
    with pytest.raises(UsageError, match=r"table1\.toml: claim .*must leave one"):
        claims(select(replace(table1, claims=(vague,)), "demo", []))
