"""The answer in counts, and what records were made on."""

from collections import Counter
from dataclasses import replace

import pytest
from sgbench.reports.analysis import overview
from sgbench.reports.analysis.costs.remaining import Costs
from sgbench.reports.analysis.evidence.details import details
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.claims import claims
from sgbench.reports.analysis.verdicts.medians import bins
from sgbench.reports.analysis.verdicts.places import places
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.exhibits.where import parse_where


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"reproduced": 3, "not run": 45}, "3 of 48 reproduced, 45 not run"),
        ({"inconclusive": 2}, "0 of 2 reproduced, 2 inconclusive"),
        ({"reproduced": 2}, "2 of 2 reproduced"),
        ({"not run": 7}, "all 7 not run"),
        ({"not run": 1}, "1 not run"),
        ({"not run": 1, "not comparable": 4}, "4 not comparable, 1 not run"),
        ({"same way round": 2, "not comparable": 5}, "2 same way round, 5 not comparable"),
        ({"a word of tomorrow": 1}, "0 of 1 reproduced, 1 a word of tomorrow"),
    ],
)
def test_counts_in_words(counts, words):
    assert overview.words(counts) == words


def test_comparisons_of_ours_count_what_is_confirmed():
    counts = {"confirmed": 3, "contradicted": 1, "inconclusive": 2}
    assert overview.words(counts, ours=True) == "3 of 6 confirmed, 1 contradicted, 2 inconclusive"
    assert overview.words({"inconclusive": 2}, ours=True) == "0 of 2 confirmed, 2 inconclusive"


def test_places_of_the_table_and_claims_are_counted(table1, make):
    selection = select(table1, "paper", make.grid(table1, "paper", lambda c: c.dataset == "mnist"))
    judged, tested = places(selection), claims(selection)
    found = overview.tally(selection, details(selection, judged, tested))
    expected = Counter(p.verdict for p in judged if p.fills and p.paper is not None)
    assert found.verdicts["places"] == expected
    assert sum(expected.values()) == 48
    assert found.verdicts[overview.CLAIMS] == Counter(one.verdict for one in tested if not one.ours)
    assert sum(found.verdicts[overview.OURS].values()) == 1  # DNI beats top_only
    assert (found.seeds, found.planned, found.left) == ((3, 3), 3, None)
    assert (found.run, found.wanted) == (162, 324)


def test_what_is_trained_in_part_is_counted_of_the_declared_seeds(table1, make):
    cell = expand(table1, "paper", seeds=1)[0]
    records = [
        replace(make.record(cell.with_seed(seed)), status="partial", test_error=None)
        for seed in (0, 2, 3, 7)
    ]
    found = overview.tally(select(table1, "paper", records), [])
    assert (found.in_part, found.run, found.planned) == (2, 0, 3)


def test_the_networks_of_a_population_are_counted_by_their_bins(small_population):
    selection = select(small_population, "paper", [])
    judged, medians = places(selection), bins(selection)
    assert any(place.paper is not None for place in judged)  # which a table shows beside ours
    found = overview.tally(selection, details(selection, judged, (), medians)).verdicts
    assert found == {overview.MEDIANS: {"not run": len(medians)}}


def test_totals_are_over_exhibits_and_the_papers_scale_comes_first(table1, table2):
    tallies = []
    for scale in ("demo", "paper"):
        for exhibit in (table1, table2):
            selection = select(exhibit, scale, [])
            found = details(selection, places(selection), claims(selection))
            tallies.append(overview.tally(selection, found))
    totals = overview.totals(tallies)
    assert list(totals) == ["paper", "demo"]
    assert totals["paper"]["places"]["not run"] == 48 + len(table2.numbers)
    assert list(totals["paper"]) == [k for k in overview.KINDS if k in totals["paper"]]


def test_comparisons_of_ours_are_no_claims_of_the_paper():
    deep = load("deep")
    selection = select(deep, "paper", [])
    tested = claims(selection)
    found = overview.tally(selection, details(selection, [], tested)).verdicts
    ours = sum(one.ours for one in tested)
    assert ours
    assert sum(found[overview.OURS].values()) == ours
    assert sum(found[overview.CLAIMS].values()) == len(tested) - ours


def test_what_is_left_is_reckoned_by_the_costs_that_are_given(table1, make):
    cell = next(c for c in expand(table1, "quick") if c.network == "fcn")
    costs = Costs([make.record(cell)])
    selection = select(table1, "quick", [])
    part = selection.narrowed(parse_where(["network=fcn", "dataset=mnist"]))
    assert overview.tally(part, [], costs).left > 0
    assert overview.tally(select(table1, "quick", []), [], Costs([])).left is None


def test_counts_are_in_one_order_whatever_the_numbers():
    counts = {"not run": 1, "not comparable": 9, "undecided": 2, "same way round": 3}
    assert list(overview.counted(counts)) == [
        "same way round", "undecided", "not comparable", "not run",
    ]  # fmt: skip
    assert list(overview.counted({"not run": 9, "inconclusive": 1})) == [
        "reproduced", "inconclusive", "not run",
    ]  # fmt: skip


def test_machines_and_revisions_are_told_apart_and_no_record_counts_twice(table1, make):
    records = make.grid(table1, "demo", lambda c: c.network == "fcn" and c.depth == 3)
    records = [replace(r, git_revision=None) if r.seed else r for r in records]
    records[0] = replace(records[0], finished="2025-12-31T23:59:59+00:00")
    found = overview.made(select(table1, "demo", records))
    assert [len(one.records) for one in found] == [18, 9]
    assert {one.revision for one in found} == {"", "0" * 40}
    assert sum(one.seconds for one in found) == pytest.approx(270.0)
    merged = overview.merged([found, found])
    assert [len(one.records) for one in merged] == [18, 9]
    assert sum(one.seconds for one in merged) == pytest.approx(270.0)
    assert min(one.first for one in merged) == "2025-12-31"
    assert max(one.last for one in merged) == "2026-01-01"


def test_one_paper_is_counted_the_one_on_synthetic_gradients_if_there_are_several():
    ours, other = load("table1"), load("local_loss")
    one, two = (overview.tally(select(e, "paper", []), []) for e in (ours, other))
    assert (one.paper, two.paper) == ("", "Nøkland & Eidnes 2019")
    assert overview.of_one_paper([one, two]) == [one]
    assert overview.of_one_paper([two]) == [two]
    assert overview.of_one_paper([]) == []
