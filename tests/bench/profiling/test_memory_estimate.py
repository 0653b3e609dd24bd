"""What a program takes of memory, told before it is begun."""

import dataclasses
import os
import platform
import subprocess
import sys

import pytest
from reference.counting import small_digits, tiny_pair
from reference.programs import CPU, tiny_cell
from reference.sequences import tiny_recurrent
from sgbench.bench.datasets import load
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.families.pair.program import PairProgram
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.bench.nn.lstm import Tape
from sgbench.bench.profiling import memory_estimate
from torch import OutOfMemoryError, Tensor

BIG = {"hidden_units": 512, "batch_size": 64, "T": 10, "precision": "float32"}


def held(tape):
    """The bytes of a tape's tensors, views left out."""
    whole = [value for value in vars(tape).values() if isinstance(value, Tensor)]
    return sum(v.nbytes for v in whole if v.untyped_storage().nbytes() == v.nbytes)


@pytest.mark.parametrize("rule", ["bptt", "dni_aux"])
def test_the_estimate_is_near_what_the_tapes_hold(rule):
    cell = tiny_recurrent(rule, **BIG)
    if rule != "bptt":
        cell = dataclasses.replace(cell, sg_units=512)
    program = RecurrentProgram([cell], load("copy"), CPU)
    program.step()
    program.step()
    tapes = program.network._tapes
    assert all(isinstance(tape, Tape) for tape in tapes)
    assert len(tapes) == (2 if rule == "dni_aux" else 1)
    # The rest is what is made of an unroll on the way: its outputs, their gradients, the logits.
    assert 0.6 < sum(map(held, tapes)) / (4 * memory_estimate.of_a_step(cell)) < 1.0


def test_it_grows_with_the_unroll_and_the_precision():
    cell = tiny_recurrent("bptt", **BIG)
    longer = dataclasses.replace(cell, T=21)
    assert memory_estimate.of_a_step(longer) == 2 * memory_estimate.of_a_step(cell)
    assert memory_estimate.needed(
        dataclasses.replace(cell, precision="float64")
    ) == 2 * memory_estimate.needed(cell)
    assert memory_estimate.needed(cell, 3) == 3 * memory_estimate.needed(cell)


COPIES = {
    "fcn": tiny_cell("cdni", hidden_units=300, sg_units=200, sg_layers=2),
    "unlocked": tiny_cell(
        "dni",
        hidden_units=300,
        sg_units=200,
        decoupled="both",
        p_update=0.5,
        si_layers=2,
        si_units=100,
    ),
    "cnn": tiny_cell("cdni", "cnn", filters=40, kernel_size=5, sg_units=30, sg_layers=2),
    "backprop": tiny_cell("backprop", "cnn", filters=40, kernel_size=5),
}


@pytest.mark.parametrize("cell", COPIES.values(), ids=list(COPIES))
def test_the_weights_are_counted_as_they_are(cell):
    program = FeedForwardProgram([cell], load("digits"), CPU)
    weights = program.network.weights.flat.numel()
    assert memory_estimate.of_weights(cell) == pytest.approx(4 * weights, rel=0.05)


@pytest.mark.parametrize("rule", ["bptt", "dni_aux"])
def test_those_of_recurrent_cells_are_too(rule):
    cell = tiny_recurrent(rule, **BIG)
    program = RecurrentProgram([cell], load("copy"), CPU)
    weights = program.network.weights.flat.numel()
    # The vocabulary is taken to be larger than that of the copying tasks.
    assert 1.0 < memory_estimate.of_weights(cell) / (4 * weights) < 1.3


def test_those_of_two_networks_are_too():
    cell = tiny_pair("dni", hidden_units=256)
    program = PairProgram([cell], small_digits(), CPU)
    weights = program.network.weights.flat.numel()
    assert memory_estimate.of_weights(cell) == pytest.approx(4 * weights, rel=0.1)


def test_a_value_that_is_said_to_fit_does():
    cell = tiny_cell("dni", hidden_units=10_000, batch_size=20_000)
    for field, share in (("batch_size", 0.5), ("hidden_units", 0.1)):
        available = int(memory_estimate.needed(cell) * share)
        fits = memory_estimate.fitting(cell, available, field)
        assert 1 < fits < cell.value(field)
        for value, within in ((fits, True), (fits + 1, False)):
            need = memory_estimate.needed(dataclasses.replace(cell, **{field: value}))
            assert (need <= available) == within
    assert memory_estimate.remedy(cell, available).startswith(
        "hidden_units of about "
    )  # batch will not do
    assert memory_estimate.remedy(cell, 1) == "a smaller network and batch might fit"


@pytest.mark.parametrize(
    ("error", "short"),
    [
        (MemoryError(), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you"), True),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_says_that_memory_is_short(error, short):
    assert memory_estimate.exhausted(error) == short


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({"memory.max": "1000\n", "memory.current": "700\n"}, [300 + 50]),
        ({"memory.max": "max\n", "memory.current": "700\n"}, []),
        ({"memory.max": "1000\n", "memory.current": "2000\n"}, [0]),
        ({}, []),
    ],
)
def test_a_container_leaves_what_its_limit_says(tmp_path, monkeypatch, files, left):
    group = (str(tmp_path / "memory.max"), "memory.current", "inactive_file")
    monkeypatch.setattr(memory_estimate, "_CGROUPS", (group,))
    (tmp_path / "memory.stat").write_text("anon 7\ninactive_file 50\n")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert memory_estimate._left_to_container() == left
    if left:
        assert memory_estimate.free("cpu") == left[0]


def faults(script, **env):
    """Minor page faults of a script's `work()`, in a thread, once it has been done often."""
    code = f"""
import resource, threading, torch
from sgbench.bench.profiling import memory_estimate
def faults(): return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
{script}
def often():
    prepare()
    for _ in range(20): work()
    before = faults(); work(); print(faults() - before)
thread = threading.Thread(target=often); thread.start(); thread.join()
"""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC", "GLIBC"))}
    done = subprocess.run(
        [sys.executable, "-c", code], env=clean | env, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
@pytest.mark.parametrize("env", [{}, {"MALLOC_TRIM_THRESHOLD_": "65536"}], ids=["plain", "dask"])
def test_a_process_keeps_what_it_frees(env):
    work = "def work(): torch.empty(2**23).fill_(1)\nprepare = "  # 32 MiB
    assert faults(f"{work}int", **env) > 10 * faults(f"{work}memory_estimate.keep", **env)
