"""Figures of networks in stages as data: what they show, and what their titles say."""

import dataclasses

import pytest
from reference import locking as staged
from sgbench.reports.analysis.selection.select import select
from sgbench.reports.analysis.stages.rates import networks
from sgbench.reports.analysis.stages.simulated import beside, beyond
from sgbench.reports.figures.stages import drawings


@pytest.fixture(scope="module")
def drawn(locking):
    some = networks(select(locking, "demo", staged.records(locking, "demo")))
    made = drawings(some, [(n, beside(n)) for n in some], [(n, beyond(n)) for n in some])
    return {one.name: one for one in made}, some[0]


def test_there_is_one_of_each_kind(drawn):
    assert list(drawn[0]) == [
        "crossover",
        "shares-digits-4-64",
        "timeline-digits-4-64",
        "simulated",
    ]
    assert drawings([], [], []) == []


def test_the_headline_has_every_arm_that_gets_there_and_says_when_one_overtakes(drawn):
    one, network = drawn[0]["crossover"], drawn[1]
    assert one.title.startswith(
        "digits 64 units: cDNI unlocked (one M per stage) overtakes bprop loc"
    )
    assert set(one.data["line"]) == {arm.label for arm in network.arms}
    (mark,) = one.marks.to_dict("records")
    assert 0 < mark["x"] < 30
    locked = one.data[one.data["line"] == "bprop locked"].set_index("x")["mean"]
    assert locked[0] < locked[3] < locked[30]


def test_shares_add_up_to_all_of_the_time(drawn):
    data = drawn[0]["shares-digits-4-64"].data
    assert data.groupby(["panel", "line"])["share"].sum().to_list() == pytest.approx(
        [100.0] * len(data.groupby(["panel", "line"]))
    )
    assert "30 ms" in drawn[0]["shares-digits-4-64"].title


def test_a_timeline_is_cut_where_its_panel_ends(drawn):
    data = drawn[0]["timeline-digits-4-64"].data
    assert (data["end"] > data["start"]).all()
    short = data[data["column"] == "no delay"]
    assert short["end"].max() < data["end"].max()


def test_what_is_simulated_alone_is_drawn_apart(drawn):
    one = drawn[0]["simulated"]
    assert one.title.startswith("The simulation is within 10 % of what was measured in 23 of 23")
    alone = one.data[one.data["dashed"]]
    assert set(alone["panel"]) == {"rack, 0.1 ms", "region, 1 ms", "continent, 30 ms",
                                   "intercontinental, 75 ms"}  # fmt: skip
    assert not one.data[one.data["panel"] == ""]["dashed"].any()
    assert "simulated alone" in one.notes[0]


def test_a_timeline_is_of_runs_that_have_one(locking):
    records = staged.records(locking, "demo")
    without = [dataclasses.replace(r, timeline=[]) for r in records]
    some = networks(select(locking, "demo", without))
    assert not [one for one in drawings(some, [], []) if one.kind == "timeline"]
    later = [r if r.seed == 1 else dataclasses.replace(r, timeline=[]) for r in records]
    (one,) = (d for d in drawings(networks(select(locking, "demo", later)), [], [])
              if d.kind == "timeline")  # fmt: skip
    assert ", seed 1, from its own trace" in one.notes[0]


def test_arms_of_different_delays_share_a_column(locking):
    records = [
        r for r in staged.records(locking, "demo") if r.rule == "cdni" or r.delay in (0, 3, None)
    ]
    some = networks(select(locking, "demo", records))
    (one,) = (d for d in drawings(some, [], []) if d.kind == "timeline")
    assert set(one.data["column"]) == {"no delay", "longest delay"}
    assert any(panel.endswith(", 3 ms") for panel in one.data["panel"])
