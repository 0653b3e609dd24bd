"""Verdicts with their evidence: what a detail says is what the records and the verdicts hold."""

import pytest
from reference.population import first_half
from sgbench.reports.analysis.evidence.details import details
from sgbench.reports.analysis.evidence.keys import bin_key, claim_key, place_key
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.verdicts.claims import claims
from sgbench.reports.analysis.verdicts.medians import bins
from sgbench.reports.analysis.verdicts.places import places
from sgbench.reproductions.exhibits.exhibit import expand
from sgbench.reproductions.exhibits.where import parse_where


@pytest.fixture
def quick(table1, make):
    return select(table1, "quick", make.grid(table1, "quick", lambda c: c.dataset == "mnist"))


def test_every_place_and_claim_has_a_detail_of_its_own(quick):
    judged, tested = places(quick), claims(quick)
    found = details(quick, judged, tested)
    keys = [place_key(quick, one) for one in judged] + [claim_key(quick, one) for one in tested]
    assert [one.key for one in found] == keys
    assert [one.verdict for one in found] == [one.verdict for one in (*judged, *tested)]


def test_a_place_rests_on_its_records(quick):
    judged = next(p for p in places(quick) if p.cell.rule == "dni" and p.cell.depth == 5)
    (one,) = details(quick, [judged])
    assert [run.seed for run in one.runs] == [0, 1, 2]
    rows = quick.frame.set_index("id")
    for run in one.runs:
        assert run.value == rows.loc[run.record, "test_error"]
        assert run.curve[-1][0] == judged.cell.iterations
        assert len(run.cosines) == judged.cell.depth - 1
    assert one.estimate == pytest.approx(sum(run.value for run in one.runs) / 3)
    assert (one.paper, one.grade, one.margin) == (3.4, "T", 0.3)
    assert one.where["depth"] == 5
    assert "depth 5" in one.name


def test_what_is_not_ok_has_no_value_and_is_counted(table1, make):
    cells = [c for c in expand(table1, "demo") if c.rule == "backprop" and c.depth == 3]
    cells = [c for c in cells if c.network == "fcn"]
    records = [make.record(c, status="diverged" if c.seed == 1 else "ok") for c in cells]
    selection = select(table1, "demo", records)
    judged = next(p for p in places(selection) if p.interval is not None)
    (one,) = details(selection, [judged])
    assert [run.value is None for run in one.runs] == [False, True, False]
    assert one.n == 2
    assert {status: n for status, n in one.lost.items() if n} == {"diverged": 1}


def test_a_claim_leads_to_the_places_that_it_compares(quick):
    result = next(one for one in claims(quick) if one.test.claim.over == "depth" and one.values)
    (one,) = details(quick, [], [result])
    keys = {place_key(quick, place) for place in places(quick)}
    assert len(one.places) == len(result.cells)
    assert {key for key, _ in one.places} <= keys
    assert one.values == result.values
    assert len(one.runs) == 3 * len(result.cells)
    assert one.measure == "points a step of depth"


def test_a_claim_that_is_not_run_has_no_numbers(table1):
    selection = select(table1, "demo", [])
    for one in details(selection, [], claims(selection)):
        assert (one.n, one.estimate, one.means, one.values) == (0, None, (), ())
        assert one.verdict == "not run"


def test_a_claim_has_the_evidence_of_all_seeds_whichever_are_shown(table1, make):
    """It may compare a configuration that has none of them."""
    cells = [c for c in expand(table1, "demo") if c.network == "fcn"]
    records = [make.record(c) for c in cells if c.rule != "cdni" or c.seed == 0]
    selection = select(table1, "demo", records).narrowed(parse_where(["seed=1"]), ran=True)
    assert "cdni" not in {cell.rule for cell in selection.cells}
    place, claim = details(selection, places(selection)[:1], claims(selection.whole)[:1])
    assert (place.n, [run.seed for run in place.runs]) == (1, [1])
    assert "--seeds" not in place.command
    assert claim.claim == "cdni-beats-dni-deep"
    assert sorted(run.seed for run in claim.runs) == [0, 0, 1, 2]


def test_a_median_is_of_the_networks_of_its_bin(small_population, make):
    cells = expand(small_population, "quick")
    selection = select(small_population, "quick", [make.network(cell) for cell in cells])
    found = bins(selection)
    assert found
    for bin_, one in zip(found, details(selection, [], [], found), strict=True):
        assert one.kind == "median"
        assert one.key == bin_key(selection, bin_)
        assert len(one.places) == len(bin_.cells)
        assert one.paper == bin_.paper.value


def test_the_runs_of_a_median_are_the_networks_of_its_curve_at_its_time(population_exhibit, make):
    cells = [c for c in expand(population_exhibit, "paper") if c.has({"rule": "dni"})]
    records = [make.network(c, scale="paper") for c in cells if c.decoupled == "update"]
    begun = list(map(first_half, records))
    selection = select(population_exhibit, "paper", begun)
    (half,) = (b for b in bins(selection) if (b.paper.above, b.paper.at) == (0.4, 0.5))
    (one,) = details(selection, [], [], [half])
    assert [cell.p_update for cell in half.support] == [0.4, 0.46, 0.53, 0.6]
    expected = [r.curve[-1]["error"] for cell in half.support for r in begun
                if r.p_update == cell.p_update]  # fmt: skip
    assert [run.value for run in one.runs] == expected
    assert len(one.runs) == half.networks
    assert not any(one.lost.values())


def test_each_of_two_results_has_a_detail(two_networks, make):
    selection = select(two_networks, "demo", make.grid(two_networks, "demo"))
    found = details(selection, places(selection))
    assert len({one.key for one in found}) == len(found) == 2 * len(selection.cells)
    first, second = found[:2]
    assert first.estimate == pytest.approx(second.estimate / 10)
    assert first.runs[0].record == second.runs[0].record


def test_json_has_the_same_keys_in_the_same_order(quick):
    found = details(quick, places(quick), claims(quick))
    keys = {tuple(one.to_dict()) for one in found}
    assert len(keys) == 1
    assert None not in found[0].to_dict()["where"].values()
