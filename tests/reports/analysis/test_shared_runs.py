"""Runs that stand in several exhibits, and processors that are mixed."""

from dataclasses import replace

from sgbench.reports.analysis.select import select
from sgbench.reports.analysis.shared_runs import notes
from sgbench.reproductions.exhibits.exhibit import expand, load


def test_the_same_runs_in_other_exhibits_are_told(make):
    deep = load("deep")
    cells = [c for c in expand(deep, "quick") if c.depth == 6]
    (words,) = notes(select(deep, "quick", [make.record(c, 5.0) for c in cells]))
    # of Table 1: backprop, DNI and cDNI with linear models, at depth 6
    assert "table1 (3 configurations)" in words
    assert "no further evidence" in words
    mixtures = load("bp_lambda")
    both = [c for c in expand(mixtures, "quick") if c.depth == 4]
    assert notes(select(mixtures, "quick", [make.record(c) for c in both])) == []
    assert notes(select(deep, "quick", [])) == []


def test_processors_that_are_mixed_are_told(table1, make):
    records = [make.record(c) for c in expand(table1, "demo")[:3]]
    assert notes(select(table1, "demo", records)) == []
    records[0] = replace(records[0], device="Another CPU")
    (words,) = notes(select(table1, "demo", records))
    assert "Made-up CPU (2 cells), Another CPU (1 cell)" in words
