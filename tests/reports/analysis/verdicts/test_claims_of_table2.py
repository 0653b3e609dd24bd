"""Claims about lengths and bits: exact tests, least p, and means over a field."""

import statistics
from dataclasses import replace

import pytest
import scipy.stats
from reference.reports import cells_of
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.claims import claims
from sgbench.reproductions.exhibits.exhibit import expand


def lengths(table2, make, dni, bptt, *, dataset="copy", T=3):
    """Records of five seeds, by rule."""
    values = {"dni": dni, "bptt": bptt}
    return [
        make.record(cell, values[cell.rule][cell.seed], scale="paper")
        for rule in values
        for cell in cells_of(table2, "paper", dataset=dataset, T=T, rule=rule)
    ]


def test_a_length_is_compared_by_an_exact_test_of_left_against_factor_times_right(table2, make):
    dni, bptt = [14, 15, 15, 13, 16], [7, 8, 7, 8, 7]
    rows = [r for r in claims(select(table2, "paper", lengths(table2, make, dni, bptt))) if r.p]
    (row,) = rows
    assert row.test.claim.name == "dni-longer-by-factor"
    differences = [left - 1.75 * right for left, right in zip(dni, bptt, strict=True)]
    assert row.values == pytest.approx(differences)
    assert row.means == pytest.approx([14.6, 7.4])
    assert row.paper == (14, 8)
    shifted = [1.75 * right - 1.375 for right in bptt]  # widened by the paper's rounding
    raw = scipy.stats.permutation_test(
        (dni, shifted), lambda a, b: statistics.mean(a) - statistics.mean(b),
        alternative="greater", n_resamples=1000,
    ).pvalue  # fmt: skip
    assert row.p == pytest.approx(12 * raw)


def test_dni_at_16_against_bptt_at_7_in_all_five_seeds_is_decided(table2, make):
    records = lengths(table2, make, [16] * 5, [7] * 5, T=2)
    (row,) = (r for r in claims(select(table2, "paper", records)) if r.p is not None)
    assert row.p == pytest.approx(12 / 252)  # the least p of five seeds, over twelve tests
    assert (row.test.claim.name, row.verdict) == ("dni-longer-by-factor", "reproduced")
    swapped = lengths(table2, make, [7] * 5, [16] * 5, T=2)
    (row,) = (r for r in claims(select(table2, "paper", swapped)) if r.p is not None)
    assert row.verdict == "not reproduced"


def test_a_paired_exact_test_has_its_least_p(table2, make):
    """In an exhibit that claims it alone and pairs it, five seeds have 2^-5."""
    claim = next(c for c in table2.claims if c.name == "dni-longer")
    one = replace(claim, over=None, each=("dataset", "T"), pairing="paired")
    alone = replace(table2, claims=(replace(one, where={"T": 2, "dataset": "copy"}),))
    (row,) = claims(select(alone, "paper", lengths(table2, make, [16] * 5, [7] * 5, T=2)))
    assert (row.p, row.verdict) == (1 / 32, "reproduced")


def test_seeds_that_no_outcome_could_decide_say_so(table2, make):
    def solved(cell):
        return {"dni": 16, "bptt": 7}.get(cell.rule, 9)

    cells = [c for c in expand(table2, "quick") if c.dataset == "copy"]
    rows = claims(select(table2, "quick", [make.record(c, solved(c)) for c in cells]))
    (row,) = (r for r in rows if r.verdict not in ("not run", "not comparable"))
    assert (row.test.claim.name, row.verdict) == ("dni-longer", "undecided")
    assert row.decides == "with 2 seeds no p below 0.05 is possible"  # 1 / C(4, 2)


def test_seeds_that_only_a_smaller_family_could_decide_say_so(table2, make):
    """Holm multiplies the least p of four seeds, 1 / C(8, 4), by twelve, or by three at last."""
    four = replace(
        table2, scales={**table2.scales, "quick": replace(table2.scales["quick"], seeds=4)}
    )
    cells = [c for c in expand(four, "quick") if c.dataset == "copy" and c.rule in ("dni", "bptt")]
    records = [make.record(c, {"dni": 16, "bptt": 7}[c.rule]) for c in cells]
    (row,) = (r for r in claims(select(four, "quick", records)) if r.p is not None)
    assert (row.verdict, row.p) == ("undecided", pytest.approx(12 / 70))
    assert row.decides == "with 4 seeds p is below 0.05 only if other tests are decided first"


def test_a_difference_is_averaged_over_the_values_of_a_field(table2, make):
    bits = {"dni": [1.36, 1.361, 1.36, 1.359, 1.362], "bptt": [1.40, 1.402, 1.404, 1.401, 1.4]}
    records = [
        make.record(cell, bits[rule][cell.seed] - 0.001 * cell.T, scale="paper")
        for rule in bits
        for cell in cells_of(table2, "paper", dataset="ptb", rule=rule)
        if cell.T <= 8
    ]
    (row,) = (r for r in claims(select(table2, "paper", records)) if r.p is not None)
    assert (row.test.claim.name, row.verdict) == ("dni-fewer-bits", "reproduced")
    assert row.values == pytest.approx([-0.04, -0.041, -0.044, -0.042, -0.038])
    assert row.paper == (pytest.approx(1.354), pytest.approx(1.3714))
    assert len(row.cells) == 10
    raw = scipy.stats.ttest_1samp(row.values, 0.0, alternative="less").pvalue
    assert row.p == pytest.approx(12 * raw)
