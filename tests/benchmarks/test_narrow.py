"""What precision=bf16 costs or gains beside float32, a step or an update at a time."""

import dataclasses

import pytest
from benchmarks.cases import CPU, program, quick_cell
from benchmarks.sampling import CLOCK, interleave, ratio
from benchmarks.test_steps import through
from benchmarks.unrolls import quick_unroll
from sgbench.bench.datasets import load
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.bench.nn.precision import native

CASES = {
    "fcn, backprop": (quick_cell("fcn", 4, "backprop", None), program),
    "fcn, cdni, M linear": (quick_cell("fcn", 4, "cdni", 0), program),
    "lstm, bptt, T 4": (
        quick_unroll("bptt", 4),
        lambda cell: RecurrentProgram([cell], load("copy"), CPU),
    ),
}


@pytest.mark.benchmark(group="bf16", timer=CLOCK)
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", CASES)
def test_bf16(benchmark, report, back_end, name):
    cell, make = CASES[name]
    narrow = dataclasses.replace(cell, precision="bf16")
    contenders = {
        "bf16": through(back_end, make(narrow).step, precision="bf16"),
        "float32": through(back_end, make(cell).step),
    }
    samples = interleave(benchmark, contenders)
    report("bf16", program=name, native=native(), ratio=ratio(samples, "float32", "bf16"))
