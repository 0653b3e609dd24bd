"""The same cells trained by both builds, side by side: `sgbench run` of each, in its own store."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree

from ...bench.cell import Cell
from ...bench.errors import UsageError
from ...bench.hardware import cores
from ...results.record import Record
from ...results.store.store import Store
from ..exhibits.exhibit import Exhibit, expand
from ..exhibits.schema import Gated
from ..exhibits.sets import parse_set
from ..exhibits.where import parse_where
from .builds import Build

CUT_SHORT = 3
"""The exit code of a run that its `--time-limit` ended."""
_SOME_FAILED = 4


@dataclass(kw_only=True)
class PairedRuns:
    """Runs of one exhibit's cells by both builds.

    Attributes:
        exhibit: the exhibit.
        argument: its name, or the absolute path of its file.
        gated: which of its cells.
        builds: baseline and candidate.
        machine: a store that knows the machine's matrix-product back-end; both builds get a copy.
        folder: where the builds keep their records.
        device: `cpu` or `cuda:i`.
        deadline: when training ends, by `time.monotonic`.
        cut_short: whether the deadline ended a run.
    """

    exhibit: Exhibit
    argument: str
    gated: Gated
    builds: tuple[Build, Build]
    machine: Store
    folder: Path
    device: str
    deadline: float
    cut_short: bool = False
    _running: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])

    def cells(self) -> list[Cell]:
        """Return the cells of seed 0."""
        return gated_cells(self.exhibit, self.gated)

    def train(self, seeds: int, changes: Sequence[str] = ()) -> tuple[list[Record], list[Record]]:
        """Train seeds 0 to `seeds - 1` in both builds; return the records of either.

        Args:
            seeds: the number of seeds.
            changes: texts of `--set`, on top of those of `gated`.

        Raises:
            UsageError: a build cannot run the exhibit at all.
        """

        def train(build: Build) -> list[Record]:
            store = self.folder / f"{build.name}.{bool(changes)}"
            if not store.exists():
                copytree(self.machine.path, store)
            self._run(build, self._options(store, seeds, changes))
            return list(Store(store).scan())

        with ThreadPoolExecutor(len(self.builds)) as pool:
            try:
                baseline, candidate = pool.map(train, self.builds)
            except BaseException:
                for process in self._running:
                    process.terminate()
                raise
        return baseline, candidate

    def _options(
        self, store: Path, seeds: int, changes: Sequence[str]
    ) -> Mapping[str, Sequence[str]]:
        jobs = {"--jobs": [str(max(1, cores() // len(self.builds)))]}
        # Of several texts of --set on one field the last counts.
        sets = {text.partition("=")[0]: text for text in (*self.gated.set, *changes)}
        return {
            "--scale": [self.gated.scale],
            "--where": self.gated.where,
            "--set": list(sets.values()),
            "--seeds": [str(seeds)],
            "--store": [str(store)],
            "--device": [self.device],
            **(jobs if self.device == "cpu" else {}),
            "--time-limit": [f"{max(1.0, self.deadline - time.monotonic()):.0f}s"],
        }

    def _run(self, build: Build, options: Mapping[str, Sequence[str]]) -> None:
        words = [w for name, values in options.items() for value in values for w in (name, value)]
        process = subprocess.Popen(
            **build.command("-m", "sgbench", "run", self.argument, *words),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._running.append(process)
        _, errors = process.communicate()
        if process.returncode == CUT_SHORT:
            self.cut_short = True
        elif process.returncode not in (0, _SOME_FAILED):
            said = errors.strip().splitlines() or [f"exit code {process.returncode}"]
            raise UsageError(
                f"the {build.name}, {build.words}, cannot run {self.exhibit.name}:"
                f" {said[-1].removeprefix('sgbench: ')}"
            )


def gated_cells(exhibit: Exhibit, gated: Gated) -> list[Cell]:
    """Return the cells of seed 0 that `gated` picks from an exhibit."""
    where = parse_where(gated.where) if gated.where else None
    return expand(exhibit, gated.scale, parse_set(gated.set), 1, where)
