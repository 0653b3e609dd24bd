"""The pool of remote workers: those of a `dask scheduler` at an address."""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..hardware import machine_class
from ..outcome import LastPoint, Machine, Outcome
from ..training import loop
from ..training.loop import Job
from . import worker
from .dask_client import WorkerList
from .dispatch import RetryJobError
from .here import Progress, Stop
from .worker import Task, TaskResult
from .worker_info import Fingerprint, WorkerInfo

STOP_SECONDS = 1.0  # between calls to stop


@dataclass(kw_only=True)
class RemotePool:
    """The workers of a scheduler.

    Attributes:
        client: of the scheduler.
        fingerprint: the driver's code and data.
        backends: by `WorkerInfo.key`; grows as machines come.
        machine: returns what the worker at an address is, for jobs that it did not end.
        states: returns the checkpoints of a job's cells by machine class and id.
        store_checkpoint: called with a cell's id, its machine class and a returned checkpoint.
        on_new_worker: called with a worker of another kind than `backends` has; adds to it.
        notify: hears what the user should know.
        max_jobs: jobs at a time, None for as many as there are workers.
    """

    client: Any
    fingerprint: Fingerprint
    backends: dict[str, tuple[str, float | None]]
    machine: Callable[[str, Job], Machine]
    states: Callable[[Job], Mapping[str, Mapping[str, bytes]]]
    store_checkpoint: Callable[[str, str, bytes], None]
    on_new_worker: Callable[[WorkerInfo], None]
    notify: Callable[[str], None]
    max_jobs: int | None = None
    run: str = field(default_factory=lambda: f"sgbench-{secrets.token_hex(8)}")

    def begin(self, stop: Stop, progress: Progress) -> None:
        """Hear how far jobs are; `stop` is looked at here alone."""
        del stop  # another machine has neither this one's files nor its clock
        self._workers, self._alone = WorkerList(self.client), False

        def hear(event: tuple[float, tuple[int, int, LastPoint]]) -> None:
            progress(*event[1])

        self.client.subscribe_topic(self.run, hear)

    def present(self) -> Collection[str]:
        """Return the addresses of the workers that are there."""
        there = self._workers.present()
        if (not there) != self._alone:
            self._alone = not there
            self.notify(
                "no worker is left; waiting for one" if self._alone else "a worker has come"
            )
        return there

    def submit(self, index: int, job: Job, address: str) -> Any:
        """Have a job done by a worker."""
        task = Task(
            run=self.run,
            index=index,
            job=job,
            fingerprint=self.fingerprint,
            backends=dict(self.backends),
            states=self.states(job),
        )
        return self.client.submit(worker.work, task, pure=False, workers=[address])

    def outcomes(self, job: Job, result: TaskResult) -> list[Outcome] | None:
        """Return what a worker answered, with its state put by; meet one that is new."""
        if result.unknown is not None:
            if result.unknown.key not in self.backends:
                self.on_new_worker(result.unknown)
            raise RetryJobError
        for id_, state in result.states.items():
            assert result.outcomes is not None
            self.store_checkpoint(id_, machine_class(result.outcomes[0].machine), state)
        return result.outcomes

    def lost(self, job: Job, address: str, reason: str) -> list[Outcome]:
        """Return the failed outcomes of a job, on the machine that had it last."""
        return loop.failed(job, reason, self.machine(address, job))

    def stop(self) -> None:
        """Tell every worker, those that come in the place of dead ones too, until the run ends."""
        threading.Thread(target=self._keep_stopping, daemon=True).start()

    def _keep_stopping(self) -> None:
        while self.client.status == "running":
            with contextlib.suppress(Exception):  # a worker that goes meanwhile, or the client
                self.client.run(worker.stop, self.run, on_error="ignore")
            time.sleep(STOP_SECONDS)
