"""Figure 8's report: two results a cell, each with its number, its verdict and its claims."""

import csv
import io

import pytest
import scipy.stats
from sgbench.bench.errors import UsageError
from sgbench.reports.analysis.select import select
from sgbench.reports.analysis.verdicts import claims, places
from sgbench.reports.console.record import whole_record
from sgbench.reports.console.terminal import outcome
from sgbench.reports.figures import series
from sgbench.reports.pages.report import build
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.exhibits.parser import parse

RULES = ("end_to_end", "no_feedback", "dni")


@pytest.fixture(scope="module")
def pair():
    return load("two_networks")


def rows_of(report, name):
    return list(csv.DictReader(io.StringIO(report.files[name].decode())))


def records_of(pair, make, scale, values, seeds):
    """Records with `values` of B by rule and seed; A's are a tenth."""
    return [
        make.record(cell, values[cell.rule][cell.seed], scale=scale, exhibit="two_networks")
        for cell in expand(pair, scale, seeds=seeds)
    ]


def test_each_result_has_its_verdict(pair, make):
    values = {
        "end_to_end": [31.0, 31.2, 30.9],  # A: 3.1, where the paper has 6
        "no_feedback": [56.0, 56.2, 55.9],  # A: 5.6, as the paper; B: 65 there
        "dni": [33.0, 40.0, 26.0],
    }
    found = places(select(pair, "paper", records_of(pair, make, "paper", values, 3)))
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


def test_a_claim_compares_the_result_that_it_names(pair, make):
    values = {
        "end_to_end": [31.0, 32.0, 30.0],
        "no_feedback": [65.0, 66.5, 64.0],
        "dni": [33.0, 34.5, 31.0],
    }
    rows = claims(select(pair, "paper", records_of(pair, make, "paper", values, 3)))
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


def test_a_failure_has_no_result(pair, make):
    (cell,) = (c for c in expand(pair, "demo", seeds=1) if c.rule == "dni")
    failed = make.record(cell, 30.0, status="failed", reason="no memory")
    assert failed.error_a is failed.error_b is None
    found = [p for p in places(select(pair, "demo", [failed])) if p.cell.rule == "dni"]
    assert [(p.interval, p.lost["failed"]) for p in found] == [(None, 1), (None, 1)]


def test_the_report_has_both_results_in_the_table(pair, make):
    report = build(pair, "demo", make.grid(pair, "demo"), ("md", "csv", "tex", "svg"))
    page = report.files["two_networks-demo.md"].decode().replace("\N{NO-BREAK SPACE}", " ")
    table = [line for line in page.splitlines() if line.startswith("|")][:5]
    head, _, *rows = [[place.strip() for place in line.split("|")[1:-1]] for line in table]
    assert head == ["rule", "A: odd digits", "B: 3s"]
    assert [row[0] for row in rows] == ["end to end", "no feedback", "DNI"]
    found = rows_of(report, "two_networks-demo.csv")
    assert [(r["rule"], r["measure"][0]) for r in found] == [(r, n) for r in RULES for n in "AB"]
    by_place = {(r["rule"], r["measure"][0]): r for r in found}
    for rule, (_, *entries) in zip(RULES, rows, strict=True):
        for name, entry in zip("AB", entries, strict=True):
            line = by_place[rule, name]
            mean = float(line["mean"])
            half = float(line["high95"]) - mean
            seeds = pair.scales["demo"].seeds
            assert entry.startswith(f"{mean:.2f} ± {half:.2f} ({seeds})")
    caption = "Test A's counts that are wrong, in percent or B's counts that are wrong, in percent"
    assert caption in page
    assert "DNI: A also learns from the gradient that M predicts at its message" in page
    assert "no feedback: A learns from its own loss alone" in page
    assert sorted(n for n in report.files if n.endswith("svg")) == [
        f"two_networks-demo-{name}-two_lstms.svg" for name in ("a", "b", "cosines")
    ]


@pytest.mark.parametrize(("name", "share"), [("a", 0.1), ("b", 1.0)])
def test_a_curve_is_against_the_digits_seen(pair, make, name, share):
    records = make.grid(pair, "paper")
    drawings = {d.name.split("-")[0]: d for d in series.drawings(select(pair, "paper", records))}
    data = drawings[name].data
    end = 6250 * 16
    assert data["x"].max() == end
    last = data[data["x"] == end].set_index("rule")
    for rule in RULES:
        mine = [r for r in records if r.rule == rule]
        mean = sum(r.error_b for r in mine) / len(mine)
        assert last.loc[rule, "mean"] == pytest.approx(share * mean)
    paper = {"a": [6, 5.6, 5.6], "b": [31, 65, 33]}[name]
    assert last.loc[list(RULES), "paper"].tolist() == paper
    assert data[data["x"] < end]["paper"].isna().all()


def test_the_terminal_tells_both(pair, make):
    record = make.record(expand(pair, "demo", seeds=1)[0], 31.0)
    assert "3.10 % of A's counts wrong,  31.00 % of B's counts wrong" in outcome(record)
    shown = whole_record(record, 100)
    assert "error A %" in shown
    assert "error B %" in shown


def test_a_result_that_is_none_is_refused():
    parse("x", MINIMAL.format("error_b"))
    with pytest.raises(UsageError, match=r"x.toml: numbers\[0\].result is unknown: 'error_c'"):
        parse("x", MINIMAL.format("error_c"))


MINIMAL = """
title = "t"
source = "s"
[protocol]
[[grid]]
dataset = ["counting"]
network = ["two_lstms"]
rule = ["dni"]
[scales.demo]
description = "d"
seeds = 1
[[numbers]]
dataset = "counting"
network = "two_lstms"
result = "{}"
grade = "F"
columns = ["T", "dni"]
rows = [[4, 1]]
"""
