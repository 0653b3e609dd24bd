"""Memory and work of recurrent cells, held against what a program takes and does."""

import dataclasses

import pytest
from reference.programs import CPU
from reference.sequences import tiny_recurrent
from sgbench.bench.datasets import load
from sgbench.bench.families.recurrent import FAMILY, estimates
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.bench.nn.lstm import Tape
from sgbench.bench.profiling import op_counter
from torch import Tensor

BIG = {"hidden_units": 256, "batch_size": 64, "T": 10, "precision": "float32"}
RULES = ("bptt", "dni", "dni_aux")


def cell_of(rule, **changes):
    units = {} if rule == "bptt" else {"sg_units": 256}
    return tiny_recurrent(rule, **{**BIG, **units, **changes})


def program_of(cell):
    program = RecurrentProgram([cell], load(cell.dataset), CPU)
    with FAMILY.grad_mode():
        for _ in range(2):
            program.step()
    return program


def held(tape):
    """The bytes of a tape's tensors, views left out."""
    whole = [value for value in vars(tape).values() if isinstance(value, Tensor)]
    return sum(v.nbytes for v in whole if v.untyped_storage().nbytes() == v.nbytes)


@pytest.mark.parametrize("rule", RULES)
def test_weights_are_counted_as_they_are(rule):
    cell = cell_of(rule)
    weights = program_of(cell).weights.flat.numel()
    assert estimates.weights(cell) == pytest.approx(4 * weights, rel=0.01)  # they are aligned


@pytest.mark.parametrize("rule", RULES)
def test_a_step_is_near_what_the_tapes_hold(rule):
    cell = cell_of(rule)
    tapes = program_of(cell).network._tapes
    assert all(isinstance(tape, Tape) for tape in tapes)
    assert len(tapes) == (2 if rule == "dni_aux" else 1)
    # The rest is what is made of an unroll on the way: its outputs, their gradients, the logits.
    assert 0.7 < sum(map(held, tapes)) / (4 * estimates.of_a_step(cell)) < 1.0


@pytest.mark.parametrize("dataset", ["copy", "descriptions"])
@pytest.mark.parametrize("rule", ["bptt", "dni"])
def test_an_evaluation_is_near_what_it_takes(rule, dataset):
    text = {"solve_bits": None, "solve_window": None, "split": "test", "patience": 0}
    cell = cell_of(rule, **({"dataset": dataset} | (text if dataset == "descriptions" else {})))
    program = program_of(cell)
    with FAMILY.grad_mode(), op_counter.Recorder() as recorder:
        program.evaluate_all()
    estimate = 4 * estimates.of_an_evaluation(cell)
    if (rule, dataset) == ("bptt", "copy"):
        assert estimate == 0
    else:
        assert 1.0 < estimate / recorder.peak < 1.6


@pytest.mark.parametrize("rule", RULES)
def test_work_is_near_the_multiplications_of_a_step(rule):
    cell = cell_of(rule)
    program = program_of(cell)
    with FAMILY.grad_mode():
        multiplications = op_counter.count(program.step).flops / 2
    assert 0.95 < FAMILY.work(cell) / cell.iterations / multiplications < 1.2


def test_what_it_grows_with():
    cell = cell_of("bptt")
    longer = dataclasses.replace(cell, T=21)
    assert estimates.of_a_step(longer) == 2 * estimates.of_a_step(cell)
    assert FAMILY.memory(cell, 3) == 3 * FAMILY.memory(cell, 1)
    double = dataclasses.replace(cell, precision="float64")
    assert FAMILY.memory(double, 1) == 2 * FAMILY.memory(cell, 1)


def test_a_corpus_has_its_own_symbols(tmp_path):
    text = {"solve_bits": None, "solve_window": None, "split": "test", "patience": 0}
    cell = cell_of("bptt", dataset="ptb", **text)
    few = tmp_path / "few.txt"
    few.write_text("abc" * 500, encoding="utf-8")
    assert FAMILY.work(dataclasses.replace(cell, corpus=str(few))) < FAMILY.work(cell)
