"""The training loop: steps, evaluations and checkpoints of one program.

Evaluation, checkpoints and set-up are outside the training clock. Nothing in the loop waits for
the device except there.
"""

import dataclasses
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from .. import datasets, registry
from ..cell import Cell
from ..errors import SgbenchError, TrainingError, exhausted
from ..families.family import family_for
from ..families.program import Program
from ..families.replica_state import joined, part_of
from ..hardware import describe, known_before, machine_class
from ..outcome import CurvePoint, LastPoint, Machine, Outcome, Status
from ..source_files import ExternalFile
from . import checkpoint
from .graphs import RECORDED_AFTER, stepper
from .torch_settings import configure_torch

POLL_SECONDS = 0.5  # how often training asks whether to stop
CHECKPOINT_SECONDS = 300.0
CHECKPOINT_SHARE = 0.01  # of the time, at most, for writing checkpoints

ShouldStop = Callable[[int, LastPoint], bool]
"""Is told the iterations done and the last evaluation; True asks to stop."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One program to train; plain values, so that it can be sent to a worker.

    Attributes:
        cells: the replicas.
        ids: their ids, in the same order.
        data_dir: where data files are, None for the default.
        device: `cpu` or `cuda:i`.
        threads: CPU threads, part of the protocol.
        matmul: the back-end of the CPU's matrix products.
        matmul_error: its measured error.
        checkpoints: each cell's checkpoint file; empty for none.
        checkpoint_seconds: interval between checkpoints.
        external_files: files of rules and datasets, for workers elsewhere.
        pause_at: updates, a point of evaluation, after which the program saves its state and its
            outcomes are `partial`; None for no such point.
        trace: a file to which a staged run adds what its stages did when; None for none.
    """

    cells: tuple[Cell, ...]
    ids: tuple[str, ...]
    data_dir: str | None
    device: str
    threads: int
    matmul: str
    matmul_error: float | None
    checkpoints: tuple[str, ...] = ()
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    pause_at: int | None = None
    external_files: tuple[ExternalFile, ...] = ()
    trace: str | None = None

    @property
    def machine(self) -> Machine:
        """The machine that the program runs on."""
        precision = self.cells[0].precision
        return describe(self.device, self.threads, self.matmul, self.matmul_error, precision)

    def of(self, replicas: Sequence[int]) -> "Job":
        """Return the job of some of the cells."""
        return dataclasses.replace(
            self,
            cells=tuple(self.cells[r] for r in replicas),
            ids=tuple(self.ids[r] for r in replicas),
            checkpoints=tuple(self.checkpoints[r] for r in replicas if self.checkpoints),
        )

    def saved_states(self) -> list[dict[str, Any] | None]:
        """Return each cell's state as an earlier run left it; None where there is none."""
        if not self.checkpoints:
            return [None] * len(self.cells)
        here = machine_class(self.machine)
        classes = (here, known_before(here))
        return [
            checkpoint.load(Path(file), *(f"{id_} on {name}" for name in classes))
            for id_, file in zip(self.ids, self.checkpoints, strict=True)
        ]


class Run:
    """A program on its way: its clocks and curves beside its state."""

    def __init__(self, job: Job, states: Sequence[dict[str, Any]] = ()) -> None:
        self.job, self.cell = job, job.cells[0]
        configure_torch(job.device, job.threads, job.matmul)
        self.device = torch.device(job.device)
        self.began: float | None = None  # when the training clock last started
        self.curves: list[list[dict[str, Any]]] = [[] for _ in job.cells]
        self.train_seconds = self.evaluation_seconds = 0.0
        self.diverged: dict[int, int] = {}
        data = _load(self.cell.dataset, job.data_dir, self.cell.corpus)
        self.program: Program = family_for(self.cell).program(
            job.cells, data, self.device, self.clock
        )
        self.step = stepper(self.program)
        self.saved, self.polled = time.monotonic(), time.perf_counter()
        self.interval = job.checkpoint_seconds
        self.unsaved = ""  # why the last checkpoint could not be written
        if states:
            self._resume(states)

    def _resume(self, states: Sequence[dict[str, Any]]) -> None:
        """Go on from the states of all cells, which have done as many updates."""
        self.program.restore(joined([state["program"] for state in states]))
        self.curves = [state["curve"] for state in states]
        self.train_seconds, self.evaluation_seconds = (
            max(seconds) for seconds in zip(*(state["clocks"] for state in states), strict=True)
        )
        found = ((r, state["diverged"]) for r, state in enumerate(states))
        self.diverged = {r: at for r, at in found if at is not None}

    def clock(self) -> float:
        """Return the seconds of training so far."""
        running = 0.0 if self.began is None else time.perf_counter() - self.began
        return self.train_seconds + running

    def save(self) -> None:
        """Write the cells' checkpoints, where the job has any.

        A failure (a full disk, no memory) does not end training: a checkpoint only saves time. One
        that takes long to write is written less often.
        """
        began = time.monotonic()
        state, here = self.program.state(), machine_class(self.job.machine)
        self.unsaved = ""
        try:
            for r, file in enumerate(self.job.checkpoints):
                mine = {
                    "program": part_of(state, r),
                    "curve": self.curves[r],
                    "clocks": [self.train_seconds, self.evaluation_seconds],
                    "diverged": self.diverged.get(r),
                }
                checkpoint.save(Path(file), f"{self.job.ids[r]} on {here}", mine)
        except (OSError, MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not exhausted(error):
                raise
            self.unsaved = f"; its state is not saved: {' '.join(str(error).split())}"
        self.saved = time.monotonic()
        self.interval = max(self.job.checkpoint_seconds, (self.saved - began) / CHECKPOINT_SHARE)

    def advance(self, should_stop: ShouldStop) -> bool:
        """Train to the next evaluation; False, and the state saved, where it is to stop.

        Args:
            should_stop: called now and then; True asks to stop.
        """
        target = self.cell.next_evaluation(self.program.iteration)
        self.began = time.perf_counter()
        while self.program.iteration < target:
            now = time.perf_counter()
            if now - self.polled >= POLL_SECONDS:
                point = self.curves[0][-1] if self.curves[0] else None
                self.polled, stop = now, should_stop(self.program.iteration, point)
                if stop or time.monotonic() - self.saved >= self.interval:
                    self._pause()
                    self.save()
                if stop:
                    return False
                self.began = self.began or time.perf_counter()
            self.step()
        self._pause()
        return True

    def _pause(self) -> None:
        self.synchronize()
        self.train_seconds, self.began = self.clock(), None

    def synchronize(self) -> None:
        """Wait for the device."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def evaluate(self) -> None:
        """Add a point to the curve of every replica that trains, and note which diverged."""
        start = time.perf_counter()
        over = {r for r in range(len(self.curves)) if self.program.stopped(r)} | set(self.diverged)
        for r, (point, diverged) in enumerate(self.program.evaluate_all()):
            if r in over:
                continue
            self.curves[r].append(dataclasses.asdict(point))
            if diverged is not None:
                self.diverged[r] = diverged
        self.evaluation_seconds += time.perf_counter() - start

    def _end(self, replica: int) -> int:
        """Return the updates of a replica: those until it ended, where others went on."""
        over = self.program.stopped(replica)
        return self.curves[replica][-1]["iteration"] if over else self.program.iteration

    def outcomes(self, status: Status, error: str | None) -> list[Outcome]:
        """Return what each replica gave, in the order of the cells."""
        results: list[dict[str, Any]] = [{} for _ in self.job.cells]
        if status == "ok":
            start = time.perf_counter()
            results = self.program.results()
            self.evaluation_seconds += time.perf_counter() - start
        done: int = self.program.iteration
        rate = done / self.train_seconds if done and self.train_seconds else None
        steps = self.cell.batch_size * len(self.job.cells) * self.cell.data_steps
        examples, symbols = rate and rate * steps, family_for(self.cell).unit == "symbol"
        found: list[Outcome] = []
        for r, curve in enumerate(self.curves):
            bad = r in self.diverged
            reason = f"loss not finite at iteration {self.diverged[r]}" if bad else error
            found.append(
                Outcome(
                    status="diverged" if bad else status,
                    error=reason,
                    iterations_done=self.diverged.get(r, self._end(r)),
                    **({} if bad else results[r]),
                    progression=self.program.progression[r],
                    curve=[CurvePoint(**point) for point in curve],
                    train_seconds=self.train_seconds,
                    evaluation_seconds=self.evaluation_seconds,
                    steps_per_second=rate,
                    examples_per_second=None if symbols else examples,
                    tokens_per_second=examples if symbols else None,
                    replicas=len(self.job.cells),
                    machine=self.job.machine,
                )
            )
        return found


def _load(
    dataset: str, data_dir: str | None, corpus: str | None
) -> datasets.Data | datasets.Episodes | datasets.Text:
    """Return a dataset as its files are now."""
    content = datasets.data_hash(dataset, data_dir, corpus=corpus)
    source = registry.DATASETS.source_hash(dataset)
    return _loaded(dataset, data_dir, corpus, content=content, source=source)


@functools.lru_cache(maxsize=1)
def _loaded(
    dataset: str, data_dir: str | None, corpus: str | None, *, content: str, source: str | None
) -> datasets.Data | datasets.Episodes | datasets.Text:
    """Keep the last dataset: a worker's programs mostly share it. Other content is another one."""
    del content, source
    return datasets.load(dataset, data_dir, corpus=corpus)


def by_progress(job: Job) -> list[list[int]]:
    """Return which cells of a job go on together: those that have done as many updates.

    They were parts of other stacks, perhaps. Cells that have no state begin together.
    """
    if len(job.cells) == 1:
        return [[0]]
    groups: dict[int, list[int]] = {}
    for r, state in enumerate(job.saved_states()):
        groups.setdefault(_updates(state), []).append(r)
    return list(groups.values())


def _updates(state: dict[str, Any] | None) -> int:
    """Return how many updates a saved state has; -1 for none."""
    return -1 if state is None else state["program"]["iteration"]


def train(job: Job, should_stop: ShouldStop) -> list[Outcome]:
    """Train a program and return an outcome a replica.

    It goes on from its cells' states, which have done as many updates (`by_progress`).

    Args:
        job: the program.
        should_stop: called about twice a second; True asks to stop: the state is saved and the
            status is `timeout`.

    Raises TrainingError for what a program raises that has begun, of which the engine makes failed
    outcomes, and whatever beginning one raises (ValueError for cells that have come differently
    far); an SgbenchError as it is.
    """
    registry.add_all(job.external_files)
    with family_for(job.cells[0]).grad_mode():
        run = _resumed(job)
        try:
            return _train(run, should_stop)
        except SgbenchError:
            raise
        except (Exception, SystemExit) as error:
            raise TrainingError(error, run.program.iteration) from error


def _resumed(job: Job) -> Run:
    """Return a program where its cells' states left it; those are let go of."""
    states = job.saved_states()
    if len({_updates(state) for state in states}) > 1:
        raise ValueError("the cells of a program have come differently far")
    return Run(job, [state for state in states if state is not None])


def _train(run: Run, should_stop: ShouldStop) -> list[Outcome]:
    """Train a program that is set up."""
    job = run.job
    while run.program.iteration < run.cell.iterations:
        paused = job.pause_at is not None and run.program.iteration >= job.pause_at
        if paused:
            run.save()
        if paused or not run.advance(should_stop):
            reason = f"stopped at iteration {run.program.iteration}{run.unsaved}"
            return run.outcomes("partial" if paused else "timeout", reason)
        run.evaluate()
        if len(run.diverged) == len(job.cells):
            return run.outcomes("diverged", None)
        if run.program.ended:
            break
    return run.outcomes("ok", None)


def failed(
    job: Job, error: str, machine: Machine | None = None, *, iterations_done: int = 0
) -> list[Outcome]:
    """Return the outcomes of a program that raised or lost its worker, on `machine` if not here.

    `iterations_done` are the updates that it made, as far as that is known.
    """
    nothing = Outcome(
        status="failed",
        error=error.encode(errors="backslashreplace").decode(),  # it may quote anything
        iterations_done=iterations_done,
        curve=[],
        train_seconds=0.0,
        evaluation_seconds=0.0,
        steps_per_second=None,
        examples_per_second=None,
        replicas=len(job.cells),
        machine=machine or job.machine,
    )
    return [nothing for _ in job.cells]


def time_steps(job: Job, seconds: float) -> float:
    """Return the seconds an update of the program takes, from `seconds` of stepping."""
    registry.add_all(job.external_files)
    with family_for(job.cells[0]).grad_mode():
        run = Run(dataclasses.replace(job, checkpoints=()))
        for _ in range(1 if run.device.type == "cpu" else RECORDED_AFTER):
            run.step()  # first touches, and on a GPU what is recorded
        run.synchronize()
        steps, start = 0, time.perf_counter()
        while steps == 0 or time.perf_counter() - start < seconds:
            run.step()
            steps += 1
        run.synchronize()
        return (time.perf_counter() - start) / steps
