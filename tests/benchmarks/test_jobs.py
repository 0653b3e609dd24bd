"""What a second process gains: cell-iterations a second of `--jobs 2` over those of `--jobs 1`.

Wall-clock time, so it says something on a quiet machine with two cores only. Start-up is left out:
a job of one iteration for each worker goes before, and the clock starts when the first of them has
ended (so that what the other still does is counted against us).
"""

import dataclasses
import os
import statistics
import time

import pytest
from benchmarks.cases import label, quick_cell
from sgbench.bench import datasets, hardware
from sgbench.bench.engine import dispatch
from sgbench.bench.training.loop import Job

ITERATIONS = int(os.environ.get("SGBENCH_BENCH_ITERATIONS", "1000"))
CELLS = 6
REPEATS = 2


@pytest.mark.benchmark(group="jobs", timer=time.perf_counter)
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(("rule", "sg_layers"), [("cdni", 0)])
def test_jobs(benchmark, report, back_end, rule, sg_layers):
    if benchmark.disabled:
        pytest.skip("benchmarks are disabled")
    if datasets.status("mnist", None).state != "ready":
        pytest.skip("workers load MNIST: set SGBENCH_DATA, or `sgbench data fetch mnist`")
    if hardware.cores() < 2:
        pytest.skip("one core only")
    cell = quick_cell("fcn", 4, rule, sg_layers, iterations=ITERATIONS)
    cell = dataclasses.replace(cell, evaluate_every=ITERATIONS)
    jobs = [job(dataclasses.replace(cell, seed=seed), back_end) for seed in range(CELLS)]
    rates, outcomes = {1: [], 2: []}, {}

    def measure(workers):
        rate, outcomes[workers] = run(jobs, workers, job(warm_up(cell), back_end))
        rates[workers].append(rate)

    benchmark.pedantic(
        measure, args=(2,), setup=lambda: measure(1), rounds=REPEATS, warmup_rounds=0
    )
    assert outcomes[1] == outcomes[2]  # to the last bit
    report(
        "jobs",
        rule=label(cell),
        per_second={workers: statistics.median(taken) for workers, taken in rates.items()},
        gain=statistics.median(b / a for a, b in zip(rates[1], rates[2], strict=True)),
        load=os.getloadavg()[0],
    )


def warm_up(cell):
    return dataclasses.replace(cell, iterations=1, evaluate_every=1)


def job(cell, back_end):
    return Job(
        cells=(cell,),
        ids=(cell.key,),
        data_dir=None,
        device="cpu",
        threads=1,
        matmul=back_end,
        matmul_error=None,
    )


def run(jobs, workers, first):
    """Return iterations a second after the first warm-up job, and what the others gave."""
    ended, found = [], {}

    def done(index, outcomes):
        ended.append(time.perf_counter())
        found[index] = outcomes

    queue = [first] * workers + jobs
    dispatch.run(queue, workers, dispatch.Stop(), done, lambda index, iterations: None)
    results = [found[index][0] for index in range(workers, len(queue))]
    assert all(result.status == "ok" for result in results), results
    iterations = sum(result.iterations_done for result in results)
    same = [(r.error_rate, r.loss, r.train_error, r.train_loss) for r in results]
    return iterations / (ended[-1] - ended[0]), same
