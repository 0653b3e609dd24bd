"""Checks on a GPU: the same numbers as on a CPU, from run to run and after a stop.

Each is skipped where torch sees no GPU. `test_dry_run.py` checks what can be checked without one.
"""

import dataclasses

import pytest
import torch
from reference.device_programs import CELLS, KINDS, device_program
from reference.jobs import job_of, never, train_in_parts, untimed
from reference.programs import random_data
from sgbench.bench.families.family import family_for
from sgbench.bench.profiling import memory_estimate
from sgbench.bench.profiling.synthetic_data import program_for
from sgbench.bench.training import loop
from sgbench.bench.training.graphs import WARM_UP, stepper
from sgbench.bench.training.torch_settings import configure_torch
from sgbench.reproductions.exhibits.exhibit import pick_cells

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")

CPU, GPU = torch.device("cpu"), torch.device("cuda:0")
STEPS = 20
FEED_FORWARD = [kind for kind in KINDS if CELLS[kind.split(", ")[0]]().network in ("fcn", "cnn")]


@pytest.fixture(autouse=True)
def configured():
    configure_torch("cuda:0", 1, "")


@pytest.fixture
def small_data(monkeypatch):
    monkeypatch.setattr(loop, "_load", lambda *_: random_data())


def trained(kind, device, *, recorded):
    """The weights by name after some steps of a kind of program, on the CPU."""
    with family_for(CELLS[kind.split(", ")[0]]()).grad_mode():
        program = device_program(kind, device)
        program.on_host = device == CPU
        step = stepper(program) if recorded else program.step
        for _ in range(STEPS):
            step()
        assert not recorded or device == CPU or step.refused == ""
        return {name: weight.cpu() for name, weight in program.weights.named.items()}


@pytest.mark.parametrize("recorded", [False, True], ids=["eager", "graphed"])
@pytest.mark.parametrize("kind", KINDS)
def test_in_float64_it_computes_what_a_cpu_does(kind, recorded):
    here, there = trained(kind, CPU, recorded=False), trained(kind, GPU, recorded=recorded)
    torch.testing.assert_close(there, here, rtol=1e-6, atol=1e-8)  # name by name


@pytest.mark.parametrize("kind", KINDS)
def test_two_runs_and_graphs_agree_to_the_last_bit(kind):
    first, second = (trained(kind, GPU, recorded=True) for _ in range(2))
    eager = trained(kind, GPU, recorded=False)
    for name, weight in first.items():
        assert torch.equal(weight, second[name]), name
        assert torch.equal(weight, eager[name]), name


@pytest.mark.parametrize("kind", FEED_FORWARD)
def test_a_step_does_not_wait(kind):
    with family_for(CELLS[kind.split(", ")[0]]()).grad_mode():
        program = device_program(kind, GPU)
        step = stepper(program)
        for _ in range(WARM_UP + 1):  # before the first pass over the data ends
            step()
        torch.cuda.set_sync_debug_mode("error")
        try:
            step()
        finally:
            torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("rule", ["backprop", "cdni", "dni"])
def test_a_stopped_run_goes_on_to_the_same_bits(rule, tmp_path, small_data, monkeypatch):
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.0)
    one = CELLS["cdni fcn" if rule != "backprop" else "backprop fcn"]()
    cells = [one.replace(rule=rule, seed=seed, iterations=23, evaluate_every=5) for seed in (0, 1)]
    job = dataclasses.replace(job_of(*cells), device="cuda:0", matmul="")
    saved = tuple(str(tmp_path / f"{r}.pt") for r in range(2))
    parts = train_in_parts(dataclasses.replace(job, checkpoints=saved), [3, 11, 19])
    assert untimed(parts[-1]) == untimed(loop.train(job, never))


@pytest.mark.parametrize("replicas", [1, 3, 32])
def test_memory_is_what_was_estimated(replicas):
    (cell, *_) = pick_cells("table1", "quick", where=["network=fcn,depth=4,rule=dni,sg_layers=2"])
    cells = tuple(cell.replace(seed=seed) for seed in range(replicas))
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_reserved()
    program = program_for(cells, "cuda:0", 1, "")
    with family_for(cell).grad_mode():
        step = stepper(program)
        for _ in range(6):
            step()
        program.evaluate_all()
    data = sum(
        t.numel() * t.element_size() for t in (program.batches.images, program.batches.order)
    )
    taken = torch.cuda.max_memory_reserved() - before - data
    assert taken < (1 + memory_estimate.HEADROOM) * memory_estimate.needed(cell, replicas)
