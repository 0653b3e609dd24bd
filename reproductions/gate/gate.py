"""The gate: does a build of sgbench compute what another one computes, and as fast?

Correctness first, by training the same cells in both builds (`correctness`); then speed, session
after session (`speed`), until every benchmark has a verdict or the time limit is reached.
"""

import itertools
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ...bench import hardware
from ...bench.errors import UsageError
from ...bench.paths import expand_home
from ...results.comparison.records import names
from ...results.statistics import sequential
from ...results.statistics.gate_finding import GateFinding
from ...results.store.store import Store
from ..exhibits import exhibit as exhibits
from ..exhibits.catalogue import is_path
from ..running.backend import choose_backend
from ..running.plan import shape
from . import correctness
from .builds import builds
from .paired_runs import PairedRuns, gated_cells
from .speed import Benchmark, Sampling

CORRECTNESS_SHARE = 0.5
"""The part of the time limit that correctness may take, so that speed is sampled too."""


@dataclass(frozen=True, kw_only=True)
class GateRequest:
    """What the user asked for; the fields are the options of `sgbench gate`.

    `time_limit` is in seconds, `speed_factor` the ratio of times up to which a slower build passes.
    """

    baseline: str
    candidate: str | None = None
    exhibits: tuple[str, ...] = ("table1",)
    speed_factor: float = 1.05
    time_limit: float = 600.0
    allow_dirty: bool = False
    device: str = "auto"


def gate(request: GateRequest, say: Callable[[str], object]) -> Generator[GateFinding]:
    """Yield a finding on each cell and benchmark as soon as it is decided; see `GateFinding`.

    Args:
        request: what to compare.
        say: hears what is being done, a line at a time.

    Raises:
        UsageError: an option is wrong, or a build cannot be had or cannot be run at all.
    """
    loaded = {_argument(text): exhibits.load(text) for text in request.exhibits}
    if not loaded:
        raise UsageError("--exhibit names none: give one, as in table1, or several with commas")
    for exhibit in loaded.values():
        if not exhibit.gated:
            raise UsageError(
                f"--exhibit {exhibit.name} does not say what the gate compares: add [[gate]] to its"
                " file, as in table1.toml"
            )
    benchmarks = list(itertools.chain.from_iterable(map(_benchmarks, loaded.values())))
    plan = sequential.SequentialPlan(
        benchmarks=max(1, len(benchmarks)), factor=request.speed_factor
    )
    device = hardware.resolve_device(request.device)
    began = time.monotonic()
    with (
        builds(request.baseline, request.candidate, allow_dirty=request.allow_dirty) as both,
        tempfile.TemporaryDirectory(prefix="sgbench-gate-") as folder,
    ):
        say(f"baseline {both[0].words}, candidate {both[1].words}")
        machine = Store(Path(folder) / "machine")
        matmul, _ = choose_backend(machine, device)
        for argument, exhibit in loaded.items():
            picked = [gated for gated in exhibit.gated if gated.kind == "correctness"]
            for number, gated in enumerate(picked):
                runs = PairedRuns(
                    exhibit=exhibit,
                    argument=argument,
                    gated=gated,
                    builds=both,
                    machine=machine,
                    folder=Path(folder) / f"{exhibit.name}.{number}",
                    device=device,
                    deadline=began + CORRECTNESS_SHARE * request.time_limit,
                )
                yield from correctness.check(runs, say)
        if not benchmarks:
            return
        sampling = Sampling(
            builds=both, benchmarks=benchmarks, plan=plan, device=device, matmul=matmul
        )
        with closing(sampling):
            yield from sampling.findings(began + request.time_limit, say)


def _argument(text: str) -> str:
    """Return what names an exhibit in any working directory: its name, or an absolute path."""
    return str(expand_home(text, "--exhibit").resolve()) if is_path(text) else text


def _benchmarks(exhibit: exhibits.Exhibit) -> list[Benchmark]:
    """Return a benchmark for each shape of program among the cells that the exhibit has timed."""
    cells = (gated_cells(exhibit, gated) for gated in exhibit.gated if gated.kind == "speed")
    distinct = list({shape(cell): cell for cell in itertools.chain.from_iterable(cells)}.values())
    return [
        Benchmark(name=f"{exhibit.name}: {name}", cell=cell)
        for name, cell in zip(names(distinct), distinct, strict=True)
    ]
