"""Verdicts of places."""

import statistics

import pytest
import scipy.stats
from reference.reports import cells_of
from sgbench.bench import datasets
from sgbench.reports.analysis.select import select
from sgbench.reports.analysis.verdicts import places
from sgbench.reproductions.exhibits.exhibit import expand

MINUS = "\N{MINUS SIGN}"


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


def judged_at_paper(table2, make, values, **fields):
    cells = cells_of(table2, "paper", seeds=len(values), **fields)
    records = [make.record(c, v, scale="paper") for c, v in zip(cells, values, strict=True)]
    (place,) = (p for p in places(select(table2, "paper", records)) if p.verdict != "not run")
    return place


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        # the paper has 39, the tenth rung; 33 is the ninth, so six steps of T_task are one rung
        ([39, 39, 39, 39, 33], "reproduced"),
        ([28, 28, 28, 28, 33], "not reproduced"),
        ([45, 39, 33, 28, 39], "inconclusive"),
        ([39, 39, 39, 39, 39], "inconclusive"),  # no spread to judge by
    ],
)
def test_a_length_is_judged_in_rungs_of_the_curriculum(table2, make, values, verdict):
    place = judged_at_paper(table2, make, values, dataset="repeat_copy", T=2, rule="dni")
    assert (place.paper, place.margin, place.grade) == (39, 1, "T")
    lengths = [level.length for level in datasets.load("repeat_copy").levels]
    numbers = [lengths.index(value) for value in values]
    half = scipy.stats.t.ppf(0.95, 4) * statistics.stdev(numbers) / 5**0.5
    low, high = statistics.mean(numbers) - half, statistics.mean(numbers) + half
    target = lengths.index(39)
    inside = target - 1 <= low and high <= target + 1
    outside = high < target - 1 or low > target + 1
    by_hand = "reproduced" if inside else "not reproduced" if outside else "inconclusive"
    assert place.verdict == verdict
    assert verdict == (by_hand if len(set(values)) > 1 else "inconclusive")
    assert place.interval.mean == pytest.approx(statistics.mean(values))  # shown in T_task


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([1.370, 1.372, 1.368], "reproduced"),
        ([1.390, 1.392, 1.388], "not reproduced"),
        ([1.370, 1.380, 1.390], "inconclusive"),
    ],
)
def test_bits_are_judged_as_they_are(table2, make, values, verdict):
    place = judged_at_paper(table2, make, values, dataset="ptb", T=2, rule="dni")
    assert (place.paper, place.margin, place.verdict) == (1.37, 0.01, verdict)


def test_no_level_solved_is_a_result_of_zero(table2, make):
    place = judged_at_paper(table2, make, [0, 4, 4], dataset="copy", T=2, rule="bptt")
    assert place.interval.mean == pytest.approx(8 / 3)
    assert place.verdict != "not run"


def records_of(two_networks, make, scale, values, seeds):
    """Records with `values` of B by rule and seed; A's are a tenth."""
    return [
        make.record(cell, values[cell.rule][cell.seed], scale=scale, exhibit="two_networks")
        for cell in expand(two_networks, scale, seeds=seeds)
    ]


def test_each_result_has_its_verdict(two_networks, make):
    values = {
        "end_to_end": [31.0, 31.2, 30.9],  # A: 3.1, where the paper has 6
        "no_feedback": [56.0, 56.2, 55.9],  # A: 5.6, as the paper; B: 65 there
        "dni": [33.0, 40.0, 26.0],
    }
    found = places(
        select(two_networks, "paper", records_of(two_networks, make, "paper", values, 3))
    )
    got = {(p.cell.rule, p.result): (p.paper, p.margin, p.grade, p.verdict) for p in found}
    assert got == {
        ("end_to_end", "error_a"): (6, 1, "F", "not reproduced"),
        ("end_to_end", "error_b"): (31, 1, "F", "reproduced"),
        ("no_feedback", "error_a"): (5.6, 1, "F", "reproduced"),
        ("no_feedback", "error_b"): (65, 1, "F", "not reproduced"),
        ("dni", "error_a"): (5.6, 1, "F", "not reproduced"),
        ("dni", "error_b"): (33, 1, "F", "inconclusive"),
    }
    means = {(p.cell.rule, p.result): p.interval.mean for p in found}
    for rule, some in values.items():
        assert means[rule, "error_b"] == pytest.approx(sum(some) / 3)
        assert means[rule, "error_a"] == pytest.approx(sum(some) / 30)


def test_a_failure_has_no_result(two_networks, make):
    (cell,) = (c for c in expand(two_networks, "demo", seeds=1) if c.rule == "dni")
    failed = make.record(cell, 30.0, status="failed", reason="no memory")
    assert failed.error_a is failed.error_b is None
    found = [p for p in places(select(two_networks, "demo", [failed])) if p.cell.rule == "dni"]
    assert [(p.interval, p.lost["failed"]) for p in found] == [(None, 1), (None, 1)]
