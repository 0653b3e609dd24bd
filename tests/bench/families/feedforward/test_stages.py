"""Cells whose network is cut into stages: what fits together, and what a message names."""

import pytest
from reference.cell_values import BACKPROP, CNN, DNI, LOCKED, NO_INPUTS, UNLOCKED
from reference.own_rules import registered
from sgbench.bench import registry
from sgbench.bench.configuration import applicable
from sgbench.bench.contract import SCHEDULES
from sgbench.bench.errors import UsageError
from sgbench.bench.families.feedforward.stages import (
    check_stages,
    learns_from,
    schedules_of,
    waiting_seconds,
)

STAGED = {name: LOCKED[name] for name in ("stages", "schedule", "delay", "straggler")}


@pytest.mark.parametrize(
    "values",
    [
        *(BACKPROP, DNI, CNN, LOCKED, UNLOCKED, NO_INPUTS),
        {**LOCKED, "stages": 1, "delay": 0.0},
        {**LOCKED, "stages": 4},
        {**LOCKED, "schedule": "data_parallel", "stages": 8},
        {**LOCKED, "schedule": "gpipe", "batch_size": 8},
        {**LOCKED, "schedule": "stale", "batch_size": 255},
        {**UNLOCKED, "rule": "cdni"},
        {**UNLOCKED, "rule": "dfa"},
        {**UNLOCKED, "rule": "local_pred"},
    ],
)
def test_what_fits(values):
    check_stages(values)


@pytest.mark.parametrize(
    ("base", "change", "words"),
    [
        (BACKPROP, {"schedule": "locked"}, ("schedule=locked", "give stages too")),
        (BACKPROP, {"delay": 0.0}, ("delay=0.0", "give stages too")),
        (BACKPROP, {"straggler": 1.0}, ("straggler=1.0", "give stages too")),
        (CNN, STAGED, ("stages=2", "network=cnn", "network=fcn")),
        (BACKPROP, {**STAGED, "rule": "fa"}, ("rule=fa", "backprop, cdni, dfa, dni, local_pred")),
        (UNLOCKED, {"decoupled": "update"}, ("stages=2", "decoupled=update", "leave one")),
        (UNLOCKED, {"frozen_below": 1}, ("stages=2", "frozen_below=1", "leave one")),
        (UNLOCKED, {"schedule": "locked"}, ("rule=dni", "unlocked, completely_unlocked")),
        (UNLOCKED, {"rule": "dfa", "schedule": "locked"}, ("rule=dfa", "from: unlocked")),
        (LOCKED, {"schedule": "unlocked"}, ("rule=backprop", "locked, gpipe, 1f1b")),
        (LOCKED, {"stages": 1}, ("stages=1", "delay=3.0", "give stages=2")),
        (LOCKED, {"stages": 1, "delay": 0.0, "schedule": "stale"}, ("stages=1", "schedule=stale")),
        (LOCKED, {"stages": 5}, ("stages=5", "depth=4", "give stages=4 or fewer")),
        (LOCKED, {"schedule": "1f1b", "batch_size": 250}, ("250", "4 equal parts", "from 8")),
        (LOCKED, {"schedule": "gpipe", "batch_size": 4}, ("batch_size=4", "from 8")),
        (
            LOCKED,
            {"schedule": "data_parallel", "batch_size": 255},
            ("batch_size=255", "2 equal parts", "a multiple of 2 from 4"),
        ),
    ],
)
def test_what_does_not_fit_names_the_field_and_the_remedy(base, change, words):
    check_stages(base)  # the change alone is at fault
    with pytest.raises(UsageError) as caught:
        check_stages({**base, **change})
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("dni", "models"), ("cdni", "models"), ("dfa", "errors"), ("local_pred", "heads")],
)
def test_what_an_unlocked_stage_learns_from_follows_from_the_rule(rule, expected):
    assert learns_from(rule) == expected


@pytest.mark.parametrize(
    ("rule", "schedule", "seconds"),
    [
        ("backprop", "locked", 0.4),
        ("backprop", "stale", 0.1),
        ("dni", "unlocked", 0.0),
        ("local_pred", "unlocked", 0.0),
        ("dfa", "unlocked", 0.4 / 64),
    ],
)
def test_an_update_waits_for_so_many_delays(rule, schedule, seconds):
    values = {**UNLOCKED, "rule": rule, "schedule": schedule, "stages": 3, "delay": 100.0}
    assert waiting_seconds(values) == pytest.approx(seconds)


@pytest.mark.parametrize("rule", ["dfa", "local_pred"])
def test_one_m_a_stage_is_of_rules_with_m(rule):
    assert applicable({**UNLOCKED, "rule": "dni"})["sg_at"]
    assert not applicable({**UNLOCKED, "rule": rule})["sg_at"]


def test_every_schedule_is_of_some_rule():
    found = [name for rule in registry.RULES.builtin_names() for name in schedules_of(rule)]
    assert set(found) == set(SCHEDULES)


def test_a_rule_from_outside_has_no_schedule(tmp_path):
    declares = "import dataclasses\nRULE = dataclasses.replace(RULE, schedules=('locked',))\n"
    with registered(tmp_path, comment=declares) as rule:
        assert registry.RULES.declared(rule).schedules == ("locked",)
        assert schedules_of(rule) == ()
