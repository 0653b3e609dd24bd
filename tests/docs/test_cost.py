"""Costs in pages are those of reports, of what has no published record."""

from dataclasses import replace

import pytest
from generator import cost, sources
from generator.markers import MarkerError
from sgbench.commands.report import _costs as report_costs
from sgbench.reports.analysis.costs.remaining import Costs
from sgbench.results.store.published import open_published


def test_what_is_all_published_leaves_nothing():
    assert cost.left("deep", "quick") == "nothing is left"


def test_a_cell_less_is_time_less(monkeypatch):
    whole = sources.whole("table1", "paper")
    here = cost.seconds("table1")
    none = replace(whole, frame=whole.frame[:0])
    assert len(whole.frame)
    monkeypatch.setattr(sources, "whole", lambda exhibit, scale: none)
    assert 0 < here < cost.seconds("table1")


def test_a_part_takes_less_than_the_exhibit_and_all_take_the_sum(monkeypatch):
    assert 0 < cost.seconds("table1", where=["dataset=mnist,network=fcn"]) < cost.seconds("table1")
    told = []
    monkeypatch.setattr(cost, "in_words", told.append)
    cost.all_left()
    assert told == [pytest.approx(sum(cost.seconds(name) for name in sources.of_the_paper()))]


def test_exhibits_without_claims_are_summed_apart(monkeypatch):
    told = []
    monkeypatch.setattr(cost, "in_words", told.append)
    cost.left_without_claims()
    assert told == [pytest.approx(cost.seconds("bp_lambda") + cost.seconds("sg_scale"))]


def test_pages_and_the_published_report_have_one_cost():
    store = open_published()
    costs = report_costs(store, sources.records())
    for name in ("table1", "p_update"):
        assert costs.left(sources.whole(name, "paper")) == pytest.approx(cost.seconds(name))


def test_an_unknown_speed_is_told(monkeypatch):
    monkeypatch.setattr(cost, "_costs", lambda: Costs([]))
    with pytest.raises(MarkerError, match="table1: no published speed"):
        cost.seconds("table1")
