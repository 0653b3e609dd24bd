"""README's tables say what ran, what holds, and what is open."""

import statistics

import pytest
from generator import overview, sources
from generator.markers import MarkerError
from sgbench.results.store.published import open_published


def rows(table):
    return {
        stub: [" ".join(entry.lines).replace(overview.NO_BREAK, " ") for entry in entries]
        for stub, entries in table.rows
    }


def test_an_exhibit_is_a_row_with_its_first_claim_and_what_never_ran():
    found = {stub[0]: entries for stub, entries in rows(overview.exhibits([])).items()}
    assert len(found) == len(overview.HEADLINES)
    paper, ours, verdict, counted, ran = next(v for name, v in found.items() if "table1" in name)
    claim = sources.claim("table1", "quick", "cdni-beats-dni-deep", ["dataset=mnist"])
    assert paper == "1.6 / 4.3"
    assert ours == f"{claim.means[0]:.2f} / {claim.means[1]:.2f} ({len(claim.values)})"
    assert verdict == claim.verdict
    assert " same way round" in counted
    mine = [r for r in open_published().scan() if (r.exhibit, r.scale) == ("table1", "paper")]
    begun = sum(r.status == "partial" for r in mine)
    start = f"{len(mine) - begun} of 324 runs done, {begun} begun; of its "
    assert ran.startswith(start)
    early = "7 numbers before the end of training 1 reproduced, 2 inconclusive, 4 not run"
    assert f"{early}; the rest: " in ran
    ran = next(v for name, v in found.items() if "p_update" in name)[-1]
    mine = [r for r in open_published().scan() if (r.exhibit, r.scale) == ("p_update", "paper")]
    begun = sum(r.status == "partial" for r in mine)
    assert ran.startswith(f"{len(mine) - begun} of 400 runs done, {begun} begun; of its ")
    assert "3 reproduced (of a lower bound only), 13 not reproduced" in ran


@pytest.mark.parametrize(
    ("tested", "words"),
    [
        (
            {"same way round": 7, "other way round": 1, "not run": 14},
            "7 same way round, 1 other way round",
        ),
        ({"undecided": 20, "not run": 2}, "20 undecided"),
        ({"same way round": 1, "not comparable": 2}, "1 same way round, 2 not comparable"),
    ],
)
def test_claims_are_counted_by_what_they_say(tested, words):
    assert overview._counted(overview.Counter(tested)) == words


def test_table_1_stands_beside_the_papers_by_the_number_of_updates():
    found = rows(overview.beside([]))
    assert found["no-bprop", "paper, 500,000"] == ["9.3", "12.6", "16.2", "21.4"]
    mine = ("table1", "quick", "backprop", "fcn", 5)
    quick = [
        r.test_error
        for r in open_published().scan()
        if (r.exhibit, r.scale, r.rule, r.network, r.depth) == mine and r.seed < 3
    ]
    assert found["bprop", "ours, quick: 1,000"][2].startswith(f"{statistics.fmean(quick):.2f} ± ")
    assert all(any(text != overview.NONE for text in entries) for entries in found.values())


@pytest.mark.parametrize("write", [overview.exhibits, overview.beside])
def test_they_take_no_words(write):
    with pytest.raises(MarkerError, match="no words"):
        write(["table1"])


@pytest.mark.parametrize("exhibit", overview.HEADLINES)
def test_a_main_claim_is_the_first_that_the_paper_has_numbers_for(exhibit):
    _, _, name, where = overview.HEADLINES[exhibit]
    first = next(r for r in sources.claim_results(exhibit, "quick") if r.paper is not None)
    assert sources.claim(exhibit, "quick", name, where) == first
