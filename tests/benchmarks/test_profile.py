"""Where the time of a step goes, part by part: `pytest --benchmark-only .../test_profile.py`."""

import pytest
import torch
from benchmarks.cases import CPU, program, quick_cell
from benchmarks.profile import BETWEEN, profiled
from benchmarks.sampling import CLOCK, ROUNDS
from benchmarks.test_steps import CNN_BATCH
from benchmarks.unrolls import quick_unroll
from sgbench.bench.datasets import load
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.bench.nn import products

PROGRAMS = {
    "fcn, backprop": lambda: program(quick_cell("fcn", 4, "backprop", None)),
    "fcn, cdni, M linear": lambda: program(quick_cell("fcn", 4, "cdni", 0)),
    "fcn, dni, M 2 x 1024": lambda: program(quick_cell("fcn", 4, "dni", 2)),
    "lstm, bptt, T 4": lambda: RecurrentProgram([quick_unroll("bptt", 4)], load("copy"), CPU),
    "lstm, dni, T 4": lambda: RecurrentProgram([quick_unroll("dni", 4)], load("copy"), CPU),
    "cnn, backprop": lambda: program(quick_cell("cnn", 3, "backprop", None, batch_size=CNN_BATCH)),
    "cnn, cdni, M linear": lambda: program(quick_cell("cnn", 3, "cdni", 0, batch_size=CNN_BATCH)),
}


@pytest.mark.benchmark(group="profile", timer=CLOCK)
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", PROGRAMS)
def test_parts(benchmark, report, back_end, name):
    if benchmark.disabled:
        pytest.skip("benchmarks are disabled")
    products.use(back_end)
    parts = benchmark.pedantic(profiled, args=(PROGRAMS[name], ROUNDS), rounds=1)
    products.use(products.available()[0])
    report("profile", program=name, parts=parts, total=sum(parts.values()))


def test_parts_are_told_apart(one_thread):
    with torch.no_grad():
        small = {"batch_size": 16, "hidden_units": 16}
        parts = profiled(lambda: program(quick_cell("fcn", 3, "backprop", None, **small)), 2)
    assert {"products", "views", "Adam", "BatchNorm", "Batches", BETWEEN} <= set(parts)
    assert "elsewhere" not in parts
    assert parts["products"] > 0
