"""The answer of a report on stages: who pays, from which delay on, and who does not."""

import math

import pytest
from reference.cell_values import LOCKED, UNLOCKED
from sgbench.bench.cell import Cell
from sgbench.reports.analysis.stages.answer import answer, headline, sentence
from sgbench.reports.analysis.stages.rates import Arm, Network, Run


def arm(label, seconds, **fields):
    """An arm that takes so many seconds to 3 % by delay, with each of two seeds."""
    values = {**(UNLOCKED if "unlocked" in label else LOCKED), **fields, "delay": 0.0}
    cell = Cell.from_dict(values)
    first = min(seconds[0.0], 1e9)
    runs = {}
    for delay, value in seconds.items():
        own = value if cell.schedule == "unlocked" else first  # the updates are those at 0 ms
        points = [{"iteration": 1000, "seconds": own, "error": 3.0}]
        run = Run(1000 / min(value, 1e9), points if value < math.inf else [], (), ())
        runs[delay, 1.0] = dict.fromkeys((0, 1), run)
    return Arm(cell=cell, label=label, runs=runs)


def network(*arms):
    return Network(fields={}, label="net", arms=arms)


LATE = {0.0: 5.0, 100.0: 105.0}
FLAT = {0.0: 10.0, 100.0: 10.0}
LOCKED_ARM = arm("locked", LATE)
WHOLE = arm("whole", {0.0: 2.0}, stages=1)


def test_what_pays_and_against_whom():
    said = answer([network(LOCKED_ARM, WHOLE, arm("unlocked", FLAT))])
    assert said[0].startswith("Where messages are slow: synthetic gradients reach 3 % error before")
    assert said[0].endswith("95 % interval in parentheses): net from 5 ms on.")
    assert said[1].startswith("Not where one core does: ")
    assert said[1].endswith("up to 100 ms.")
    assert said[2] == (
        "net, without delay: whole is first to 3 % error (2 s); of those with synthetic gradients"
        " unlocked (10 s). unlocked overtakes locked from 5 ms on; is behind whole up to 100 ms."
    )


def test_what_is_ahead_of_one_core_at_short_delays_only_does_not_overtake_it():
    rising = arm("unlocked", {0.0: 1.0, 100.0: 10.0})
    said = answer([network(LOCKED_ARM, WHOLE, rising)])
    assert said[1].endswith("is not overtaken by any of them with every seed, at 100 ms.")
    assert said[2].endswith("; is behind whole at 100 ms, not at every delay below.")


def test_the_other_unlocked_arms_are_told_in_short():
    slow = arm("slow unlocked", {0.0: 50.0, 100.0: 50.0})
    never = arm("never unlocked", {0.0: math.inf, 100.0: math.inf})
    said = answer([network(LOCKED_ARM, arm("unlocked", FLAT), slow, never)])
    assert said[-2:] == [
        "net: slow unlocked overtakes locked from 45 ms on.",
        "net: not every seed reaches 3 %, even without delay: never unlocked.",
    ]


def test_an_arm_that_overtakes_none_is_told_with_the_reason():
    best, late = arm("unlocked", FLAT), arm("late unlocked", {0.0: 9.0, 10.0: 9.0, 100.0: math.inf})
    others = (arm("short unlocked", {0.0: 50.0}), arm("slow unlocked", {0.0: 500.0, 100.0: 500.0}))
    said = answer([network(LOCKED_ARM, best, *others)])
    assert said[-2:] == [
        "net: ahead of none without delay, and not run with one: short unlocked.",
        "net: ahead of none with every seed: slow unlocked.",
    ]
    said = answer([network(arm("locked", LATE | {10.0: 15.0}), late)])
    assert said[0].endswith(": net from 4 ms on, up to 10 ms.")
    said = answer([network(arm("locked", LATE | {10.0: 15.0}), arm("unlocked", {0.0: 1.0}), late)])
    assert said[-1] == (
        "net: late unlocked overtakes locked from 4 ms on; beyond 10 ms not every seed reaches 3 %."
    )
    early = arm("early unlocked", {0.0: 2.0, 100.0: math.inf})
    said = answer([network(LOCKED_ARM, arm("unlocked", {0.0: 1.0}), early)])
    assert said[-1] == (
        "net: early unlocked is ahead of locked without delay; with a delay not every seed reaches"
        " 3 %."
    )


@pytest.mark.parametrize("rule", ["dfa", "local_pred"])
def test_the_headline_is_of_synthetic_gradients_and_the_others_are_told_of(rule):
    fields = {"rule": rule, "sg_layers": None, "sg_units": None, "sg_scale": None}
    other = arm("other unlocked", {0.0: 1.0, 100.0: 1.0}, **fields)
    assert other.unlocked
    assert not other.synthetic
    some = network(LOCKED_ARM, arm("unlocked", FLAT), WHOLE, other)
    assert headline(some, 3.0).unlocked.label == "unlocked"
    said = answer([some])
    assert said[0].endswith(": net from 5 ms on.")
    assert said[1].startswith("Not where one core does: ")
    assert said[2].startswith(
        "net, without delay: other unlocked is first to 3 % error (1 s); of those with synthetic"
        " gradients unlocked (10 s)."
    )
    assert said[-1] == "net: other unlocked is ahead of locked, whole at any delay."
    alone = answer([network(LOCKED_ARM, other)])
    assert alone[-1] == "net: other unlocked is ahead of locked at any delay."
    assert headline(network(LOCKED_ARM, other), 3.0) is None


def test_an_unlocked_arm_that_is_ahead_of_all():
    said = answer([network(LOCKED_ARM, arm("unlocked", {0.0: 1.0, 100.0: 1.0}))])
    assert said[0].endswith(": net ahead without delay.")
    assert said[1] == (
        "net, without delay: unlocked is first to 3 % error (1 s). unlocked is ahead of locked at"
        " any delay."
    )


def test_where_nothing_pays_it_says_so():
    slow = arm("unlocked", {0.0: 500.0, 100.0: 500.0})
    assert answer([network(LOCKED_ARM, slow)])[0] == (
        "Not here: to 3 % error no arm with synthetic gradients overtakes locked backprop with"
        " every seed at the delays that were run."
    )
    never = arm("unlocked", {0.0: math.inf, 100.0: math.inf})
    said = answer([network(LOCKED_ARM, never)])
    assert said[-1] == (
        "net, without delay: locked is first to 3 % error (5 s); none with synthetic gradients is"
        " there with every seed."
    )
    assert answer([network(never)])[-1] == "net: no arm reaches 3 % with every seed."


def test_the_headline_is_the_earliest_over_locked_stages_and_reads_as_a_clause():
    slow = arm("slow unlocked", {0.0: 50.0, 100.0: 50.0})
    found = headline(network(LOCKED_ARM, WHOLE, slow, arm("unlocked", FLAT)), 3.0)
    assert (found.unlocked.label, found.waiting.label) == ("unlocked", "locked")
    assert sentence(found) == "unlocked overtakes locked from 5 ms on"
    behind = headline(network(LOCKED_ARM, arm("unlocked", {0.0: 500.0, 100.0: 500.0})), 3.0)
    assert sentence(behind) == "unlocked is behind locked up to 100 ms"
    assert headline(network(WHOLE, arm("unlocked", FLAT)), 3.0) is None
