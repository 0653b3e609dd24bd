"""Verdicts of places."""

import statistics

import pytest
import scipy.stats
from reference.reports import cells_of
from sgbench.bench import datasets
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.places import FAIR_SAMPLE, places
from sgbench.reproductions.exhibits.exhibit import expand
from sgbench.reproductions.exhibits.where import parse_where
from sgbench.results.statistics.published_mean import differs

MINUS = "\N{MINUS SIGN}"


def judged(table1, scale, cells, errors, make, **options):
    records = [make.record(c, e, **options) for c, e in zip(cells, errors, strict=True)]
    found = [p for p in places(select(table1, scale, records)) if p.verdict != "not run"]
    assert len(found) == 1
    return found[0]


BACKPROP = {"dataset": "mnist", "network": "fcn", "depth": 4, "rule": "backprop"}  # 1.8 ± 0.3


@pytest.mark.parametrize(
    ("errors", "within", "drawn", "verdict"),
    [
        ([1.80, 1.85, 1.75], "yes", "yes", "reproduced"),
        ([2.50, 2.55, 2.45], "no", "no", "not reproduced"),
        ([2.00, 2.30, 1.90], "undecided", "yes", "inconclusive"),
        ([1.95, 1.96, 1.94], "yes", "no", "inconclusive"),
        ([1.80, 1.80, 1.80], "yes", "yes", "reproduced"),  # a grain of 0.01 points
    ],
)
def test_a_place_is_judged_twice(table1, make, errors, within, drawn, verdict):
    place = judged(table1, "paper", cells_of(table1, "paper", **BACKPROP), errors, make)
    assert (place.paper, place.margin, place.grade) == (1.8, 0.3, "T")
    spread = (statistics.variance(errors) + 0.01**2 / 12) ** 0.5
    half = scipy.stats.t.ppf(0.975, 2) * spread / 3**0.5  # no neighbour has results
    low, high = statistics.mean(errors) - half, statistics.mean(errors) + half
    inside, outside = low >= 1.5 and high <= 2.1, high < 1.5 or low > 2.1
    assert place.within == within == ("yes" if inside else "no" if outside else "undecided")
    reach = scipy.stats.t.ppf(0.975, 2) * spread * (4 / 3) ** 0.5 + 0.05  # rounded to 0.1
    near = abs(statistics.mean(errors) - 1.8) <= reach
    assert place.drawn == drawn == ("yes" if near else "no")
    assert place.verdict == verdict
    assert bool(place.decides) == (verdict == "inconclusive")
    assert place.further is None
    shown = scipy.stats.t.ppf(0.975, 2) * statistics.stdev(errors) / 3**0.5
    assert place.interval.high - place.interval.mean == pytest.approx(shown)


def test_one_seed_is_inconclusive(table1, make):
    place = judged(table1, "paper", cells_of(table1, "paper", **BACKPROP)[:1], [1.8], make)
    assert (place.verdict, place.interval.n, place.interval.low) == ("inconclusive", 1, None)
    assert (place.within, place.decides) == (None, "2 declared seeds to come")


def test_seeds_are_judged_when_all_that_are_planned_are_there(table1, make):
    cells = cells_of(table1, "paper", **BACKPROP)
    place = judged(table1, "paper", cells[:2], [1.80, 1.81], make)
    assert (place.verdict, place.decides) == ("inconclusive", "1 declared seed to come")


def test_a_verdict_does_not_depend_on_the_seeds_that_are_shown(table1, make):
    records = [make.record(c, 1.8) for c in cells_of(table1, "paper", **BACKPROP)]
    for there in (records, records[:2]):
        whole = select(table1, "paper", there)
        (all_seeds,) = (p for p in places(whole) if p.verdict != "not run")
        (shown,) = places(whole.narrowed(parse_where(["seed=1"]), ran=True))
        assert (shown.verdict, shown.decides) == (all_seeds.verdict, all_seeds.decides)
        assert (shown.interval.n, all_seeds.interval.n) == (1, len(there))


def test_further_seeds_are_shown_and_not_judged(table1, make):
    cells = cells_of(table1, "paper", seeds=10, **BACKPROP)
    errors = [2.00, 2.30, 1.90, *[1.80] * 7]
    place = judged(table1, "paper", cells, errors, make)
    assert (place.verdict, place.interval.n) == ("inconclusive", 3)
    assert place.interval.mean == pytest.approx(statistics.mean(errors[:3]))
    assert (place.further.n, place.further.mean) == (10, pytest.approx(statistics.mean(errors)))
    records = [make.record(c, 1.8 + 0.01 * c.seed) for c in cells[:3]]
    records.append(make.record(cells[3], 99.0, status="diverged"))
    (place,) = (p for p in places(select(table1, "paper", records)) if p.verdict != "not run")
    assert (place.verdict, place.lost["diverged"]) == ("reproduced", 1)
    only = judged(table1, "paper", cells[3:], errors[3:], make)
    assert (only.verdict, only.interval, only.further.n) == ("inconclusive", None, 7)


@pytest.mark.parametrize(
    ("fields", "baseline"),
    [
        ({"dataset": "mnist", "network": "fcn", "depth": 4, "rule": "cdni"}, 1.8),  # 1.9 ± 0.3
        ({"dataset": "mnist", "network": "fcn", "depth": 4, "rule": "dni"}, None),  # 2.2 ± 0.3
        ({"dataset": "cifar10", "network": "cnn", "depth": 3, "rule": "cdni"}, 17.9),
        (BACKPROP, None),
    ],
)
def test_a_place_that_cannot_tell_its_rule_from_backprop_says_so(table1, fields, baseline):
    found = [p for p in places(select(table1, "paper", [])) if p.fills]
    (place,) = (p for p in found if all(p.cell.value(k) == v for k, v in fields.items()))
    assert place.baseline == baseline


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
    assert (place.verdict, place.decides) == ("inconclusive", FAIR_SAMPLE)


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
        ([28, 28, 28, 28, 28], "not reproduced"),
        ([23, 23, 23, 23, 28], "not reproduced"),
        ([45, 39, 33, 28, 39], "inconclusive"),
        ([39, 39, 39, 39, 39], "reproduced"),
    ],
)
def test_a_length_is_judged_in_rungs_of_the_curriculum(table2, make, values, verdict):
    place = judged_at_paper(table2, make, values, dataset="repeat_copy", T=2, rule="dni")
    assert (place.paper, place.margin, place.grade) == (39, 1, "T")
    lengths = [level.length for level in datasets.load("repeat_copy").levels]
    numbers = [lengths.index(value) for value in values]
    spread = statistics.variance(numbers) + 1 / 12  # a rung's, as of the paper's number
    half = scipy.stats.t.ppf(0.95, 4) * (spread / 5 + 1 / 12) ** 0.5
    low, high = statistics.mean(numbers) - half, statistics.mean(numbers) + half
    target = lengths.index(39)
    inside = target - 1 <= low and high <= target + 1
    outside = high < target - 1 or low > target + 1
    assert place.within == ("yes" if inside else "no" if outside else "undecided")
    reach = scipy.stats.t.ppf(0.975, 4) * (spread * 6 / 5) ** 0.5 + 0.5
    assert (place.drawn == "yes") == (abs(statistics.mean(numbers) - target) <= reach)
    assert place.verdict == verdict
    assert place.interval.mean == pytest.approx(statistics.mean(values))  # shown in T_task


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([1.370, 1.372, 1.368, 1.370, 1.371], "reproduced"),
        ([1.390, 1.392, 1.388, 1.390, 1.391], "not reproduced"),
        ([1.370, 1.380, 1.390, 1.380, 1.380], "inconclusive"),
        ([1.370] * 5, "inconclusive"),  # bits have no grain, and no spread here
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
        "end_to_end": [31.0, 31.2, 30.9, 31.1, 31.0],  # A: 3.1, where the paper has 6
        "no_feedback": [56.0, 56.2, 55.9, 56.1, 56.0],  # A: 5.6, as the paper; B: 65 there
        "dni": [33.0, 40.0, 26.0, 33.0, 35.0],
    }
    found = places(
        select(two_networks, "paper", records_of(two_networks, make, "paper", values, 5))
    )
    got = {(p.cell.rule, p.result): (p.paper, p.margin, p.grade, p.verdict) for p in found}
    assert got == {
        ("end_to_end", "error_a"): (6, 1, "F", "not reproduced"),
        ("end_to_end", "error_b"): (31, 1, "F", "reproduced"),
        ("no_feedback", "error_a"): (5.6, 1, "F", "reproduced"),
        ("no_feedback", "error_b"): (65, 1, "F", "not reproduced"),
        ("dni", "error_a"): (5.6, 1, "F", "inconclusive"),  # 3.3 ± 0.5: off, but it may be drawn
        ("dni", "error_b"): (33, 1, "F", "inconclusive"),
    }
    means = {(p.cell.rule, p.result): p.interval.mean for p in found}
    for rule, some in values.items():
        assert means[rule, "error_b"] == pytest.approx(sum(some) / 5)
        assert means[rule, "error_a"] == pytest.approx(sum(some) / 50)


def test_a_failure_has_no_result(two_networks, make):
    (cell,) = (c for c in expand(two_networks, "demo", seeds=1) if c.rule == "dni")
    failed = make.record(cell, 30.0, status="failed", reason="no memory")
    assert failed.error_a is failed.error_b is None
    found = [p for p in places(select(two_networks, "demo", [failed])) if p.cell.rule == "dni"]
    assert [(p.interval, p.lost["failed"]) for p in found] == [(None, 1), (None, 1)]


def test_the_first_part_of_a_run_is_no_run(table1, make):
    cells = [c for c in expand(table1, "paper") if (c.dataset, c.network) == ("mnist", "fcn")]
    begun = [make.record(cell, status="partial") for cell in cells if cell.rule == "backprop"]
    found = places(select(table1, "paper", begun))
    mine = [one for one in found if one.cell.has({"rule": "backprop", "dataset": "mnist"})]
    assert {one.verdict for one in mine} == {"not run"}
    assert {one.lost["partial"] for one in mine if one.cell.network == "fcn"} == {3}


@pytest.mark.parametrize(
    ("errors", "differ", "verdict"),
    [
        ([1.62, 1.60, 1.65, 1.58, 1.61], False, "reproduced"),  # the paper: 1.60 ± 0.06
        ([1.72, 1.70, 1.71, 1.69, 1.73], False, "inconclusive"),
        ([1.92, 1.90, 1.91, 1.89, 1.93], True, "not reproduced"),
    ],
)
def test_a_number_that_a_paper_prints_with_its_spread_is_held_against_ours_as_uncertain_too(
    dfa, make, errors, differ, verdict
):
    cells = cells_of(dfa, "paper", depth=3, rule="backprop")
    place = judged(dfa, "paper", cells, errors, make)
    assert (place.paper, place.published.deviation, place.published.runs) == (1.6, 0.06, None)
    assert place.verdict == verdict
    variance = statistics.variance(errors) + 0.01**2 / 12
    error = (variance / 5 + 0.06**2 + 0.005**2 / 3) ** 0.5
    half = scipy.stats.t.ppf(0.975, 4) * error
    found = place.difference
    assert found.mean == pytest.approx(statistics.mean(errors) - 1.6)
    assert found.high - found.mean == pytest.approx(half)
    assert differs(found) == differ == (abs(found.mean) > half)


def test_a_difference_is_told_of_the_planned_seeds_at_the_papers_scale_alone(dfa, table1, make):
    cells = cells_of(dfa, "paper", depth=3, rule="backprop")[:4]
    fewer = judged(dfa, "paper", cells, [1.6] * 4, make)
    quick = cells_of(dfa, "quick", depth=3, rule="backprop")
    short = judged(dfa, "quick", quick, [1.6, 1.7, 1.8], make)
    for place in (fewer, short):
        assert place.published is not None
        assert place.difference is None
    plain = judged(table1, "paper", cells_of(table1, "paper", **BACKPROP), [1.8] * 3, make)
    assert (plain.published, plain.difference) == (None, None)
