"""The remote worker's side: it describes itself, and trains one job at a time.

A worker shares no file with the driver: it has its own data, and keeps checkpoints on its own disk
while a job runs. The state of a job that is stopped goes back to the driver with the outcomes.
"""

import contextlib
import dataclasses
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import hardware, registry
from ..errors import SgbenchError, UsageError
from ..outcome import UNFINISHED, LastPoint, Outcome
from ..training.loop import Job
from .here import Stop, attempt
from .worker_info import (
    REMEDY,
    THREADS_HINT,
    Fingerprint,
    WorkerInfo,
    describe_worker,
    differences,
    own_data_dir,
)

_WEEK = 7 * 86400.0
_stopped: set[str] = set()
"""Runs that were told to stop."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A job for whichever worker takes it.

    Attributes:
        run: name of the run, and of the topic on which the worker tells how far it is.
        index: of the job in the run.
        job: the job; where it trains, `device` is resolved, and back-end and checkpoint are set.
        fingerprint: the driver's code and data.
        backends: back-end and measured error by `WorkerInfo.key`.
        states: contents of the cells' checkpoints by machine class and id, of an earlier run.
    """

    run: str
    index: int
    job: Job
    fingerprint: Fingerprint
    backends: Mapping[str, tuple[str, float | None]]
    states: Mapping[str, Mapping[str, bytes]]


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """A worker's answer to a task.

    Attributes:
        outcomes: None where the job was not begun.
        states: contents of the checkpoints of a job that was stopped, by id.
        unknown: who it was that needs a back-end chosen before it can train.
    """

    outcomes: list[Outcome] | None = None
    states: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    unknown: WorkerInfo | None = None


def stop(run: str) -> None:
    """Have the jobs of a run, on this worker, save their state and return."""
    _stopped.add(run)


def work(task: Task) -> TaskResult:
    """Train a job. Raises the SgbenchError of it, which names this worker."""
    from distributed import get_worker

    worker = get_worker()
    if task.run in _stopped:
        return TaskResult()
    try:
        return _work(task, worker)
    except SgbenchError as error:
        raise type(error)(f"worker {worker.address}: {error}") from error


def _work(task: Task, worker: Any) -> TaskResult:
    job = task.job
    registry.add_all(job.external_files)  # before data: some may be such a file
    keys = tuple(dict.fromkeys((cell.dataset, cell.corpus) for cell in job.cells))
    me = describe_worker(job.device, keys, job.data_dir, worker)
    needed = {key: task.fingerprint.data[key] for key in keys}
    if wrong := differences(dataclasses.replace(task.fingerprint, data=needed), me.fingerprint):
        raise UsageError(f"{'; '.join(wrong)}: {REMEDY}")
    if me.threads != 1:
        raise UsageError(f"the worker has {me.threads} threads but must have 1: {THREADS_HINT}")
    if me.key not in task.backends:
        return TaskResult(unknown=me)
    name, error = task.backends[me.key]
    job = dataclasses.replace(
        job,
        device=me.device,
        matmul=name,
        matmul_error=error,
        data_dir=own_data_dir(job.data_dir),
    )
    here = hardware.machine_class(job.machine)
    paths = [_checkpoint_path(worker, id_, here) for id_ in job.ids]
    job = dataclasses.replace(job, checkpoints=tuple(map(str, paths)))
    _prepare_checkpoints(paths, task.states.get(here, {}), job)
    key = worker.get_current_task()

    def progress(iteration: int, point: LastPoint) -> None:
        worker.log_event(task.run, (task.index, iteration, point))

    outcomes = attempt(job, _DriverStop(run=task.run, worker=worker, key=key), progress)
    states: dict[str, bytes] = {}
    for id_, path, outcome in zip(job.ids, paths, outcomes, strict=True):
        with contextlib.suppress(OSError):
            if outcome.status in UNFINISHED:
                states[id_] = path.read_bytes()
            if not _abandoned(worker, key):  # else whoever has the job next may find its state
                path.unlink(missing_ok=True)
    return TaskResult(outcomes=outcomes, states=states)


@dataclass(frozen=True, kw_only=True)
class _DriverStop(Stop):
    """Asks to stop once the driver says so, or has gone."""

    run: str
    worker: Any
    key: Any

    def asked(self) -> bool:
        return self.run in _stopped or _abandoned(self.worker, self.key)


def _abandoned(worker: Any, key: Any) -> bool:
    """Tell whether nobody waits for a task: its driver was killed, or has given it up."""
    known = worker.state.tasks.get(key)
    return known is None or known.state == "cancelled"


def _checkpoint_path(worker: Any, id_: str, here: str) -> Path:
    """Return where a cell's checkpoint is kept: beside the workers' folders, which come and go."""
    kind = hashlib.sha256(here.encode()).hexdigest()[:8]
    return Path(worker.local_directory).parent / "sgbench" / f"{id_}.{kind}.pt"


def _prepare_checkpoints(paths: Sequence[Path], states: Mapping[str, bytes], job: Job) -> None:
    """Put earlier runs' states in place, where there is none; remove those that nobody wants."""
    with contextlib.suppress(OSError):
        for old in paths[0].parent.glob("*.pt"):
            if time.time() - old.stat().st_mtime > _WEEK:
                old.unlink(missing_ok=True)
    for id_, path, there in zip(job.ids, paths, job.saved_states(), strict=True):
        if there is None and id_ in states:
            with contextlib.suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(states[id_])
