"""Populations of masked networks: what layout trains most of them, and what an idle layer saves.

The population is wall-clock time, so it says something on a quiet machine with two cores only:
networks one after another as two-thread plain eager PyTorch (in two forms, see `eager_decoupled`)
against one single-thread process a core, one network a program, which is what `sgbench run` does,
and against stacks of networks in one program. Start-up is left out, as in `test_jobs`.
"""

import dataclasses
import os
import statistics
import time

import pytest
import torch
from benchmarks.cases import CPU, data, program, quick_cell
from benchmarks.eager_decoupled import Decoupled
from benchmarks.sampling import CLOCK, interleave, ratio
from benchmarks.test_jobs import job, run, warm_up
from sgbench.bench import datasets, hardware
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.bench.nn import products

NETWORKS, REPEATS = 8, 3
ITERATIONS = int(os.environ.get("SGBENCH_BENCH_ITERATIONS", "60"))
SKIPPED = 20  # steps of a call: masks differ from step to step
modes = pytest.mark.parametrize("decoupled", ["update", "both"])


def masked(decoupled, p, **changes):
    """A cell of exhibit p_update at `quick`."""
    inputs = {"si_layers": 1, "si_units": 1024} if decoupled == "both" else {}
    return quick_cell("fcn", 4, "dni", 1, decoupled=decoupled, p_update=p, **inputs, **changes)


@pytest.mark.benchmark(group="mask", timer=CLOCK)
@pytest.mark.usefixtures("one_thread", "back_end")
@modes
def test_a_busy_layer_saves_its_work(benchmark, report, decoupled):
    programs = {p: program(masked(decoupled, p)) for p in (0.2, 1.0)}

    def steps(p):
        with torch.no_grad():
            for _ in range(SKIPPED):
                programs[p].step()

    samples = interleave(benchmark, {f"p = {p}": lambda p=p: steps(p) for p in programs})
    report(
        "mask",
        decoupled=decoupled,
        per_second={n: SKIPPED / statistics.median(taken) for n, taken in samples.items()},
        gain=ratio(samples, "p = 1.0", "p = 0.2"),
    )


@pytest.mark.benchmark(group="population", timer=time.perf_counter)
@modes
def test_population(benchmark, report, back_end, decoupled):
    if benchmark.disabled:
        pytest.skip("benchmarks are disabled")
    if datasets.status("mnist", None).state != "ready":
        pytest.skip("workers load MNIST: set SGBENCH_DATA, or `sgbench data fetch mnist`")
    if hardware.cores() < 2:
        pytest.skip("one core only")
    changes = {"iterations": ITERATIONS, "evaluate_every": ITERATIONS}
    cells = [masked(decoupled, (n + 0.5) / NETWORKS, seed=n, **changes) for n in range(NETWORKS)]
    rates = {name: [] for name in ("processes", "stack", "eager", "eager, lean")}

    def processes():
        jobs = [job(cell, back_end) for cell in cells]
        rates["processes"].append(run(jobs, 2, job(warm_up(cells[0]), back_end))[0])

    def others():
        threads = torch.get_num_threads()
        torch.set_num_threads(2)
        try:
            products.use(products.available()[0])
            for name, lean in (("eager", False), ("eager, lean", True)):
                networks = [Decoupled(cell, data(), lean=lean) for cell in cells]
                rates[name].append(timed([network.step for network in networks], 1))
            products.use(back_end)
            with torch.no_grad():
                stack = FeedForwardProgram(cells, data(), CPU)
                rates["stack"].append(timed([stack.step], NETWORKS))
        finally:
            products.use(products.available()[0])
            torch.set_num_threads(threads)

    benchmark.pedantic(processes, setup=others, rounds=REPEATS, warmup_rounds=0)
    gains = {
        name: statistics.median(a / b for a, b in zip(rates["processes"], taken, strict=True))
        for name, taken in rates.items()
        if name != "processes"
    }
    report(
        "population",
        decoupled=decoupled,
        per_second={name: statistics.median(taken) for name, taken in rates.items()},
        gains=gains,
        load=os.getloadavg()[0],
    )


def timed(steps, networks):
    """Network-iterations a second of taking each of `steps`, of `networks` each, so many times."""
    for step in steps:
        step()  # first touches
    start = time.perf_counter()
    for step in steps:
        for _ in range(ITERATIONS):
            step()
    return len(steps) * ITERATIONS * networks / (time.perf_counter() - start)


def test_the_population_is_spread_over_the_unit_interval():
    cells = [masked("both", (n + 0.5) / NETWORKS) for n in range(NETWORKS)]
    assert statistics.fmean(cell.p_update for cell in cells) == 0.5
    assert len({dataclasses.replace(cell, p_update=1) for cell in cells}) == 1
