"""Timings beside the baseline's, and as values."""

import pytest
from reference.speeds import FCN, SECONDS, cells, timings
from reference.timings import timing_of
from sgbench.reports.analysis.costs import speeds
from sgbench.results.timings import PARTS


def test_a_rule_is_held_against_backprop_of_its_depth():
    found = speeds.speeds(timings())
    assert len(found) == len(cells(**FCN))
    for speed in found:
        assert speed.paired
        assert speed.cost.median == pytest.approx(SECONDS[speed.cell.rule] / 0.01)


def test_without_the_baseline_there_is_no_cost():
    some = [t for t in timings() if t.trained.rule != "backprop"]
    assert {speed.cost for speed in speeds.speeds(some)} == {None}
    other = [t for t in timings() if (t.trained.rule, t.trained.depth) != ("backprop", 3)]
    assert {s.cell.depth for s in speeds.speeds(other) if s.cost is None} == {3}


def test_replicas_are_held_against_as_many():
    cell, base = cells(rule="cdni", depth=3, **FCN)[0], cells(rule="backprop", depth=3, **FCN)[0]
    found = speeds.speeds([timing_of(base), timing_of(cell, step=0.02, replicas=4)])
    assert [s.cost for s in found if s.timing.replicas == 4] == [None]
    assert [s.name for s in found] == ["mnist fcn 3 backprop", "mnist fcn 3 cdni M0 x 4"]


def test_exhibits_are_told_apart_and_have_their_own_baselines():
    """They train by other schedules, which are no part of a name."""
    base, cell = (cells(rule=rule, depth=3, **FCN)[0] for rule in ("backprop", "cdni"))
    later = [one.replace(iterations=7, learning_rate=0.5) for one in (base, cell)]
    found = speeds.speeds(
        [
            timing_of(base),
            timing_of(cell, step=0.02),
            timing_of(later[0], step=0.04, exhibit="beyond"),
            timing_of(later[1], step=0.06, exhibit="beyond"),
        ]
    )
    assert [(s.name, round(s.cost.median, 6)) for s in found] == [
        ("beyond: mnist fcn 3 backprop", 1.0),
        ("beyond: mnist fcn 3 cdni M0", 1.5),
        ("table1: mnist fcn 3 backprop", 1.0),
        ("table1: mnist fcn 3 cdni M0", 2.0),
    ]


def test_a_program_that_another_exhibit_has_as_well_is_the_baseline_of_both():
    """It is stored once, for the exhibit that was timed last."""
    base, cell, other = (
        cells(rule=rule, depth=3, **FCN)[0] for rule in ("backprop", "cdni", "no_bprop")
    )
    found = speeds.speeds(
        [
            timing_of(base, exhibit="beyond", session="two"),
            timing_of(other, step=0.005, exhibit="beyond", session="two"),
            timing_of(cell, step=0.02),
        ]
    )
    assert {s.cell.rule: (round(s.cost.median, 6), s.paired) for s in found} == {
        "backprop": (1.0, True),
        "no_bprop": (0.5, True),
        "cdni": (2.0, False),
    }


def test_of_several_baselines_of_the_same_sizes_the_one_that_differs_least_counts():
    base, cell = (cells(rule=rule, depth=3, **FCN)[0] for rule in ("backprop", "no_bprop"))
    plain = {"norm": "none", "activation": "tanh"}
    some = [
        timing_of(base),
        timing_of(cell, step=0.02),
        timing_of(base.replace(**plain), step=0.005),
        timing_of(cell.replace(**plain), step=0.02, exhibit="beyond"),
    ]
    for order in (some, some[::-1]):
        found = {s.timing.id: s.cost.median for s in speeds.speeds(order)}
        assert [found[t.id] for t in some] == pytest.approx([1, 2, 1, 4])


def test_the_latest_timings_of_this_code_are_current():
    (cell,) = cells(rule="backprop", depth=3, **FCN)
    some = [
        timing_of(cell),
        timing_of(cell, measured="2027-01-01T00:00:00+00:00", exhibit="beyond"),
        timing_of(cell, id="f" * 16, measured="2028-01-01T00:00:00+00:00"),  # of other code
        timing_of(cell, machine_class="another"),
        timing_of(cell, replicas=2),
    ]
    for order in (some, some[::-1]):
        kept = speeds.current(order)
        assert len(kept) == 3
        assert all(timing in kept for timing in (some[1], *some[3:]))


def test_recurrent_rules_are_held_against_bptt():
    some = timings("table2", dataset="copy", T=4)
    costs_of = {s.cell.rule: s.cost for s in speeds.speeds(some)}
    assert set(costs_of) == {"bptt", "dni", "dni_aux"}
    assert costs_of["dni"].median == pytest.approx(1.5)


def test_the_order_is_the_same_whatever_comes_first():
    some = timings()
    assert speeds.speeds(some) == speeds.speeds(reversed(some))


def test_values_are_in_si_units():
    (one,) = speeds.speeds(timings(depth=3, rule="backprop", **FCN))
    found = speeds.values(one)
    assert found["steps_per_second"] == pytest.approx(100)
    assert (found["step_seconds"], found["cost"]) == (0.01, 1.0)
    assert found["examples_per_second"] == pytest.approx(25_600)
    assert found["tokens_per_second"] is None
    assert {f"{part}_seconds" for part in PARTS} <= set(found)
    (symbols, *_) = speeds.speeds(timings("table2", dataset="copy", T=4, rule="bptt"))
    assert speeds.values(symbols)["examples_per_second"] is None
    assert speeds.values(symbols)["tokens_per_second"] > 0
