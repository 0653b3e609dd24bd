"""Memory and work of feed-forward cells, held against what a program takes and does."""

import dataclasses

import pytest
from reference.programs import CPU, tiny_cell
from sgbench.bench.datasets import load
from sgbench.bench.families.feedforward import FAMILY, estimates
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.profiling import op_counter

WIDE = {"hidden_units": 200, "batch_size": 300, "precision": "float32"}
MAPS = {"filters": 16, "kernel_size": 5, "batch_size": 60, "precision": "float32"}
UNLOCKED = {"decoupled": "both", "p_update": 1.0, "si_layers": 2, "si_units": 100}
BEYOND = ("fa", "dfa", "drtp", "local_pred", "local_sim", "local_predsim", "deep_supervision")
CELLS = {
    "backprop": tiny_cell("backprop", **WIDE),
    "no_bprop": tiny_cell("no_bprop", **WIDE),
    "cdni": tiny_cell("cdni", sg_units=150, sg_layers=2, **WIDE),
    "linear": tiny_cell("dni", sg_layers=0, **WIDE),
    "update": tiny_cell("dni", sg_units=150, decoupled="update", p_update=1.0, **WIDE),
    "both": tiny_cell("dni", sg_units=150, sg_layers=2, **WIDE, **UNLOCKED),
    "backprop cnn": tiny_cell("backprop", "cnn", **MAPS),
    "no_bprop cnn": tiny_cell("no_bprop", "cnn", **MAPS),
    "cdni cnn": tiny_cell("cdni", "cnn", sg_units=20, sg_layers=2, **MAPS),
    **{rule: tiny_cell(rule, **WIDE) for rule in (*BEYOND, "mono_forward", "forward_forward")},
    **{f"{rule} cnn": tiny_cell(rule, "cnn", **MAPS) for rule in BEYOND},
    "pairs": tiny_cell("local_sim", **WIDE | {"hidden_units": 20, "batch_size": 1000}),
    "heads": tiny_cell("deep_supervision", **WIDE | {"hidden_units": 50}),
    "dropout": tiny_cell("backprop", dropout=0.1, **WIDE),
    "dropout, no norm": tiny_cell("fa", dropout=0.1, norm="none", activation="tanh", **WIDE),
    "dropout, two images": tiny_cell("forward_forward", dropout=0.1, **WIDE),
    "dropout, sim": tiny_cell("local_predsim", dropout=0.1, activation="leaky_relu", **WIDE),
    "dropout, cdni": tiny_cell("cdni", sg_units=150, sg_layers=2, dropout=0.1, **WIDE),
    "altered": tiny_cell("backprop", jitter=2, flip="horizontal", last_batch="smaller", **WIDE),
}


def program_of(cell):
    with FAMILY.grad_mode():
        program = FeedForwardProgram([cell], load("digits"), CPU)
        program.step()
    return program


@pytest.mark.parametrize("cell", CELLS.values(), ids=list(CELLS))
def test_weights_are_counted_as_they_are(cell):
    weights = program_of(cell).weights.flat.numel()
    assert estimates.weights(cell) == pytest.approx(4 * weights, rel=0.03)  # they are aligned


@pytest.mark.parametrize("cell", CELLS.values(), ids=list(CELLS))
def test_memory_is_near_what_is_held_at_once(cell):
    """And not below it: what is said to fit does."""
    program = program_of(cell)
    with FAMILY.grad_mode(), op_counter.Recorder() as recorder:
        program.evaluate_all()
        program.results()
    with FAMILY.grad_mode(), op_counter.Recorder() as of_a_step:
        program.step()
    held = 4 * program.weights.flat.nbytes + max(recorder.peak, of_a_step.peak)
    held += sum(tensor.nbytes for tensor in program.kept.values())
    assert 1.0 < FAMILY.memory(cell, 1) / held < 1.8


@pytest.mark.parametrize("cell", CELLS.values(), ids=list(CELLS))
def test_work_is_near_the_multiplications_of_a_step(cell):
    program = program_of(cell)
    with FAMILY.grad_mode():
        multiplications = op_counter.count(program.step, 2).flops / 2
    assert 0.95 < FAMILY.work(cell) / cell.iterations / multiplications < 1.35


def test_matrices_that_a_rule_keeps_are_in_what_it_takes():
    """They are as many as the weights where a network is wide: one part in six."""
    wide = WIDE | {"hidden_units": 2000, "batch_size": 10}
    cells = [tiny_cell(rule, **wide) for rule in ("fa", "backprop")]
    more = FAMILY.memory(cells[0], 1) - FAMILY.memory(cells[1], 1)
    feedback = 4 * (2 * 2000 * 2000 + 2000 * 10)
    assert feedback < more < 1.1 * feedback


def test_idle_layers_work_less():
    for name, share in (("update", (0.3, 0.4)), ("both", (0.24, 0.26))):
        idle = dataclasses.replace(CELLS[name], p_update=0.25)
        low, high = share
        assert low < FAMILY.work(idle) / FAMILY.work(CELLS[name]) < high


def test_what_it_grows_with():
    cell = CELLS["cdni"]
    assert FAMILY.memory(cell, 3) == 3 * FAMILY.memory(cell, 1)
    double = dataclasses.replace(cell, precision="float64")
    assert FAMILY.memory(double, 1) == 2 * FAMILY.memory(cell, 1)
    longer = dataclasses.replace(cell, iterations=2 * cell.iterations)
    assert FAMILY.work(longer) == 2 * FAMILY.work(cell)
