"""The engine: jobs in, outcomes out, in this process or in one process a core.

Workers are single-thread processes of a `dask.distributed` LocalCluster: a worker that dies is
replaced and its job done again from its checkpoint, at most `RETRIES` times. Whatever a job raises
becomes failed outcomes, and the others go on; but an SgbenchError, which the user is to mend (data
that is gone, a batch larger than the data), ends the run. The caller alone writes records.
"""

import contextlib
import functools
import queue
import signal
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from . import memory, train
from .errors import SgbenchError
from .outcome import Outcome
from .train import Job

RETRIES = 3
TOPIC = "sgbench-progress"
POLL_SECONDS = 0.2
GRACE_SECONDS = 60.0  # how long running jobs have to save their state after a stop

Done = Callable[[int, list[Outcome]], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Stop:
    """When workers are to save their state and return: at a time, or once a file is there.

    Attributes:
        file: its existence asks to stop; None for no such file.
        deadline: seconds since the epoch; None for no limit.
    """

    file: str | None = None
    deadline: float | None = None

    def asked(self) -> bool:
        """Tell whether it is time to stop."""
        late = self.deadline is not None and time.time() >= self.deadline
        return late or (self.file is not None and Path(self.file).exists())


def run(jobs: Sequence[Job], workers: int, stop: Stop, done: Done, progress: Progress) -> None:
    """Train all jobs, in order, `workers` at a time.

    Args:
        jobs: the programs, the largest first.
        workers: processes; 1 trains in this one.
        stop: when to end early; jobs not begun by then have no outcome.
        done: called with a job's index and its outcomes, as each ends.
        progress: called now and then with a job's index and its iterations done.

    Raises the SgbenchError of a job, and whatever `done` raises.
    """
    if workers == 1:
        for index, job in enumerate(jobs):
            if stop.asked():
                return
            done(index, _attempt(job, stop, lambda i, index=index: progress(index, i)))
    elif jobs:
        _run_cluster(jobs, workers, stop, done, progress)


def _attempt(job: Job, stop: Stop, progress: Callable[[int], None]) -> list[Outcome]:
    def look(iteration: int) -> bool:
        progress(iteration)
        return stop.asked()

    try:
        return train.train(job, look)
    except SgbenchError:
        raise
    except Exception as error:  # whatever a program raises is its outcome; the grid goes on
        traceback.clear_frames(error.__traceback__)  # they hold the program's memory
        return train.failed(job, _line(job, type(error).__name__, error))


def _run_cluster(
    jobs: Sequence[Job], workers: int, stop: Stop, done: Done, progress: Progress
) -> None:
    ended: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
    with _cluster(workers) as client:

        def hear(event: tuple[float, tuple[int, int]]) -> None:
            progress(*event[1])

        client.subscribe_topic(TOPIC, hear)
        waiting: dict[int, Any] = {}
        for index, job in enumerate(jobs):
            future = client.submit(_on_worker, index, job, stop, pure=False)
            future.add_done_callback(functools.partial(_put, ended, index))
            waiting[index] = future
        stopped_at: float | None = None
        while waiting:
            if stopped_at is None and stop.asked():
                stopped_at = time.monotonic()
            elif stopped_at and time.monotonic() - stopped_at > GRACE_SECONDS:
                return
            try:
                index, future = ended.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            del waiting[index]
            outcomes = _outcomes(jobs[index], future)
            if outcomes is not None:
                done(index, outcomes)


def _put(ended: "queue.SimpleQueue[tuple[int, Any]]", index: int, future: Any) -> None:
    ended.put((index, future))


def _outcomes(job: Job, future: Any) -> list[Outcome] | None:
    try:
        return future.result()
    except SgbenchError:
        raise
    except Exception as error:  # a lost worker, or outcomes that could not travel
        name = type(error).__name__
        killed = name == "KilledWorker"
        words = f"its worker died {RETRIES + 1} times; {memory.against(job.cells, job.device)}"
        return train.failed(job, _line(job, name, words if killed else error))


def _line(job: Job, name: str, reason: object) -> str:
    """Return why a job failed, on one line; where memory was short, what it needs of how much."""
    if isinstance(reason, Exception) and memory.exhausted(reason):
        reason = f"{memory.against(job.cells, job.device)}: {reason}"
    return " ".join(f"{name}: {reason}".split())


def _on_worker(index: int, job: Job, stop: Stop) -> list[Outcome] | None:
    """Train one job on a worker; None where it was to stop before it began."""
    from distributed import get_worker

    if stop.asked():
        return None
    worker = get_worker()
    return _attempt(job, stop, lambda i: worker.log_event(TOPIC, (index, i)))


_ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), 1),
    # Dask's own choice, 64 KiB, gives every large tensor back to the system and faults it in anew:
    # a step took 1.4 to 1.9 times as long. These keep the memory.
    "MALLOC_TRIM_THRESHOLD_": 2**32,
    "MALLOC_MMAP_THRESHOLD_": 2**30,
    "MALLOC_ARENA_MAX": 1,  # jobs run in a thread, whose own arena would give memory back
}


@contextlib.contextmanager
def _cluster(workers: int) -> Generator[Any]:
    """Start single-thread worker processes; they are gone afterwards."""
    from dask import config
    from distributed import Client

    settings = {
        "distributed.scheduler.allowed-failures": RETRIES,
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.terminate": False,
        "distributed.nanny.pre-spawn-environ": _ENVIRONMENT,
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.worker.profile.enabled": False,  # its thread would fight for the interpreter
    }
    with (
        config.set(settings),
        _local_cluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            silence_logs=50,
            memory_limit=0,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def _local_cluster(**options: Any) -> Any:
    """Start a cluster that leaves Ctrl-C, which a terminal sends to every process, to the driver.

    The thread that starts workers, and restarts them, is made here and takes over what is blocked;
    so do its processes.
    """
    from distributed import LocalCluster

    start: Any = LocalCluster  # its own annotations are partial
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return start(**options)
    resource_tracker.ensure_running()  # where it is started first, it unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return start(**options)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
