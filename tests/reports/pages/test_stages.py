"""The page of an exhibit of networks in stages: it opens with the answer."""

import re
from dataclasses import replace

import pytest
from reference import locking as staged
from reference.reports import page_of, table_of
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.pages.exhibit import build
from sgbench.reports.pages.stages import stages_of


@pytest.fixture(scope="module")
def page(locking):
    records = staged.records(locking, "demo")
    return page_of(build(locking, "demo", records, ("md",)), "locking-demo").replace("\\", "")


def test_the_answer_comes_first_and_says_what_was_measured(page):
    heads = [line for line in page.splitlines() if line.startswith("## ")]
    assert heads[:2] == ["## When do synthetic gradients pay?", "## When the unlocked overtake"]
    assert "## Table" not in heads
    answer = page.partition(heads[0])[2].partition(heads[1])[0]
    first = answer.strip().splitlines()[0]
    assert first.startswith("Where messages are slow: synthetic gradients reach 3 % error before")
    assert "digits 64 units from 0." in first
    assert "digits 64 units, without delay: bprop stale gradients is first to 3 % error (" in answer
    assert "overtakes bprop locked from 0." in answer
    assert "Measured: " in answer
    assert "Simulated: " in answer


def test_arms_that_are_not_there_are_named(locking):
    records = [
        staged.record(r.cell, "demo", curve=[]) if r.schedule == "unlocked" else r
        for r in staged.records(locking, "demo")
    ]
    page = page_of(build(locking, "demo", records, ("md",)), "locking-demo").replace("\\", "")
    assert "; none with synthetic gradients is there with every seed." in page
    assert "## When the unlocked overtake" not in page


def test_other_exhibits_and_no_records_have_no_such_part(locking, table1):
    assert stages_of(select(table1, "demo", [])) is None
    empty = page_of(build(locking, "demo", [], ("md",)), "locking-demo")
    assert "## When do synthetic gradients pay?" not in empty


def test_the_tables_are_of_the_grid(page):
    rows = table_of(page, "Updates a second")
    assert [row[1] for row in rows[2:]] == [
        "bprop whole (one core)", "bprop locked", "bprop 1F1B", "bprop data-parallel",
        "bprop stale gradients", "cDNI unlocked", "cDNI unlocked (one M per stage)",
        "DFA unlocked", "local pred unlocked",
    ]  # fmt: skip


def test_the_first_figure_stands_below_the_answer_and_not_again(locking):
    records = staged.records(locking, "demo")
    page = page_of(build(locking, "demo", records, ("md", "png")), "locking-demo")
    answer, _, rest = page.partition("## When the unlocked overtake")
    assert answer.count("![") == 1
    assert "(locking-demo-crossover.png)" in answer
    assert "(locking-demo-crossover.png)" not in rest
    assert "(locking-demo-simulated.png)" in rest


def test_what_the_simulation_leaves_out_of_older_records_is_said(locking):
    records = staged.records(locking, "demo")
    old = page_of(build(locking, "demo", records, ("md",)), "locking-demo").replace("\\", "")
    assert re.search(r"In (\d+) of \1 cases the simulation leaves out ", old)
    new = [
        replace(r, pipeline=[{**row, "overhead_seconds": 0.0} for row in r.pipeline])
        for r in records
    ]
    page = page_of(build(locking, "demo", new, ("md",)), "locking-demo")
    assert "the simulation leaves out" not in page
