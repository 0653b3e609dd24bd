"""Records real timings of two identical and of slowed builds, for the gate's operating curve.

    cd tests && python -m benchmarks.record_timings timings.npz --minutes 15

Sessions are those of `sgbench gate` (`reproductions.gate.speed`), whose processes run
`benchmarks.slowed` instead of a build's sampler. A benchmark is one of four programs and what slows
the candidate's step: 0, 5, 10, 20, 50 % of its time in repeated products. What is not slowed has
sessions of its own: a process that repeated products before is laid out otherwise.
"""

import argparse
import dataclasses
import itertools
import json
import math
import statistics
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
from benchmarks.slowed import cells
from sgbench.bench.nn import products
from sgbench.reproductions.gate.builds import NAMES, Build
from sgbench.reproductions.gate.sampler_process import SamplerProcess
from sgbench.reproductions.gate.speed import Benchmark, Sampling
from sgbench.results.statistics.sequential import SequentialPlan

SLOWDOWNS = (0.0, 0.05, 0.10, 0.20, 0.50)
CALIBRATING = 15
TESTS = Path(__file__).parents[1]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Slowed(Build):
    """A build whose sampler is `benchmarks.slowed`.

    `doubled` is how much longer each program's step takes if every product is done twice.
    """

    back_end: str
    doubled: dict

    def command(self, *_):
        """Return the arguments of `subprocess`."""
        # Arguments of one length: where the stack begins hangs on them, and times hang on that.
        slows = "yes" if self.name == "candidate" else "not"
        told = (self.back_end, slows, json.dumps(self.doubled))
        return super().command("-m", "benchmarks.slowed", *told)


def builds(back_end, doubled):
    """Return the baseline and the candidate, which is slowed."""
    both = (
        Slowed(name=name, words=name, parent=TESTS, back_end=back_end, doubled=doubled)
        for name in NAMES
    )
    return tuple(both)


def calibrate(back_end):
    """Return {program: how much longer a step takes if every product is done twice}."""
    _, candidate = builds(back_end, dict.fromkeys(cells(), 1.0))
    found = {}
    with closing(SamplerProcess(candidate)) as sampler:
        for program in cells():
            plain, twice = (
                lambda name=f"{program} {share}": sampler.ask(do="sample", name=name, steps=4)
                for share in (0.0, 1.0)
            )
            turns = [(twice()["seconds"], plain()["seconds"]) for _ in range(CALIBRATING)]
            found[program] = statistics.median(a / b for a, b in turns) - 1
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=15)
    asked = parser.parse_args()
    start = time.monotonic()
    back_end = products.choose(products.measure(rounds=25)).name
    doubled = calibrate(back_end)
    print(back_end, doubled, file=sys.stderr, flush=True)
    benchmarks = [
        Benchmark(name=f"{program} {slowdown}", cell=cell)
        for (program, cell), slowdown in itertools.product(cells().items(), SLOWDOWNS)
    ]
    plan = SequentialPlan(benchmarks=len(benchmarks))
    plan = dataclasses.replace(plan, least_blocks=plan.blocks)  # as many of each: an array
    sampling = Sampling(
        builds=builds(back_end, doubled),
        benchmarks=benchmarks,
        plan=plan,
        device="cpu",
        matmul=back_end,
    )
    with closing(sampling):
        while time.monotonic() - start < 60 * asked.minutes:
            for slowed in (False, True):
                names = [name for name in sampling.sessions if name.endswith(" 0.0") != slowed]
                sampling.session(names, math.inf)
            arrays = {
                program: np.array([sampling.sessions[f"{program} {s}"] for s in SLOWDOWNS])
                for program in doubled
            }
            np.savez_compressed(asked.out, slowdowns=SLOWDOWNS, **arrays)
            count = len(next(iter(arrays.values()))[0])
            print(f"session {count}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
