"""The order of training: what is cheap to decide first, the rest after it."""

from dataclasses import replace

from sgbench.reproductions.exhibits.exhibit import expand, load
from sgbench.reproductions.running.agenda import Question, answering, completing, deciding

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


def early(*cells, until, seeds=2, decided=False):
    return Question(cells=cells, seeds=seeds, decided=decided, until=until)


def per_update(**by_cell):
    letters = {"a": A, "b": B, "c": C, "d": D}
    prices = {letters[name]: price for name, price in by_cell.items()}
    return lambda cell, since, until: prices[replace(cell, seed=0)] * (until - since)


def steps(cell, until, number=2):
    return [(one, until) for one in seeds(cell, number)]


def test_the_first_parts_of_training_come_by_what_a_place_costs():
    done = dict.fromkeys([*seeds(A, 2), *seeds(B, 2)], 0)
    found = answering([early(A, until=50), early(B, until=40)], done, per_update(a=1.0, b=2.0))
    assert found == [*steps(A, 50), *steps(B, 40)]


def test_a_later_part_goes_on_from_an_earlier_one():
    # A until 100 costs 200, but half of that is there once A was trained until 50
    questions = [early(A, until=100), early(B, until=50), early(A, until=50)]
    done = dict.fromkeys([*seeds(A, 2), *seeds(B, 2)], 0)
    found = answering(questions, done, per_update(a=1.0, b=1.2))
    assert found == [*steps(A, 50), *steps(A, 100), *steps(B, 50)]


def test_parts_that_are_done_or_tried_or_decided_are_not_asked_for():
    done = dict(zip(seeds(A, 2), (60, 0), strict=True)) | dict.fromkeys(seeds(B, 2), 0)
    price = per_update(a=1.0, b=1.0)
    assert answering([early(A, until=50)], done, price) == [(seeds(A, 2)[1], 50)]
    assert answering([early(B, until=50, decided=True), asks(B)], done, price) == []
    tried = [(seeds(B, 2)[0], 50)]
    assert answering([early(B, until=50)], done, price, tried) == [(seeds(B, 2)[1], 50)]
    assert answering([early(C, until=50)], done, price) == []  # no cell of it is missing


def test_what_a_first_part_answers_asks_for_no_whole_cell():
    assert deciding([early(A, until=50)], costs(a=1.0)) == []
