"""Claims: paired tests, adjusted by Holm, each with its verdict."""

import statistics
from dataclasses import replace

import pytest
import scipy.stats
from reference.population import BOTH, UPDATE
from reference.reports import cells_of, rows_of
from sgbench.bench.errors import UsageError
from sgbench.reports.analysis.claims import claims, unreproduced
from sgbench.reports.analysis.select import select
from sgbench.reports.analysis.wording import at
from sgbench.reports.pages.exhibit import build
from sgbench.reproductions.exhibits.exhibit import expand

MINUS = "\N{MINUS SIGN}"


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


def test_a_claim_of_more_is_a_paired_test_of_left_minus_factor_times_right(table2, make):
    values = {"dni": [14, 15, 15], "bptt": [7, 8, 7]}
    records = [
        make.record(cell, values[cell.rule][cell.seed], scale="paper")
        for rule in values
        for cell in cells_of(table2, "paper", seeds=3, dataset="copy", T=3, rule=rule)
    ]
    rows = {row.test.claim.name: row for row in claims(select(table2, "paper", records)) if row.p}
    assert set(rows) == {"dni-longer", "dni-longer-by-factor"}
    raw = {}
    for name, factor in (("dni-longer", 1.0), ("dni-longer-by-factor", 1.75)):
        row, differences = (
            rows[name],
            [left - factor * right for left, right in zip(*values.values(), strict=True)],
        )
        assert row.values == pytest.approx(differences)
        test = scipy.stats.ttest_1samp(differences, 0.0, alternative="greater")
        raw[name] = float(test.pvalue)
        assert row.means == pytest.approx([44 / 3, 22 / 3])
        assert row.paper == (14, 8)
    first, second = sorted(raw, key=raw.get)
    assert rows[first].p == pytest.approx(2 * raw[first])
    assert rows[second].p == pytest.approx(max(2 * raw[first], raw[second]))
    assert rows["dni-longer"].verdict == "reproduced"


def test_the_contrary_of_a_claim_of_more_is_not_reproduced(table2, make):
    records = [
        make.record(cell, {"dni": 8, "bptt": 20}[cell.rule] + (cell.seed == 1), scale="paper")
        for cell in cells_of(table2, "paper", dataset="copy", T=3)
        if cell.rule != "dni_aux"
    ]
    records[0] = make.record(records[0].cell, 19, scale="paper")
    found = {r.test.claim.name: r.verdict for r in claims(select(table2, "paper", records)) if r.p}
    assert found == {
        "dni-longer": "not reproduced",
        "dni-longer-by-factor": "not reproduced",
    }


def test_fewer_bits_are_better(table2, make):
    bits = {"dni": [1.36, 1.361, 1.36], "bptt": [1.40, 1.402, 1.404]}
    records = [
        make.record(cell, bits[cell.rule][cell.seed], scale="paper")
        for rule in bits
        for cell in cells_of(table2, "paper", seeds=3, dataset="ptb", T=3, rule=rule)
    ]
    (row,) = (r for r in claims(select(table2, "paper", records)) if r.p is not None)
    assert (row.test.claim.name, row.verdict) == ("dni-fewer-bits", "reproduced")
    assert row.values == pytest.approx([-0.04, -0.041, -0.044])


def records_of(two_networks, make, scale, values, seeds):
    """Records with `values` of B by rule and seed; A's are a tenth."""
    return [
        make.record(cell, values[cell.rule][cell.seed], scale=scale, exhibit="two_networks")
        for cell in expand(two_networks, scale, seeds=seeds)
    ]


def test_a_claim_compares_the_result_that_it_names(two_networks, make):
    values = {
        "end_to_end": [31.0, 32.0, 30.0],
        "no_feedback": [65.0, 66.5, 64.0],
        "dni": [33.0, 34.5, 31.0],
    }
    rows = claims(select(two_networks, "paper", records_of(two_networks, make, "paper", values, 3)))
    by_name = {row.test.claim.name: row for row in rows}
    assert set(by_name) == {"dni-feeds-back", "dni-near-end-to-end", "dni-costs-a-nothing"}
    b, a = by_name["dni-feeds-back"], by_name["dni-costs-a-nothing"]
    assert b.values == pytest.approx([-32.0, -32.0, -33.0])
    assert a.values == pytest.approx([-3.2, -3.2, -3.3])
    assert (b.paper, a.paper) == ((33, 65), (5.6, 5.6))
    near = by_name["dni-near-end-to-end"]
    assert near.values == pytest.approx([2.0, 2.5, 1.0])
    raw = scipy.stats.ttest_1samp(near.values, 5.0, alternative="less").pvalue
    assert raw <= near.p <= 3 * raw
    assert {row.verdict for row in rows} == {"reproduced"}


def test_a_claim_compares_two_values_of_p_update(small_population, make):
    def records(gap):
        return [
            make.network(cell, 2.2 + (gap if cell.p_update < 1 else 0) + 0.01 * cell.seed)
            for cell in expand(small_population, "paper", seeds=3)
            if cell.p_update in (0.2, 1)
        ]

    shifted = [
        replace(r, test_error=r.test_error + (0.02 if (r.seed, r.p_update) == (1, 1.0) else 0))
        for r in records(0.1)
    ]
    selection = select(small_population, "paper", shifted)
    rows = [row for row in claims(selection) if row.test.claim.kind == "below"]
    assert [at(selection.exhibit, row.test.place) for row in rows] == [
        f"MNIST {what} {rule}" for rule in ("DNI", "cDNI") for what in (UPDATE, BOTH)
    ]
    assert {row.verdict for row in rows} == {"reproduced"}
    assert rows[0].values == pytest.approx((0.1, 0.08, 0.1))
    assert rows[0].paper == (2.5, 2.2)
    page = build(small_population, "paper", shifted, ("md",)).files["p_update-paper.md"].decode()
    assert "DNI p = 0.2 2.31, DNI p = 1 2.22<br>paper DNI p = 0.2 2.5, DNI p = 1 2.2<br>" in page


@pytest.mark.parametrize(
    ("scale", "errors", "verdict"),
    [
        ("paper", [2.0, 2.1, 2.05], "reproduced"),
        ("paper", [2.4, 2.6, 2.45], "inconclusive"),
        ("paper", [3.0, 3.1, 3.05], "not reproduced"),
        ("quick", [2.0, 2.1, 2.05], "reproduced"),
        ("quick", [3.0, 3.1, 3.05], "not comparable"),  # on another schedule
    ],
)
def test_a_level_is_reached(small_population, make, scale, errors, verdict):
    fields = ("cdni", "both", 0.2)
    cells = [
        cell
        for cell in expand(small_population, scale, seeds=3)
        if (cell.rule, cell.decoupled, cell.p_update) == fields
    ]
    records = [make.network(cell, e) for cell, e in zip(cells, errors, strict=True)]
    selection = select(small_population, scale, records)
    (row,) = (row for row in claims(selection) if row.test.claim.kind == "reaches")
    assert row.values == tuple(errors)
    assert (row.test.margin, row.means, row.verdict) == (
        2.5,
        (pytest.approx(statistics.mean(errors)),),
        verdict,
    )
    less = scipy.stats.ttest_1samp(errors, 2.5, alternative="less").pvalue
    assert row.p == pytest.approx(less)  # the only row that is tested
    report = build(small_population, scale, records, ("md", "csv"))
    page = report.files[f"p_update-{scale}.md"].decode()
    assert f"mean {statistics.mean(errors):.2f}" in page
    assert "claimed \\< 2.5" in page
    assert ("this scale misses the level" in page) == (verdict == "not comparable")
    line = next(
        r for r in rows_of(report, f"p_update-{scale}-claims.csv") if r["kind"] == "reaches"
    )
    assert (line["rule"], line["decoupled"], line["p_update"]) == ("cdni", "both", "0.2")
    assert (line["margin"], line["verdict"]) == ("2.5", verdict)
