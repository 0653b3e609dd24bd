"""Costs go by published speeds, and shrink as cells are published."""

import pytest
from generator import cost, sources


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (90, "1 min 30 s"),
        (2 * 86400, "2 d"),
        (51.4 * 86400, "51 days"),
        (800 * 86400, "2.2 years"),
    ],
)
def test_times_in_words(seconds, words):
    assert cost.in_words(seconds) == words


def test_what_is_all_published_leaves_nothing():
    assert cost.left("deep", "quick") == "nothing is left"


def test_a_cell_less_is_time_less(monkeypatch):
    told = []
    monkeypatch.setattr(cost, "in_words", told.append)
    cost.left("table1")
    fewer = [r for r in sources.records() if r.scale != "paper"]
    assert len(fewer) < len(sources.records())
    monkeypatch.setattr(sources, "records", lambda: tuple(fewer))
    cost.left("table1")
    with_paper, without = told
    assert 0 < with_paper < without


def test_a_network_that_nobody_timed_goes_by_its_like(monkeypatch):
    seconds = []
    monkeypatch.setattr(cost, "in_words", seconds.append)
    cost.left("table1")  # CIFAR-10's convolutional networks have neither record nor timing
    assert seconds[0] > 86400


def test_a_part_takes_less_than_the_exhibit_and_all_take_the_sum(monkeypatch):
    seconds = []
    monkeypatch.setattr(cost, "in_words", seconds.append)
    cost.left("table1", where=["dataset=mnist,network=fcn"])
    cost.left("table1")
    for name in cost.catalogue.names():
        cost.left(name)
    cost.all_left()
    part, table1, *others, every = seconds
    assert 0 < part < table1
    assert every == pytest.approx(sum(others))
