"""The engine: jobs in, outcomes out, in this process or by workers, here or on other machines.

Workers are single-thread processes of `dask.distributed`: of a LocalCluster, one a core, or those
of a scheduler elsewhere (`remote_pool`). A worker that dies has its job done again, from its
checkpoint where that is left, at most `RETRIES` times. Whatever a job raises becomes failed
outcomes, and the others go on; but an SgbenchError, which the user is to mend (data that is gone, a
batch larger than the data), ends the run. The caller alone writes records.
"""

import contextlib
import functools
import queue
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple, Protocol

from ..errors import SgbenchError
from ..outcome import Outcome
from ..profiling.machine_lock import machine_lock
from ..training.loop import Job
from .dask_client import RETRIES, SchedulerLostError
from .here import Done, Progress, Stop, is_staged, line_of, train_here, train_quick

POLL_SECONDS = 0.2
GRACE_SECONDS = 60.0  # how long running jobs have to save their state after a stop


class RetryJobError(Exception):
    """A job was not trained and can be now."""


class WorkerDiedError(Exception):
    """Workers died, `times` of them, that had a job."""

    def __init__(self, times: int) -> None:
        super().__init__(times)
        self.times = times


class WorkerPool(Protocol):
    """Workers, wherever they are, as the engine sees them."""

    @property
    def max_jobs(self) -> int | None:
        """Jobs at a time, None for as many as there are workers."""
        ...

    def begin(self, stop: Stop, progress: Progress) -> None:
        """Get ready; jobs that run look at `stop` and tell `progress`."""
        ...

    def present(self) -> Collection[str]:
        """Return the addresses of the workers that are there, asking anew at most twice a second.

        Raises SchedulerLostError where there is nobody to ask.
        """
        ...

    def submit(self, index: int, job: Job, address: str) -> Any:
        """Have a job done by the worker at `address` and no other; return a future."""
        ...

    def outcomes(self, job: Job, result: Any) -> list[Outcome] | None:
        """Return what a future's result says; None where the job was stopped before it began.

        Raises RetryJobError where the job is to be submitted again.
        """
        ...

    def lost(self, job: Job, address: str, reason: str) -> list[Outcome]:
        """Return the failed outcomes of a job given up after too many attempts.

        `address` is the last worker.
        """
        ...

    def stop(self) -> None:
        """Tell what runs that it is to save its state and return."""
        ...


def run(
    jobs: Sequence[Job],
    workers: int,
    stop: Stop,
    done: Done,
    progress: Progress,
    *,
    pool: WorkerPool | None = None,
    notify: Callable[[str], None] = lambda words: None,
) -> None:
    """Train all jobs, in order, `workers` at a time.

    Where that ends sooner than workers start, or they cannot start, jobs are trained here. Staged
    networks come last, one at a time, each by processes of its own.

    Args:
        jobs: the programs, the largest first; those that `done` adds are numbered on.
        workers: processes; 1 trains in this one.
        stop: when to end early; jobs not begun by then have no outcome.
        done: called with a job's index and its outcomes, as each ends; returns jobs that come of
            it, None for none.
        progress: called now and then.
        pool: the workers that train in place of processes here.
        notify: hears what the user should know, in a line.

    Raises the SgbenchError of a job, and whatever `done` raises.
    """
    jobs = list(jobs)
    staged = deque(index for index, job in enumerate(jobs) if is_staged(job))
    left = deque(index for index in range(len(jobs)) if index not in staged)
    _train(jobs, left, workers, stop, done, progress=progress, pool=pool, notify=notify)
    if staged and not stop.asked():
        _train_staged(jobs, staged, stop, done, progress)


def _train_staged(
    jobs: list[Job], staged: "deque[int]", stop: Stop, done: Done, progress: Progress
) -> None:
    """Train networks that are cut into stages, one at a time: each takes a core a stage."""
    from ..pipeline.train import close

    try:
        with machine_lock("sgbench run, of staged networks"):
            train_here(jobs, stop, done, progress, staged)
    finally:
        close()


def _train(
    jobs: list[Job],
    left: "deque[int]",
    workers: int,
    stop: Stop,
    done: Done,
    *,
    progress: Progress,
    pool: WorkerPool | None,
    notify: Callable[[str], None],
) -> None:
    """Train the jobs of these indices by a pool, in this process, or by workers here."""
    if pool is not None:
        _distribute(_Distribution(jobs, left, pool, done), stop, progress)
        return
    if workers == 1:
        train_here(jobs, stop, done, progress, left)
        return
    left = train_quick(jobs, workers, stop, done, progress, left=left)
    if not left:
        return
    from .local_pool import StartError, open_local_pool

    with contextlib.ExitStack() as stack:
        try:
            local = stack.enter_context(open_local_pool(workers))
        except StartError as error:
            notify(
                f"workers cannot start here ({error}): training one program at a time, as --jobs 1"
                " does"
            )
            train_here(jobs, stop, done, progress, left)
        else:
            _distribute(_Distribution(jobs, left, local, done), stop, progress)


class _Running(NamedTuple):
    """A job that a worker has."""

    address: str
    future: Any


class _Distribution:
    """Jobs on their way through a pool: a worker has one at a time, and what waits, waits here.

    So a worker's death is blamed on the job it had and on no other, and counted once.
    """

    def __init__(self, jobs: list[Job], left: deque[int], pool: WorkerPool, done: Done) -> None:
        self.jobs, self.pool, self.done = jobs, pool, done
        self.left, self.running = left, dict[int, _Running]()
        self.deaths, self.stopped = Counter[int](), False
        self.ended: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()

    def fill(self) -> None:
        """Give each worker that has none a job."""
        busy = {job.address for job in self.running.values()}
        for address in self.pool.present():
            room = self.pool.max_jobs is None or len(self.running) < self.pool.max_jobs
            if self.left and room and address not in busy:
                index = self.left.popleft()
                future = self.pool.submit(index, self.jobs[index], address)
                self.running[index] = _Running(address, future)
                future.add_done_callback(functools.partial(_put, self.ended, index))

    def stop(self) -> None:
        """Begin nothing more."""
        self.stopped = True
        self.left.clear()
        self.pool.stop()

    def drop_lost_workers(self) -> None:
        """Requeue the jobs of workers that have left."""
        there = self.pool.present()
        for index in [i for i, job in self.running.items() if job.address not in there]:
            self.running[index].future.cancel()
            self.record_death(index, 1)

    def record_death(self, index: int, deaths: int) -> None:
        """Requeue the job of a worker that died, unless too many have had it."""
        self.deaths[index] += deaths
        if self.deaths[index] <= RETRIES:
            self.requeue(index)
            return
        job, address = self.jobs[index], self.running.pop(index).address
        died = f"KilledWorker: its worker died {self.deaths[index]} times"
        self.report_outcomes(index, self.pool.lost(job, address, died))

    def requeue(self, index: int) -> None:
        """Put a job that a worker had at the head of those that wait."""
        del self.running[index]
        if not self.stopped:
            self.left.appendleft(index)

    def collect(self, index: int, future: Any) -> None:
        """Take what a job's future has, unless its worker was missed before."""
        job = self.running.get(index)
        if job is None or job.future is not future:
            return
        try:
            outcomes = _outcomes(self.pool, self.jobs[index], job.address, future)
        except RetryJobError:
            self.requeue(index)
        except WorkerDiedError as error:
            self.record_death(index, error.times)
        else:
            del self.running[index]
            self.fill()
            if outcomes is not None:
                self.report_outcomes(index, outcomes)

    def report_outcomes(self, index: int, outcomes: list[Outcome]) -> None:
        """Hand over what a job gave, and take the jobs that come of it."""
        for job in self.done(index, outcomes) or ():
            self.jobs.append(job)
            if not self.stopped:
                self.left.append(len(self.jobs) - 1)


def _distribute(work: _Distribution, stop: Stop, progress: Progress) -> None:
    """Have the workers of a pool do the jobs that are left."""
    stopped_at = 0.0
    work.pool.begin(stop, progress)
    while work.left or work.running:
        if not work.stopped and stop.asked():
            stopped_at = time.monotonic()
            work.stop()
        elif work.stopped and time.monotonic() - stopped_at > GRACE_SECONDS:
            return
        work.drop_lost_workers()
        work.fill()
        with contextlib.suppress(queue.Empty):
            work.collect(*work.ended.get(timeout=POLL_SECONDS))


def _put(ended: "queue.SimpleQueue[tuple[int, Any]]", index: int, future: Any) -> None:
    ended.put((index, future))


def _outcomes(pool: WorkerPool, job: Job, address: str, future: Any) -> list[Outcome] | None:
    """Return what a job gave. Raises WorkerDiedError; RetryJobError where no worker had it."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        return pool.outcomes(job, future.result(timeout=GRACE_SECONDS))
    except (SgbenchError, RetryJobError):
        raise
    except CancelledError as error:
        raise SchedulerLostError from error
    except KilledWorker as error:  # its scheduler found another at that address, for a while
        raise WorkerDiedError(error.allowed_failures + 1) from error
    except TimeoutError as error:  # it died before it could hand them over
        raise WorkerDiedError(1) from error
    except Exception as error:  # outcomes that could not travel
        return pool.lost(job, address, line_of(job, type(error).__name__, error))
