"""An update of Table 2: ours, the plain baseline, and the machine's limit for it, in turn."""

import statistics
import time

import pytest
import torch
from benchmarks.cases import CPU
from benchmarks.sampling import CLOCK, fastest, interleave, ratio
from benchmarks.test_steps import limit_of, through
from benchmarks.unrolls import EagerUnroll, quick_unroll
from sgbench.bench.datasets import load
from sgbench.bench.families.family import family_for
from sgbench.bench.families.recurrent.program import RecurrentProgram
from sgbench.bench.nn import products
from torch._inductor import config as inductor

RULES = ["bptt", "dni"]


@pytest.mark.benchmark(group="unroll", timer=CLOCK)
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("T", [4])
@pytest.mark.parametrize("rule", RULES)
def test_unroll(benchmark, report, back_end, rule, T):
    cell = quick_unroll(rule, T)
    with family_for(cell).grad_mode():
        program = RecurrentProgram([cell], load("copy"), CPU)
    network = program.network
    eager = EagerUnroll(cell, network.symbols, network.classes)
    limit = limit_of(program)
    chunks = [program.stream.peek(T, program.streams) for _ in range(1)]
    inputs, targets = (part[0] for part in chunks[0])
    default = products.available()[0]
    contenders = {
        "ours": through(back_end, program.step),
        "eager": through(default, lambda: eager.update(inputs, targets), gradients=True),
        **{f"limit {name}": through(name, limit.step) for name in products.available()},
    }
    samples = interleave(benchmark, contenders)
    best = fastest(samples, [name for name in samples if name.startswith("limit ")])
    report(
        "step",
        network=f"lstm {cell.hidden_units} T {T}",
        rule=rule,
        batch=cell.batch_size,
        per_second=1 / statistics.median(samples["ours"]),
        eager_over_ours=ratio(samples, "eager", "ours"),
        ours_over_limit=ratio(samples, "ours", best),
        eager_over_limit=ratio(samples, "eager", best),
        limit=best.removeprefix("limit "),
        milliseconds={name: 1000 * statistics.median(taken) for name, taken in samples.items()},
    )


@pytest.mark.benchmark(group="compile", timer=CLOCK)
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("T", [4])
def test_compiling(benchmark, report, back_end, T):
    """What `torch.compile` makes of the core's T steps and their pullback, and what it costs."""
    if benchmark.disabled:
        pytest.skip("benchmarks are disabled")
    cell = quick_unroll("bptt", T)
    network = RecurrentProgram([cell], load("copy"), CPU).network
    stream = RecurrentProgram([cell], load("copy"), CPU).stream
    inputs, targets = stream.peek(T, cell.batch_size)
    with torch.no_grad():
        tape, deltas = network.forward(inputs, targets)

    def unroll():
        network.core.forward(tape, inputs, network.state)
        network.core.pull(tape, deltas, None)

    compiled = torch.compile(unroll)
    products.use(back_end)
    start = time.perf_counter()
    with torch.no_grad(), inductor.patch(force_disable_caches=True):  # what an earlier run left
        compiled()
    seconds = time.perf_counter() - start
    contenders = {"ours": unroll, "compiled": compiled}
    samples = interleave(
        benchmark, {name: through(back_end, call) for name, call in contenders.items()}
    )
    gain = ratio(samples, "ours", "compiled")
    saved = statistics.median(samples["ours"]) * (1 - 1 / gain[1])  # by the lower quartile
    report(
        "compile",
        what=f"lstm {cell.hidden_units} T {T}",
        seconds=seconds,
        gain=gain,
        pays=seconds / saved if saved > 0 else None,
    )


def small(rule, precision="float64", **changes):
    sizes = {"hidden_units": 12, "batch_size": 6, "sg_units": 9, **changes}
    if rule == "bptt":
        sizes.pop("sg_units")
    cell = quick_unroll(rule, 3, precision=precision, **sizes)
    program = RecurrentProgram([cell], load("copy"), CPU)
    for view in program.network.weights.named.values():
        view.normal_(0, 0.3, generator=torch.Generator().manual_seed(view.numel()))
    eager = EagerUnroll(cell, program.network.symbols, program.network.classes)
    eager.load(program.network)
    return program, eager


@pytest.mark.parametrize("rule", RULES)
def test_the_baseline_computes_what_ours_computes(rule):
    program, eager = small(rule)
    fresh = small(rule)[1]
    for _ in range(3):
        inputs, targets = program.stream.peek(program.T, program.streams)
        program.stream.advance(program.T)
        with torch.no_grad():
            program.update(inputs, targets)
        eager.update(inputs[0], targets[0])
    fresh.load(program.network)
    expected = dict(fresh.named_parameters())
    for name, value in eager.named_parameters():
        assert (value - expected[name]).abs().max() < 1e-9, name
