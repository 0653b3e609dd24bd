"""Questions of an exhibit: which are decided, and how many seeds the others ask for."""

import pytest
from sgbench.reports.analysis.verdicts import questions as module
from sgbench.reports.analysis.verdicts.questions import FEWEST, questions
from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.running.request import RunRequest
from sgbench.results.store.published import open_published
from sgbench.results.store.store import Store

CELL = expand(load("table1"), "demo", seeds=1)[0]


@pytest.fixture
def request_of(tmp_path):
    def make(scale="quick", **options):
        return RunRequest(exhibit="table1", scale=scale, store=Store(tmp_path), **options)

    return make


@pytest.mark.parametrize(
    ("verdict", "there", "decided", "seeds"),
    [
        ("not run", 0, False, FEWEST),
        ("inconclusive", 1, False, FEWEST),
        ("inconclusive", 4, False, 5),  # the plan is five, whatever four say
        ("not comparable", 2, True, 5),
        ("same way round", 5, True, 5),
        ("reproduced", 5, True, 5),
        ("inconclusive", 5, True, 5),
    ],
)
def test_a_question_asks_for_the_declared_seeds(verdict, there, decided, seeds):
    found = module._question((CELL,), verdict, there, 5)
    assert (found.decided, found.seeds) == (decided, seeds)


def test_one_seed_is_enough_where_no_more_are_declared():
    assert module._question((CELL,), "not run", 0, 1).seeds == 1
    assert module._question((CELL,), "inconclusive", 1, 1).decided


def test_nothing_is_decided_without_records(request_of):
    found = questions(request_of(), [])
    assert not any(one.decided for one in found)
    assert {one.seeds for one in found} == {FEWEST}
    wanted = set(expand(load("table1"), "quick", seeds=1))
    assert {cell for one in found for cell in one.cells} == wanted


def test_published_records_decide_their_places_and_claims(request_of):
    found = questions(request_of(), list(open_published().scan()))
    assert 0 < sum(one.decided for one in found) < len(found)
    assert all(not one.decided for one in found if one.cells[0].dataset == "cifar10")


def test_only_questions_about_the_cells_that_are_asked_for(request_of):
    found = questions(request_of(where=("rule=dni,network=fcn",)), [])
    assert {(cell.rule, cell.network) for one in found for cell in one.cells} == {("dni", "fcn")}
    claims = [one for one in found if len(one.cells) > 1]
    assert claims  # that DNI's error grows with depth needs no other rule


def test_a_bin_of_a_population_is_one_question(tmp_path):
    request = RunRequest(exhibit="p_update", scale="quick", store=Store(tmp_path))
    bins = [one for one in questions(request, []) if one.seeds == 3]
    assert bins
    assert all(cell.p_update is not None for one in bins for cell in one.cells)


def test_at_the_papers_scale_places_before_the_end_ask_for_the_first_part(request_of):
    where = ("dataset=mnist,network=fcn,depth=4,rule=cdni,dni",)
    found = questions(request_of("paper", where=where), [])
    early = {(one.cells[0].rule, one.until) for one in found if one.until is not None}
    assert early == {("cdni", 20_000), ("dni", 300_000)}
    elsewhere = questions(request_of("tenth", where=where), [])
    assert all(one.until is None for one in elsewhere)


def test_a_median_before_the_end_asks_for_the_first_part_of_all_networks_it_is_taken_from(tmp_path):
    request = RunRequest(exhibit="p_update", scale="paper", store=Store(tmp_path))
    found = [one for one in questions(request, []) if one.seeds == 5]
    assert {one.until for one in found} == {None, 5000, 250_000}
    second = next(
        sorted(cell.p_update for cell in one.cells)
        for one in found
        if one.until == 5000 and one.cells[0].decoupled == "update"
    )
    assert second == [0.05, 0.075, 0.1]  # of the bin above 0.05, with its lower end
