"""The gate's samples: a process of each build, the same turns in each, one after another.

A machine's cores differ from moment to moment, a virtual one's by more than a gate is to see: a
pair of processes shares one core, each session the next, and the pair to come starts on the others.
"""

import contextlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...bench.cell import Cell
from ...bench.errors import UsageError
from ...bench.hardware import usable_cores
from ...results.statistics.sequential import SequentialPlan, block_ratio
from ..running.blas_choice import THREADS
from .builds import Build

ORDERS = ((0, 1, 1, 0), (1, 0, 0, 1))  # ABBA and BAAB in turn: of either build as often first


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A program that is timed: an update of `cell`, on random data of its shape."""

    name: str
    cell: Cell


class SamplerError(Exception):
    """A build cannot do what it was asked; the message is its own."""


class SamplerProcess:
    """A process of a build that steps programs on command (`bench/sampler.py`)."""

    def __init__(self, build: Build) -> None:
        self.build = build
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        self._process = subprocess.Popen(
            **build.command("-m", "sgbench.bench.sampler"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
        )
        self._greeted = False

    def wait(self) -> None:
        """Return when it has started, which it does while the pair before it samples."""
        if not self._greeted:
            self._greeted = True
            self._read()

    def stay(self, cores: Collection[int]) -> None:
        """Run on `cores` only from now on; on any where there are none to choose from."""
        if not cores:
            return
        with contextlib.suppress(OSError):  # it has ended, which asking it tells
            for thread in Path(f"/proc/{self._process.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cores)

    def ask(self, **asked: Any) -> dict[str, Any]:
        """Return the answer to a command; SamplerError where there is none, or it is an error."""
        self.wait()
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # what it said last is on stderr
        answer = self._read()
        if "error" in answer:
            raise SamplerError(answer["error"])
        return answer

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        last = said[-1] if said else f"exit code {self._process.wait()}"
        raise UsageError(f"the {self.build.name}, {self.build.words}, cannot be timed: {last}")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


@dataclass(kw_only=True)
class Sampling:
    """The samples of every benchmark so far, session by session, and how to take more.

    Attributes:
        builds: baseline and candidate.
        benchmarks: what is timed.
        plan: how many blocks a session has and how long a turn takes.
        device: `cpu` or `cuda:i`.
        matmul: the back-end of the CPU's matrix products, the same for both.
        sessions: {benchmark: its sessions' blocks' ratios}.
        broken: {benchmark: (build, why)} of those that a build cannot run.
    """

    builds: tuple[Build, Build]
    benchmarks: Sequence[Benchmark]
    plan: SequentialPlan
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

    def _start(self) -> tuple[SamplerProcess, ...]:
        """Start a process of each build, of either as often first, beside the pair that samples."""
        self._starts += 1
        order = (0, 1) if self._starts % 2 else (1, 0)
        started = {side: SamplerProcess(self.builds[side]) for side in order}
        for sampler in started.values():
            sampler.stay(self._cores[1:])
        return started[0], started[1]

    def close(self) -> None:
        """End the processes."""
        for sampler in self._next:
            sampler.close()

    def session(self, names: Sequence[str], deadline: float) -> bool:
        """Sample the benchmarks `names` in a fresh pair of processes.

        The next pair starts meanwhile, which disturbs both alike.
        False where the `deadline` (of `time.monotonic`) came first: then nothing is kept.
        """
        for sampler in self._next:
            sampler.wait()
            sampler.stay(self._cores[:1])
        pair, self._next = self._next, self._start()
        self._cores = self._cores[1:] + self._cores[:1]
        try:
            asked = [b for b in self.benchmarks if b.name in names and self._built(pair, b)]
            ratios: dict[str, list[float]] = {benchmark.name: [] for benchmark in asked}
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

    def _built(self, pair: Sequence[SamplerProcess], benchmark: Benchmark) -> bool:
        how = {"device": self.device, "threads": THREADS, "matmul": self.matmul}
        what = {"name": benchmark.name, "cell": benchmark.cell.to_dict()}
        return all(
            self._done(sampler, benchmark.name, lambda s=sampler: s.ask(do="build", **what, **how))
            for sampler in pair
        )

    def _block(
        self, pair: Sequence[SamplerProcess], name: str, block: int, ratios: list[float]
    ) -> bool:
        """Append the ratio of a block, where the plan has so many; False where a build failed."""
        if name not in self._turns:  # by what the baseline takes
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
        ratios.append(block_ratio(*turns))
        return True

    def _turn(self, sampler: SamplerProcess, name: str, steps: int) -> float | None:
        found: list[float] = []

        def ask() -> None:
            found.append(sampler.ask(do="sample", name=name, steps=steps)["seconds"])

        return found[0] if self._done(sampler, name, ask) else None

    def _done(self, sampler: SamplerProcess, name: str, do: Callable[[], object]) -> bool:
        """Tell whether `do` was done, and note which build could not."""
        try:
            do()
        except SamplerError as error:
            self.broken[name] = (sampler.build.name, str(error))
            return False
        return True
