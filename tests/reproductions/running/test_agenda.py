"""The order of training: what is cheap to decide first, the rest after it."""

from dataclasses import replace

from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.running.agenda import Question, completing, deciding

A, B, C, D = expand(load("table1"), "demo", seeds=1)[:4]


def seeds(cell, number):
    return [replace(cell, seed=seed) for seed in range(number)]


def asks(*cells, seeds=2, decided=False):
    return Question(cells=cells, seeds=seeds, decided=decided)


def costs(**by_cell):
    """Two seconds of each of the cells, by their letters here."""
    letters = {"a": A, "b": B, "c": C, "d": D}
    return {one: cost for name, cost in by_cell.items() for one in seeds(letters[name], 3)}


def test_the_cheapest_question_comes_first_with_its_seeds():
    found = deciding([asks(A), asks(B), asks(C)], costs(a=3.0, b=1.0, c=2.0))
    assert found == [*seeds(B, 2), *seeds(C, 2), *seeds(A, 2)]


def test_what_a_question_shares_with_an_earlier_one_costs_nothing():
    # B and C together are dearer than D, until A and B are there: then C alone is cheaper.
    questions = [asks(B, C), asks(D), asks(A, B)]
    found = deciding(questions, costs(a=1.0, b=5.0, c=2.0, d=6.5))
    cells = list(dict.fromkeys(replace(cell, seed=0) for cell in found))
    assert cells == [A, B, C, D]
    assert len(found) == len(set(found))


def test_decided_questions_and_done_cells_ask_for_nothing():
    seconds = costs(a=1.0, b=1.0)
    del seconds[replace(A, seed=0)]
    assert deciding([asks(A), asks(B, decided=True)], seconds) == [replace(A, seed=1)]
    assert deciding([asks(C)], seconds) == []


def test_a_question_asks_for_as_many_seeds_as_decide_it():
    assert deciding([asks(A, seeds=3)], costs(a=1.0)) == seeds(A, 3)
    assert deciding([asks(A, seeds=1)], costs(a=1.0)) == seeds(A, 1)


def test_the_rest_follows_a_seed_of_each_after_another():
    seconds = costs(a=2.0, b=1.0)
    first = seeds(A, 1)
    found = completing(seconds, first)
    assert set(found) | set(first) == set(seconds)
    assert not set(found) & set(first)
    assert [(cell.seed, replace(cell, seed=0)) for cell in found] == [
        (0, B), (1, B), (1, A), (2, B), (2, A),
    ]  # fmt: skip
