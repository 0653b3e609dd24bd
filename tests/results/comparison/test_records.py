"""Two stores held against each other: what is paired, what is said of it, and what is not."""

import dataclasses
import random

import pytest
from sgbench.bench.errors import UsageError
from sgbench.results.comparison.records import FINAL, compare
from sgbench.results.record import TYPES
from sgbench.results.statistics.gate_finding import exit_code

SEEDS = 6
NAME = "mnist fcn 4 dni M1"


@pytest.fixture
def side(make):
    """Make one side: a record per seed, `change(seed)` giving the outcome's fields."""

    def records(change=lambda seed: {}, seeds=SEEDS, cell=None, **fields):
        found = []
        for seed in range(seeds):
            outcome = make.outcome(**change(seed))
            record = make.record(make.cell(**{"seed": seed, **(cell or {})}), outcome)
            found.append(dataclasses.replace(record, **fields))
        return found

    return records


def only(findings, kind):
    (found,) = (finding for finding in findings if finding.kind == kind)
    return found


def errors(values):
    return lambda seed: {"error_rate": values[seed]}


BEFORE = [5.0, 6.0, 5.5, 4.5, 5.2, 5.8]


def moved(by, noise=0.05):
    source = random.Random(0)
    return [value + by + source.gauss(0, noise) for value in BEFORE]


def test_the_same_numbers_are_identical_and_as_fast(side):
    findings = compare(side(errors(BEFORE)), side(errors(BEFORE)))
    found = only(findings, "correctness")
    assert (found.name, found.verdict) == (NAME, "pass")
    assert found.words == "identical bit for bit, 6 seeds"
    speed = only(findings, "speed")
    assert (speed.verdict, speed.estimate, speed.n) == ("pass", 1.0, 6)
    assert speed.words == "within 1.05 (not interleaved)"
    assert exit_code(findings) == 0


@pytest.mark.parametrize("field", FINAL)
def test_one_bit_of_any_final_number_is_seen(side, field):
    a, b = side(errors(BEFORE)), side(errors(BEFORE))
    value = 3 if int in TYPES[field] else 5.000000000000001
    b[0] = dataclasses.replace(b[0], **{field: value})
    found = compare(a, b)[0]
    assert "identical" not in found.words


def test_numbers_that_differ_a_little_are_equivalent(side):
    found = only(compare(side(errors(BEFORE)), side(errors(moved(0.01)))), "correctness")
    assert (found.verdict, found.words) == ("pass", "equivalent within ±2 points")
    assert found.estimate == pytest.approx(0.01, abs=0.05)


def test_the_cause_may_be_the_machine(side):
    known = {"processor": "AuthenticAMD 25 17", "instructions": "AVX512"}
    before = side(errors(BEFORE), **known)
    after = side(errors(moved(9.0)), **known | {"instructions": "DEFAULT"})
    words = only(compare(before, after), "correctness").words
    assert words.endswith("; may be the cause: instructions: AVX512; DEFAULT")
    words = only(compare(side(errors(BEFORE)), after), "correctness").words
    assert "instructions: not recorded; DEFAULT" in words
    words = only(compare(before, side(errors(moved(9.0)), **known)), "correctness").words
    assert "cause" not in words


def test_speeds_of_an_older_record_are_compared_with_those_of_its_model(side):
    old = "AMD EPYC, 1 threads, mkl, torch 2.13"
    here, other = f"{old}, AVX512", f"{old}, AVX2"
    kinds = {f.kind for f in compare(side(machine_class=old), side(machine_class=here))}
    assert kinds == {"correctness", "speed"}
    kinds = {f.kind for f in compare(side(machine_class=other), side(machine_class=here))}
    assert kinds == {"correctness"}


@pytest.mark.parametrize(("by", "verdict"), [(9.0, "regression"), (-4.0, "changed")])
def test_an_error_that_moved_fails_either_way(side, by, verdict):
    findings = compare(side(errors(BEFORE)), side(errors(moved(by))))
    assert only(findings, "correctness").verdict == verdict
    assert exit_code(findings) == 1


def test_seeds_are_paired_whatever_the_order(side):
    shuffled = side(errors(moved(0.01)))[::-1]
    found = only(compare(side(errors(BEFORE)), shuffled), "correctness")
    assert found.spread < 0.2  # of unpaired seeds it would be about 0.7


def test_the_margin_can_be_given(side):
    a, b = side(errors(BEFORE)), side(errors(moved(0.3)))
    assert only(compare(a, b, margin=lambda record: 0.1), "correctness").verdict == "regression"
    assert only(compare(a, b), "correctness").verdict == "pass"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("rule_version", 99),
        ("dataset_version", 99),
        ("protocol_version", 99),
        ("data_hash", "0123456789abcdef"),
    ],
)
def test_what_is_of_other_versions_is_incomparable_by_name(side, field, value):
    findings = compare(side(), side(**{field: value}))
    (found,) = findings
    assert (found.verdict, found.name) == ("incomparable", NAME)
    assert field in found.words
    assert str(value) in found.words
    assert exit_code(findings) == 3


def test_a_seed_of_another_version_is_left_out_of_its_group(side):
    a, b = side(errors(BEFORE)), side(errors(BEFORE))
    b[0] = dataclasses.replace(b[0], rule_version=99)
    assert "5 seeds" in only(compare(a, b), "correctness").words


def test_a_group_of_one_side_only_is_missing(side):
    findings = compare(side(cell={"depth": 3}), side(cell={"depth": 5}))
    assert [(f.name, f.verdict) for f in findings] == [
        ("mnist fcn 3 dni M1", "missing"),
        ("mnist fcn 5 dni M1", "missing"),
    ]
    assert "candidate" in findings[0].words
    assert "baseline" in findings[1].words
    assert exit_code(findings) == 3


def test_nothing_to_compare():
    assert compare([], []) == []


def test_groups_of_one_short_name_are_told_apart(side):
    both = [*side(), *side(cell={"learning_rate": 0.5, "hidden_units": 64})]
    names = [finding.name for finding in compare(both, both) if finding.kind == "correctness"]
    assert len(set(names)) == 2
    assert all("hidden_units=" in name and "learning_rate=" in name for name in names)


@pytest.mark.parametrize("status", ["failed", "diverged"])
def test_a_run_that_ends_well_no_more_is_a_regression(side, status):
    a, b = side(), side(lambda seed: {"status": status, "error": "a reason"} if seed == 2 else {})
    found = compare(a, b)[0]
    assert (found.verdict, found.words) == ("regression", f"seed 2 {status}: a reason")


def test_a_run_that_was_cut_short_tells_nothing(side):
    whole, cut = side(), side(lambda seed: {"status": "timeout"})
    for a, b, short in (
        (whole, cut, "candidate"),
        (cut, whole, "baseline"),
        (cut, cut, "baseline"),
    ):
        found = compare(a, b)[0]
        assert (found.verdict, found.words) == ("inconclusive", f"the {short} was cut short")


def test_a_baseline_that_failed_is_no_measure(side):
    found = compare(side(lambda seed: {"status": "failed", "error": "x"}), side())[0]
    assert found.verdict == "incomparable"


def test_the_curriculum_counts_its_levels_and_more_is_better(make):
    def runs(lengths):
        return [
            dataclasses.replace(make.recurrent("copy", longest=longest), seed=seed)
            for seed, longest in enumerate(lengths)
        ]

    def keyed(records):  # the key is of the cell: make it anew for the seed
        return [dataclasses.replace(record, key=record.cell.key) for record in records]

    a = keyed(runs([20, 21, 20, 22, 21, 20]))
    worse, better = keyed(runs([8, 9, 8, 10, 8, 9])), keyed(runs([35, 36, 35, 38, 35, 36]))
    found = only(compare(a, worse), "correctness")
    assert (found.verdict, found.unit) == ("regression", "levels of the curriculum")
    assert found.estimate > 0
    assert only(compare(a, better), "correctness").verdict == "changed"


# speed


def rates(per_second):
    return lambda seed: {"steps_per_second": per_second * (1 + 0.001 * seed)}


def test_enough_seeds_tell_a_slow_down(side):
    # the final numbers are the same; the time of a step is 300 / 200
    findings = compare(side(rates(300.0), seeds=12), side(rates(200.0), seeds=12))
    found = only(findings, "speed")
    assert (found.verdict, found.estimate) == ("regression", pytest.approx(1.5))
    assert exit_code(findings) == 1


def test_few_seeds_do_not(side):
    found = only(compare(side(rates(300.0), seeds=3), side(rates(200.0), seeds=3)), "speed")
    assert found.verdict == "inconclusive"
    assert found.words == "too few samples: 3 seeds, a verdict takes 6 at least (not interleaved)"


@pytest.mark.parametrize("fields", [{"machine_class": "another"}, {"replicas": 4}])
def test_other_machines_and_programs_have_no_common_speed(side, fields):
    findings = compare(side(), side(**fields))
    assert [finding.kind for finding in findings] == ["correctness"]


def test_a_common_machine_class_is_preferred(side):
    here, there = side(rates(300.0)), side(rates(100.0), machine_class="A cluster")
    findings = compare([*there, *here], here)
    assert only(findings, "speed").estimate == 1.0


def test_a_factor_that_is_none_is_refused(side):
    with pytest.raises(UsageError, match="--speed-factor"):
        compare(side(), side(), factor=1.0)
