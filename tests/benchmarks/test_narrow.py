"""What precision=bf16 gains or costs beside float32: a step, an update, a layer's products."""

import dataclasses
import statistics

import pytest
import torch
from benchmarks.cases import CPU, program, quick_cell
from benchmarks.sampling import CLOCK, interleave, ratio
from benchmarks.test_steps import through
from benchmarks.unrolls import quick_unroll
from sgbench.bench import processor
from sgbench.bench.datasets import load
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.bench.hardware import keep_freed_memory
from sgbench.bench.nn.arithmetic import EXACT, NATIVE

CNN_BATCH = 32  # an eighth of the protocol's: the convolutions of a step are long enough


def recurrent(cell):
    """Return the program that trains `cell` alone."""
    return RecurrentProgram([cell], load("copy"), CPU)


CASES = {
    "fcn, backprop": (quick_cell("fcn", 4, "backprop", None), program),
    "fcn, cdni, M linear": (quick_cell("fcn", 4, "cdni", 0), program),
    "fcn, dni, M 2 x 1024": (quick_cell("fcn", 4, "dni", 2), program),
    "cnn, backprop": (quick_cell("cnn", 3, "backprop", None, batch_size=CNN_BATCH), program),
    "cnn, cdni, M linear": (quick_cell("cnn", 3, "cdni", 0, batch_size=CNN_BATCH), program),
    "lstm, bptt, T 4": (quick_unroll("bptt", 4), recurrent),
    "lstm, dni, T 4": (quick_unroll("dni", 4), recurrent),
}


@pytest.mark.benchmark(group="bf16", timer=CLOCK)
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", CASES)
def test_bf16(benchmark, report, back_end, name):
    keep_freed_memory()  # as training does: bfloat16 copies come and go
    cell, make = CASES[name]
    narrow = dataclasses.replace(cell, precision="bf16")
    contenders = {
        "bf16": through(back_end, make(narrow).step),
        "float32": through(back_end, make(cell).step),
    }
    samples = interleave(benchmark, contenders)
    gain, by = ratio(samples, "float32", "bf16"), processor.bfloat16()
    report("bf16", program=name, by=by or "emulation", ratio=gain)


SHAPES = {  # outputs, inputs, batch
    "first layer": (256, 784, 256),
    "hidden layer": (256, 256, 256),
    "M, first layer": (1024, 256, 256),
    "M, second layer": (1024, 1024, 256),
    "LSTM, a step": (1024, 267, 256),
}


@pytest.mark.benchmark(group="bf16 products", timer=CLOCK)
@pytest.mark.usefixtures("one_thread")
@pytest.mark.skipif(
    not torch.cpu.get_capabilities().get("avx512_bf16"),
    reason="this processor has no bfloat16 products",
)
@pytest.mark.parametrize("name", SHAPES)
def test_the_products_of_a_layer(benchmark, report, back_end, name):
    """Forward, and the gradients at weight and input: alone, and with all that bf16 converts."""
    keep_freed_memory()
    outputs, inputs, batch = SHAPES[name]
    tensors = (
        torch.randn(*size) for size in ((outputs, inputs), (inputs, batch), (outputs, batch))
    )
    weight, x, delta = tensors
    held, grad = [NATIVE.operand(t) for t in (weight, x, delta)], torch.empty_like(weight)

    def alone(weight, x, delta):
        return lambda: (weight @ x, delta @ x.mT, weight.mT @ delta)

    def layer(kind):
        def step():
            w, seen = kind.operand(weight), kind.operand(x)
            kind.product(w, seen)
            pulled = kind.operand(delta)
            kind.product(pulled, seen.mT, grad)
            kind.product(w.mT, pulled)

        return step

    calls = {"bf16": alone(*held), "float32": alone(weight, x, delta)}
    calls |= {"bf16 layer": layer(NATIVE), "float32 layer": layer(EXACT)}
    contenders = {who: through(back_end, call) for who, call in calls.items()}
    contenders["in oneDNN"] = through("onednn", alone(weight, x, delta))
    samples = interleave(benchmark, contenders)
    flops = 6 * outputs * inputs * batch
    report(
        "bf16 products",
        shape=f"{name}: {outputs} x {inputs}, batch {batch}",
        rates={who: flops / statistics.median(samples[who]) / 1e9 for who in ("float32", "bf16")},
        alone=ratio(samples, "float32", "bf16"),
        layer=ratio(samples, "float32 layer", "bf16 layer"),
        within=ratio(samples, "float32", "in oneDNN"),
    )
