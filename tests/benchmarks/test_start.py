"""What a whole command takes with two jobs over one: `sgbench run` from its start to its end.

Wall-clock time, so it says something on a quiet machine with two cores only. The plans are two tiny
cells, which end before workers would have started, and one that takes about eight seconds alone.
"""

import os
import statistics
import subprocess
import sys
import time

import pytest
from sgbench.bench import hardware

REPEATS = 3
PLANS = {"two tiny cells": ("300", 2), "eight seconds": ("1000", 8)}
WHERE = "network=fcn,depth=3,rule=backprop"


@pytest.mark.benchmark(group="start", timer=time.perf_counter)
@pytest.mark.parametrize("plan", PLANS)
def test_start(benchmark, report, tmp_path, plan):
    if benchmark.disabled:
        pytest.skip("benchmarks are disabled")
    if hardware.cores() < 2:
        pytest.skip("one core only")
    iterations, seeds = PLANS[plan]
    seconds, store = {1: [], 2: []}, str(tmp_path / "store")

    def measure(jobs):
        one = len(seconds[jobs]) + (REPEATS * jobs)  # other cells each time: none is done yet
        command = [sys.executable, "-m", "sgbench", "run", "table1", "--where", WHERE]
        command += ["--set", f"iterations={iterations}", "--set", f"learning_rate={one * 1e-5}"]
        command += ["--seeds", str(seeds), "--jobs", str(jobs), "--store", store]
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds[jobs].append(time.perf_counter() - began)

    measure(1)  # chooses the back-end
    seconds[1].clear()
    benchmark.pedantic(
        measure, args=(2,), setup=lambda: measure(1), rounds=REPEATS, warmup_rounds=0
    )
    report(
        "start",
        plan=plan,
        seconds={jobs: statistics.median(taken) for jobs, taken in seconds.items()},
        more=statistics.median(b - a for a, b in zip(seconds[1], seconds[2], strict=True)),
        load=os.getloadavg()[0],
    )
