"""The loop: trains a program to its end, to a stop, or to the next start.

Evaluation, checkpoints and set-up are outside the training clock. Nothing in the loop waits for
the device except there.
"""

import dataclasses
import functools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from . import checkpoint, datasets, matmul
from .cell import Cell
from .errors import UsageError
from .machine import describe, machine_class
from .outcome import CurvePoint, Machine, Outcome, Status
from .program import Program

LOOK_SECONDS = 0.5  # how often the loop looks up from its work
CHECKPOINT_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a worker needs to train one program; plain values, so that it travels.

    Attributes:
        cells: the replicas.
        ids: their ids, in the same order.
        data_dir: where data files are, None for the default.
        device: `cpu` or `cuda:i`.
        threads: CPU threads, part of the protocol.
        matmul: the back-end of the CPU's matrix products.
        matmul_error: its measured error.
        checkpoint: the checkpoint's file, None for none.
        checkpoint_seconds: interval between checkpoints.
    """

    cells: tuple[Cell, ...]
    ids: tuple[str, ...]
    data_dir: str | None
    device: str
    threads: int
    matmul: str
    matmul_error: float | None
    checkpoint: str | None
    checkpoint_seconds: float = CHECKPOINT_SECONDS

    @property
    def machine(self) -> Machine:
        """What the program runs on."""
        return describe(self.device, self.threads, self.matmul, self.matmul_error)


class Run:
    """A program on its way: its clocks and curves beside its state."""

    def __init__(self, job: Job) -> None:
        self.job, self.cell = job, job.cells[0]
        torch.set_num_threads(job.threads)
        if job.device == "cpu":
            matmul.use(job.matmul)
        torch.backends.cuda.matmul.fp32_precision = "ieee"  # no TF32: the protocol is float32
        cudnn: Any = torch.backends.cudnn
        cudnn.conv.fp32_precision = "ieee"
        self.device = torch.device(job.device)
        data = _load(self.cell.dataset, job.data_dir)
        self.program = Program(job.cells, data, self.device)
        self.curves: list[list[dict[str, Any]]] = [[] for _ in job.cells]
        self.train_seconds = self.evaluation_seconds = 0.0
        self.diverged: dict[int, int] = {}
        self.identity = f"{' '.join(job.ids)} on {machine_class(job.machine)}"
        self.saved, self.looked = time.monotonic(), time.perf_counter()
        self.unsaved = ""  # why the last checkpoint could not be written
        self._resume()

    def _resume(self) -> None:
        state = self.job.checkpoint and checkpoint.load(Path(self.job.checkpoint), self.identity)
        if state:
            self.program.restore(state["program"])
            self.curves = state["curves"]
            self.train_seconds, self.evaluation_seconds = state["clocks"]
            self.diverged = {int(r): i for r, i in state["diverged"].items()}

    def save(self) -> None:
        """Write a checkpoint, where the job has one.

        Where that fails (a full disk) training goes on: a checkpoint only saves time.
        """
        self.saved = time.monotonic()
        if self.job.checkpoint:
            state = {
                "program": self.program.state(),
                "curves": self.curves,
                "clocks": [self.train_seconds, self.evaluation_seconds],
                "diverged": {str(r): i for r, i in self.diverged.items()},
            }
            try:
                checkpoint.save(Path(self.job.checkpoint), self.identity, state)
            except OSError as error:
                self.unsaved = f"; its state is not saved: {' '.join(str(error).split())}"
            else:
                self.unsaved = ""

    def advance(self, look: Callable[[int], bool]) -> bool:
        """Train to the next evaluation; False, and the state saved, where `look` asked to stop.

        Args:
            look: called now and then with the iterations done; True asks to stop.
        """
        every, total = self.cell.evaluate_every, self.cell.iterations
        target = min(total, (self.program.iteration // every + 1) * every)
        start = time.perf_counter()
        while self.program.iteration < target:
            now = time.perf_counter()
            if now - self.looked >= LOOK_SECONDS:
                self.looked, stop = now, look(self.program.iteration)
                if stop or time.monotonic() - self.saved >= self.job.checkpoint_seconds:
                    start = self._pause(start)
                if stop:
                    return False
            self.program.step()
        self._pause(start, save=False)
        return True

    def _pause(self, start: float, *, save: bool = True) -> float:
        self.synchronize()
        self.train_seconds += time.perf_counter() - start
        if save:
            self.save()
        return time.perf_counter()

    def synchronize(self) -> None:
        """Wait for the device."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def evaluate(self) -> None:
        """Add a point to every curve and note which replicas diverged."""
        start = time.perf_counter()
        errors, losses = self.program.evaluate("held")
        probe = self.program.probe()
        for r, curve in enumerate(self.curves):
            if r in self.diverged:
                continue
            point = CurvePoint(
                iteration=self.program.iteration,
                seconds=self.train_seconds,
                error=errors[r],
                loss=losses[r],
                train_loss=probe.loss[r],
                sg_loss=None if probe.sg_loss is None else probe.sg_loss[r],
                sg_cosine=None if probe.sg_cosine is None else _defined(probe.sg_cosine[r]),
            )
            curve.append(dataclasses.asdict(point))
            if not math.isfinite(losses[r] + probe.loss[r]):
                self.diverged[r] = self.program.iteration
        self.evaluation_seconds += time.perf_counter() - start

    def outcomes(self, status: Status, error: str | None) -> list[Outcome]:
        """Return what each replica gave, in the order of the cells."""
        train: list[list[float]] = [[], []]
        if status == "ok":
            start = time.perf_counter()
            train = list(self.program.evaluate("train"))
            self.evaluation_seconds += time.perf_counter() - start
        done = self.program.iteration
        rate = done / self.train_seconds if done and self.train_seconds else None
        examples = rate and rate * self.cell.batch_size * len(self.job.cells)
        found: list[Outcome] = []
        for r, curve in enumerate(self.curves):
            bad = r in self.diverged
            result = status == "ok" and not bad
            reason = f"loss not finite at iteration {self.diverged[r]}" if bad else error
            found.append(
                Outcome(
                    status="diverged" if bad else status,
                    error=reason,
                    iterations_done=self.diverged.get(r, done),
                    error_rate=curve[-1]["error"] if result else None,
                    loss=curve[-1]["loss"] if result else None,
                    train_error=train[0][r] if result else None,
                    train_loss=train[1][r] if result else None,
                    curve=[CurvePoint(**point) for point in curve],
                    train_seconds=self.train_seconds,
                    evaluation_seconds=self.evaluation_seconds,
                    steps_per_second=rate,
                    examples_per_second=examples,
                    replicas=len(self.job.cells),
                    machine=self.job.machine,
                )
            )
        return found


@functools.lru_cache(maxsize=1)
def _load(dataset: str, data_dir: str | None) -> datasets.Data:
    """Keep the last dataset: a worker's programs mostly share it."""
    data = datasets.load(dataset, data_dir)
    if not isinstance(data, datasets.Data):
        raise UsageError(f"dataset {dataset!r} has no images to train a network of layers on")
    return data


def train(job: Job, look: Callable[[int], bool]) -> list[Outcome]:
    """Train a program and return an outcome a replica.

    Args:
        job: the program.
        look: called about twice a second with the iterations done; True asks to stop: the state is
            saved and the status is `timeout`.

    Raises whatever training raises (the engine makes a failed outcome of it).
    """
    with torch.no_grad():
        run = Run(job)
        while run.program.iteration < run.cell.iterations:
            if not run.advance(look):
                reason = f"stopped at iteration {run.program.iteration}{run.unsaved}"
                return run.outcomes("timeout", reason)
            run.evaluate()
            if len(run.diverged) == len(job.cells):
                return run.outcomes("diverged", None)
        return run.outcomes("ok", None)


def _defined(cosines: list[float]) -> list[float | None]:
    return [None if math.isnan(c) else c for c in cosines]


def failed(job: Job, error: str) -> list[Outcome]:
    """Return the outcomes of a program that raised or lost its worker."""
    nothing = Outcome(
        status="failed",
        error=error,
        iterations_done=0,
        error_rate=None,
        loss=None,
        train_error=None,
        train_loss=None,
        curve=[],
        train_seconds=0.0,
        evaluation_seconds=0.0,
        steps_per_second=None,
        examples_per_second=None,
        replicas=len(job.cells),
        machine=job.machine,
    )
    return [nothing for _ in job.cells]


def time_steps(job: Job, seconds: float) -> float:
    """Return the seconds an update of the program takes, from `seconds` of stepping."""
    with torch.no_grad():
        run = Run(dataclasses.replace(job, checkpoint=None))
        run.program.step()  # first touches
        steps, start = 0, time.perf_counter()
        while steps == 0 or time.perf_counter() - start < seconds:
            run.program.step()
            steps += 1
        run.synchronize()
        return (time.perf_counter() - start) / steps
