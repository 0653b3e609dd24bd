"""Places before the end of training: what a record's curve has reached, judged by the plan."""

import math
from dataclasses import replace

import pytest
from reference.reports import rows_of
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.intermediate import (
    intermediate,
    read_between,
    share,
    value_at,
    when,
)
from sgbench.reports.pages.exhibit import build
from sgbench.reproductions.exhibits.exhibit import expand
from sgbench.reproductions.exhibits.where import parse_where

PLATEAU = {"dataset": "mnist", "network": "fcn", "depth": 4, "rule": "dni", "sg_layers": 2}
EARLY = {"dataset": "mnist", "network": "fcn", "depth": 4, "rule": "cdni", "sg_layers": 0}


def cells_of(exhibit, seeds=None, scale="paper", **fields):
    return [c for c in expand(exhibit, scale, seeds=seeds) if c.has(fields)]


def cut(record, iterations, status="partial"):
    """The record of a run that was asked, or had the time, to train so far."""
    return replace(
        record,
        status=status,
        iterations_done=iterations,
        test_error=None,
        longest=None,
        error_a=None,
        error_b=None,
        curve=[p for p in record.curve if p["iteration"] <= iterations],
        progression=[s for s in record.progression if s["iteration"] <= iterations],
    )


def trained(make, cell, error, at, done=None):
    """A record whose error after `at` updates is `error`, trained for `done` of them in all."""
    record = make.record(cell, 1.0, scale="paper")
    curve = [
        {**record.curve[0], "iteration": n, "error": error if n == at else 50.0}
        for n in range(cell.evaluate_every, cell.iterations + 1, cell.evaluate_every)
    ]
    record = replace(record, curve=curve)
    return record if done is None else cut(record, done)


def judged(exhibit, records, **fields):
    (one,) = [p for p in intermediate(select(exhibit, "paper", records)) if p.cell.has(fields)]
    return one


@pytest.mark.parametrize(
    ("errors", "within", "drawn", "verdict"),
    [  # the paper has 3.0 ± 0.2
        ((3.10, 3.11, 3.12), "yes", "yes", "reproduced"),
        ((2.90, 2.89, 2.88), "yes", "yes", "reproduced"),
        ((3.9, 4.0, 4.1), "no", "no", "not reproduced"),
        ((2.6, 3.0, 3.4), "undecided", "yes", "inconclusive"),
    ],
)
def test_the_error_of_reading_is_the_margin(table1, make, errors, within, drawn, verdict):
    cells = cells_of(table1, **PLATEAU)
    records = [trained(make, c, e, 300_000) for c, e in zip(cells, errors, strict=True)]
    one = judged(table1, records, **PLATEAU)
    assert (one.paper, one.margin, one.grade, one.side) == (3.0, 0.2, "F", None)
    assert (one.within, one.drawn, one.verdict) == (within, drawn, verdict)
    assert one.interval.mean == pytest.approx(sum(errors) / 3)
    assert when(one) == "after 300,000 updates"


@pytest.mark.parametrize(
    ("errors", "verdict"),
    [  # the paper is under 2.0, read to 0.2
        ((1.0, 1.01, 1.02), "reproduced"),
        ((2.10, 2.11, 2.12), "reproduced"),
        ((2.4, 2.41, 2.42), "not reproduced"),
        ((2.1, 2.2, 2.3), "inconclusive"),
    ],
)
def test_where_only_the_side_is_known_the_test_is_one_sided(table1, make, errors, verdict):
    cells = cells_of(table1, **EARLY)
    records = [trained(make, c, e, 20_000) for c, e in zip(cells, errors, strict=True)]
    one = judged(table1, records, **EARLY)
    assert (one.side, one.verdict) == ("below", verdict)


def test_the_first_part_of_training_answers_as_the_whole_does(table1, make):
    cells = cells_of(table1, **EARLY)
    whole = [trained(make, c, 1.8 + 0.01 * c.seed, 20_000) for c in cells]
    exactly = [cut(r, 20_000) for r in whole[:2]] + [cut(whole[2], 35_000, "timeout")]
    one, other = judged(table1, whole, **EARLY), judged(table1, exactly, **EARLY)
    assert (other.verdict, other.interval, other.lost["timeout"]) == ("reproduced", one.interval, 0)
    short = [cut(r, 15_000) for r in whole]
    none = judged(table1, short, **EARLY)
    assert (none.verdict, none.interval) == ("not run", None)
    mixed = judged(table1, [*exactly[:2], short[2]], **EARLY)
    assert (mixed.verdict, mixed.interval.n) == ("inconclusive", 2)
    assert mixed.decides == "1 declared seed to come"


def test_only_the_declared_seeds_are_judged(table1, make):
    cells = cells_of(table1, seeds=9, **EARLY)
    records = [trained(make, c, 1.8 if c.seed < 3 else 9.0, 20_000) for c in cells]
    one = judged(table1, records, **EARLY)
    assert (one.verdict, one.interval.n, one.further.n) == ("reproduced", 3, 9)
    records[8] = replace(records[8], status="diverged", test_error=None)
    one = judged(table1, records, **EARLY)
    assert (one.verdict, one.lost["diverged"], one.further.n) == ("reproduced", 1, 8)
    records.pop()
    late = judged(table1, records[3:], **EARLY)
    assert (late.verdict, late.interval, late.further.n) == ("inconclusive", None, 5)


def test_a_verdict_does_not_depend_on_the_seeds_that_are_shown(table1, make):
    records = [trained(make, c, 1.8, 20_000, done=20_000) for c in cells_of(table1, **EARLY)]
    whole = select(table1, "paper", records)
    (one,) = [p for p in intermediate(whole) if p.cell.has(EARLY)]
    assert one.verdict == "reproduced"
    (shown,) = intermediate(whole.narrowed(parse_where(["seed=1"]), ran=True))
    assert (shown.verdict, shown.within, shown.interval.n) == ("reproduced", "yes", 1)


def test_a_seed_that_diverges_is_no_evidence(table1, make):
    cells = cells_of(table1, **EARLY)
    records = [trained(make, c, 1.8, 20_000) for c in cells]
    records[1] = replace(records[1], status="diverged", test_error=None)
    one = judged(table1, records, **EARLY)
    assert (one.verdict, one.lost["diverged"], one.interval.n) == ("inconclusive", 1, 2)


@pytest.mark.parametrize(
    ("solved", "verdict"),
    [  # the paper's DNI+Aux has solved 28 by 600,000 steps of data; the ladder goes 23, 28, 33
        ((28, 28, 28, 28, 28), "reproduced"),
        ((28, 28, 28, 28, 33), "reproduced"),
        ((12, 12, 12, 12, 12), "not reproduced"),
        ((23, 23, 23, 33, 33), "inconclusive"),
    ],
)
def test_levels_count_if_they_are_solved_by_then(table2, make, solved, verdict):
    fields = {"dataset": "repeat_copy", "rule": "dni_aux", "T": 4}
    records = []
    for cell, length in zip(cells_of(table2, **fields), solved, strict=True):
        record = make.record(cell, 67, scale="paper", exhibit="table2")
        levels = [
            {**one, "iteration": 150_000 if one["length"] <= length else 150_001}
            for one in record.progression
        ]
        records.append(cut(replace(record, progression=levels), 150_000))
    found = intermediate(select(table2, "paper", records))
    one, *later = [p for p in found if p.cell.has(fields)]
    assert when(one) == "after 600,000 steps of data"
    assert (one.interval.mean, one.verdict) == (sum(solved) / 5, verdict)
    assert {p.verdict for p in later} == {"not run"}  # 2.65 and 3.55 million steps


def test_before_the_first_level_the_length_is_0(table2, make):
    (cell,) = cells_of(table2, seeds=1, dataset="repeat_copy", rule="bptt", T=4)
    record = make.record(cell, 67, scale="paper").to_dict()
    assert value_at(cell, {**record, "progression": []}, None, 0.05) == 0
    short = {**record, "status": "partial", "iterations_done": 100}
    assert value_at(cell, short, None, 0.05) is None
    assert value_at(cell, {**record, "status": "failed"}, None, 0.05) is None


def test_steps_of_data_are_those_of_a_cycle(two_networks, make):
    records = [make.record(c, scale="paper") for c in expand(two_networks, "paper")]
    found = intermediate(select(two_networks, "paper", records))
    at = {(p.cell.rule, p.result): (p.iteration, p.paper, when(p)) for p in found}
    assert at["dni", "error_a"] == (1250, 10, "after 20,000 steps of data")
    assert at["end_to_end", "error_b"] == (1875, 50, "after 30,000 steps of data")
    assert len(at) == 4


def test_at_another_scale_a_result_at_the_same_share_is_not_compared(table1, make):
    records = make.grid(table1, "quick")
    found = intermediate(select(table1, "quick", records))
    assert {(p.cell.rule, p.iteration, p.verdict) for p in found} == {
        ("dni", 600, "not comparable")  # 60 % of training; at 4 % nothing is evaluated
    }
    assert not intermediate(select(table1, "quick", []))
    assert {p.verdict for p in intermediate(select(table1, "paper", []))} == {"not run"}


def test_a_number_is_read_between_bounds(table1, table2):
    dni, *_, cdni = table1.intermediate
    assert read_between("mnist", dni) == pytest.approx((2.1, 2.3, 2.5))
    assert read_between("mnist", cdni) == (-math.inf, 2.0, pytest.approx(2.2))
    assert read_between("repeat_copy", table2.intermediate[0]) == (23, 28, 33)
    assert share(select(table1, "quick", []), dni) == 0.6


def test_a_report_counts_them_apart(table1, make):
    cells = cells_of(table1, **EARLY)
    records = [cut(trained(make, c, 1.8 + 0.01 * c.seed, 20_000), 20_000) for c in cells]
    report = build(table1, "paper", records, ("md", "csv", "json", "html"))
    page = report.files["table1-paper.md"].decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "places before the end of training: 6 not run, 1 reproduced" in report.text
    assert r"1.81 ± 0.02 (3)<br>paper \< 2.0 ± 0.2<br>reproduced |" in page
    (row,) = [
        row
        for row in rows_of(report, "table1-paper-intermediate.csv")
        if row["verdict"] == "reproduced"
    ]
    assert (row["iteration"], row["side"], row["paper"], row["n"]) == ("20000", "below", "2.0", "3")
    assert '"kind": "intermediate"' in report.files["table1-paper.json"].decode()
    assert "--until 20000" in report.files["table1-paper.html"].decode()
    assert "paper &lt; 2" in report.files["table1-paper.html"].decode()
