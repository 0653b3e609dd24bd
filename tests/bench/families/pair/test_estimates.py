"""Memory and work of two networks, held against what a program takes and does."""

import dataclasses

import pytest
from reference.counting import tiny_pair
from reference.programs import CPU
from sgbench.bench.datasets import load
from sgbench.bench.families.pair import FAMILY, estimates
from sgbench.bench.families.pair.program import PairProgram
from sgbench.bench.profiling import op_counter

RULES = ("end_to_end", "dni", "no_feedback")
BIG = {"hidden_units": 96, "batch_size": 64, "T": 4, "precision": "float32"}


def program_of(cell):
    with FAMILY.grad_mode():
        program = PairProgram([cell], load("counting_digits"), CPU)
        program.step()
    return program


@pytest.mark.parametrize("rule", RULES)
def test_weights_are_counted_as_they_are(rule):
    cell = tiny_pair(rule, **BIG)
    weights = program_of(cell).weights.flat.numel()
    assert estimates.weights(cell) == pytest.approx(4 * weights, rel=0.01)  # they are aligned


@pytest.mark.parametrize("rule", RULES)
def test_memory_is_near_what_is_held_at_once(rule):
    """Of the steps; an evaluation of so few units takes what its logits and states take."""
    cell = tiny_pair(rule, **BIG)
    program = program_of(cell)
    with FAMILY.grad_mode():
        peak = op_counter.count(program.step).peak_bytes
    assert 1.0 < 4 * (estimates.weights(cell) + estimates.of_a_step(cell)) / peak < 2.5


@pytest.mark.parametrize("rule", RULES)
def test_work_is_near_the_multiplications_of_a_cycle(rule):
    cell = tiny_pair(rule, **BIG)
    program = program_of(cell)
    with FAMILY.grad_mode():
        multiplications = op_counter.count(program.step).flops / 2
    assert 0.95 < FAMILY.work(cell) / cell.iterations / multiplications < 1.25


def test_what_it_grows_with():
    cell = tiny_pair("dni", **BIG)
    assert FAMILY.memory(cell, 3) == 3 * FAMILY.memory(cell, 1)
    whole = tiny_pair("end_to_end", **BIG)
    longer = dataclasses.replace(whole, T=8)
    assert 3 < FAMILY.work(longer) / FAMILY.work(whole) < 4.5
    assert 3 < estimates.of_a_step(longer) / estimates.of_a_step(whole) < 4.5
