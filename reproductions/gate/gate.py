"""The gate: does a build of sgbench compute what another does, and as fast?

Correctness first, by training the same cells in both (`correctness`); then speed, session after
session (`speed`), until every verdict is there (`results.sequential`) or the budget is spent.
"""

import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ...bench import hardware
from ...bench.errors import UsageError
from ...results.comparison.stores import names
from ...results.comparison.verdict import Finding
from ...results.statistics import sequential
from ...results.store.store import Store
from ..exhibits import exhibit as exhibits
from ..running.blas_choice import choose_backend
from ..running.plan import shape
from . import builds as gate_builds
from . import correctness
from .speed import Benchmark, Sampling

Say = Callable[[str], object]

CORRECTNESS_SHARE = 0.5
"""Of the budget: what correctness may take at most, so that speed is sampled too."""


@dataclass(frozen=True, kw_only=True)
class GateRequest:
    """What the user asked for; the fields are the options of `sgbench gate`.

    `budget` is in seconds, `speed_factor` the ratio of times up to which a slower build passes.
    """

    baseline: str
    candidate: str | None = None
    exhibits: Sequence[str] = ("table1",)
    speed_factor: float = 1.05
    budget: float = 600.0
    allow_dirty: bool = False
    device: str = "auto"


def gate(request: GateRequest, say: Say) -> list[Finding]:
    """Return what was found of every benchmark and cell, in the exhibits' order.

    Args:
        request: what to compare.
        say: hears what is being done, a line at a time.

    Raises UsageError: an option is wrong, a build cannot be had or cannot be run at all.
    """
    loaded = [exhibits.load(name) for name in request.exhibits]
    if not loaded:
        raise UsageError("--exhibit names none: give table1, or several joined by commas")
    benchmarks = list(itertools.chain.from_iterable(map(_benchmarks, loaded)))
    plan = sequential.SequentialPlan(benchmarks=len(benchmarks), factor=request.speed_factor)
    device = hardware.resolve_device(request.device)
    began = time.monotonic()
    deadline = began + request.budget
    with (
        gate_builds.builds(
            request.baseline, request.candidate, allow_dirty=request.allow_dirty
        ) as builds,
        tempfile.TemporaryDirectory(prefix="sgbench-gate-") as folder,
    ):
        say(f"baseline {builds[0].words}, candidate {builds[1].words}")
        store = Store(Path(folder) / "machine")
        matmul, _ = choose_backend(store, device)
        findings: list[Finding] = []
        until = began + CORRECTNESS_SHARE * request.budget
        for found in loaded:
            picked = [gated for gated in found.gated if gated.kind == "correctness"]
            for number, gated in enumerate(picked):
                findings += correctness.agree(
                    found.name,
                    gated,
                    builds,
                    machine=store,
                    folder=Path(folder) / f"{found.name}.{number}",
                    device=device,
                    deadline=until,
                    say=say,
                )
        with closing(
            Sampling(builds=builds, benchmarks=benchmarks, plan=plan, device=device, matmul=matmul)
        ) as sampling:
            _sample(sampling, deadline, say)
        return findings + [_speed(sampling, benchmark.name) for benchmark in benchmarks]


def _sample(sampling: Sampling, deadline: float, say: Say) -> None:
    for number in itertools.count(1):
        left = [
            name
            for name in sequential.undecided(sampling.sessions, sampling.plan)
            if name not in sampling.broken
        ]
        seconds = deadline - time.monotonic()
        if not left or seconds <= 0:
            return
        say(f"speed: session {number}, {len(left)} undecided, {seconds:.0f} s left")
        if not sampling.session(left, deadline):
            return


def _speed(sampling: Sampling, name: str) -> Finding:
    broken = sampling.broken.get(name)
    if broken is None:
        return sequential.decide(name, sampling.sessions[name], sampling.plan)
    build, why = broken
    if build == gate_builds.NAMES[0]:
        words = f"the baseline has no such benchmark: {why}"
        return Finding(name=name, kind="speed", verdict="incomparable", words=words)
    return Finding(name=name, kind="speed", verdict="regression", words=f"cannot be run: {why}")


def _benchmarks(exhibit: exhibits.Exhibit) -> list[Benchmark]:
    """Return a benchmark for each shape of program among the cells that the exhibit has timed."""
    cells = (
        correctness.cells_of(exhibit, gated) for gated in exhibit.gated if gated.kind == "speed"
    )
    distinct = list({shape(cell): cell for cell in itertools.chain.from_iterable(cells)}.values())
    return [
        Benchmark(name=f"{exhibit.name}: {name}", cell=cell)
        for name, cell in zip(names(distinct), distinct, strict=True)
    ]
