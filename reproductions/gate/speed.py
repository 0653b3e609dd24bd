"""The gate on speed: a process of each build steps the same programs in turn, session by session.

A machine's cores differ from moment to moment, those of a virtual machine by more than the gate has
to detect. So the two processes of a session share one core, and each session has the next one; the
processes of the session to come start on the others meanwhile.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...bench.cell import Cell
from ...bench.hardware import usable_cores
from ...results.statistics import sequential
from ...results.statistics.gate_finding import GateFinding
from ..running.backend import THREADS
from .builds import NAMES, Build
from .sampler_process import SamplerError, SamplerProcess

ORDERS = ((0, 1, 1, 0), (1, 0, 0, 1))  # ABBA and BAAB alternate: each build is first equally often


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A program that is timed: an update of `cell`, on random data of its shape."""

    name: str
    cell: Cell


@dataclass(kw_only=True)
class Sampling:
    """The samples of every benchmark so far, session by session.

    Attributes:
        builds: baseline and candidate.
        benchmarks: what is timed.
        plan: how many blocks a session has, how long a turn takes, and how verdicts are made.
        device: `cpu` or `cuda:i`.
        matmul: the back-end of the CPU's matrix products, the same for both builds.
        sessions: of each benchmark, its sessions: the ratio of each block.
        broken: of each benchmark that a build cannot run, (build, why).
    """

    builds: tuple[Build, Build]
    benchmarks: Sequence[Benchmark]
    plan: sequential.SequentialPlan
    device: str
    matmul: str
    sessions: dict[str, list[list[float]]] = field(init=False)
    broken: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])

    def __post_init__(self) -> None:
        self.sessions = {benchmark.name: [] for benchmark in self.benchmarks}
        self._turns: dict[str, tuple[int, int]] = {}
        self._cores = usable_cores() if self.device == "cpu" else []
        self._starts = 0
        self._next = self._start()

    def findings(self, deadline: float, say: Callable[[str], object]) -> Iterator[GateFinding]:
        """Sample until `deadline` (by `time.monotonic`); yield each verdict once it is decided."""
        left = list(self.sessions)
        for number in itertools.count(1):
            seconds = deadline - time.monotonic()
            if not left or seconds <= 0:
                break
            say(f"speed: session {number}, {len(left)} undecided, {seconds:.0f} s left")
            if not self.session(left, deadline):
                break
            still = sequential.undecided({name: self.sessions[name] for name in left}, self.plan)
            for name in left:
                if name in self.broken or name not in still:
                    yield self._finding(name)
            left = [name for name in still if name not in self.broken]
        yield from map(self._finding, left)

    def _finding(self, name: str) -> GateFinding:
        if name not in self.broken:
            return sequential.decide(name, self.sessions[name], self.plan)
        build, why = self.broken[name]
        if build == NAMES[0]:
            words = f"the baseline has no such benchmark: {why}"
            return GateFinding(name=name, kind="speed", verdict="incomparable", words=words)
        return GateFinding(
            name=name, kind="speed", verdict="regression", words=f"cannot be run: {why}"
        )

    def session(self, names: Sequence[str], deadline: float) -> bool:
        """Sample the benchmarks `names` in new processes.

        The processes of the next session start meanwhile, which disturbs both builds alike.
        False where `deadline` (by `time.monotonic`) came first: then nothing is kept.
        """
        for sampler in self._next:
            sampler.wait()
            sampler.pin(self._cores[:1])
        pair, self._next = self._next, self._start()
        self._cores = self._cores[1:] + self._cores[:1]
        try:
            built = [b for b in self.benchmarks if b.name in names and self._build(pair, b)]
            ratios: dict[str, list[float]] = {benchmark.name: [] for benchmark in built}
            for block in range(self.plan.blocks):
                for name in list(ratios):
                    if time.monotonic() > deadline:
                        return False
                    if not self._block(pair, name, block, ratios[name]):
                        del ratios[name]
            for name, found in ratios.items():
                self.sessions[name].append(found)
            return True
        finally:
            for sampler in pair:
                sampler.close()

    def close(self) -> None:
        """End the processes."""
        for sampler in self._next:
            sampler.close()

    def _start(self) -> tuple[SamplerProcess, ...]:
        """Start a process of each build, beside those that sample; each is first equally often."""
        self._starts += 1
        order = (0, 1) if self._starts % 2 else (1, 0)
        started = {side: SamplerProcess(self.builds[side]) for side in order}
        for sampler in started.values():
            sampler.pin(self._cores[1:])
        return started[0], started[1]

    def _build(self, pair: Sequence[SamplerProcess], benchmark: Benchmark) -> bool:
        """Have both processes build a benchmark's program; False where one cannot."""
        how = {"device": self.device, "threads": THREADS, "matmul": self.matmul}
        what = {"name": benchmark.name, "cell": benchmark.cell.to_dict()}
        return all(
            self._ask(sampler, benchmark.name, do="build", **what, **how) is not None
            for sampler in pair
        )

    def _block(
        self, pair: Sequence[SamplerProcess], name: str, block: int, ratios: list[float]
    ) -> bool:
        """Append the ratio of a block, unless the plan has fewer; False where a build failed."""
        if name not in self._turns:  # as long as the baseline's speed asks for
            seconds = self._turn(pair[0], name, 1)
            if seconds is None:
                return False
            self._turns[name] = self.plan.turns(seconds)
        steps, blocks = self._turns[name]
        if block >= blocks:
            return True
        turns: tuple[list[float], list[float]] = ([], [])
        for side in ORDERS[block % 2]:
            seconds = self._turn(pair[side], name, steps)
            if seconds is None:
                return False
            turns[side].append(seconds)
        ratios.append(sequential.block_ratio(*turns))
        return True

    def _turn(self, sampler: SamplerProcess, name: str, steps: int) -> float | None:
        answer = self._ask(sampler, name, do="sample", name=name, steps=steps)
        return None if answer is None else answer["seconds"]

    def _ask(
        self, sampler: SamplerProcess, benchmark: str, /, **command: Any
    ) -> dict[str, Any] | None:
        """Return the answer to a command; None, and a note of the build, where it is an error."""
        try:
            return sampler.ask(**command)
        except SamplerError as error:
            self.broken[benchmark] = (sampler.build.name, str(error))
            return None
