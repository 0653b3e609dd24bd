"""No feedback: nothing of what B learns reaches A."""

import numpy as np
import pytest
from reference.counting import (
    RULES,
    everything,
    pair_program,
    tiny_pair,
)

every_rule = pytest.mark.parametrize("rule", RULES)


def moved(before, after):
    """The parts (a, b, sg0) of which a weight differs between two outputs of `everything`."""
    return {
        name.split(".")[0]
        for (kind, name), value in after.items()
        if kind == "weight" and not np.array_equal(value, before[kind, name])
    }


def test_without_its_factor_dni_is_no_feedback_bit_for_bit():
    silent = pair_program(tiny_pair("dni", sg_factor=0.0))
    alone = pair_program(tiny_pair("no_feedback"))
    for _ in range(3):
        silent.step()
        alone.step()
    got, want = everything(silent), everything(alone)
    for what in want:
        np.testing.assert_array_equal(got[what], want[what], err_msg=str(what))


def test_with_m_at_zero_the_first_cycle_is_that_without_feedback():
    dni, alone = (
        pair_program(tiny_pair(rule), randomised=False) for rule in ("dni", "no_feedback")
    )
    dni.step()
    alone.step()
    got, want = everything(dni), everything(alone)
    for what in want:
        np.testing.assert_array_equal(got[what], want[what], err_msg=str(what))
    before = everything(dni)
    dni.step()
    alone.step()
    assert {"a", "b", "sg0"} == moved(before, everything(dni))
    assert not np.array_equal(
        everything(dni)["weight", "a.message.weight"],
        everything(alone)["weight", "a.message.weight"],
    )


def test_the_message_layer_learns_with_feedback_only():
    for rule in RULES:
        program = pair_program(tiny_pair(rule))
        before = everything(program)
        program.step()
        after = everything(program)
        same = np.array_equal(
            before["weight", "a.message.weight"], after["weight", "a.message.weight"]
        )
        assert same == (rule == "no_feedback")
