"""Workers on this machine: single-thread processes of a LocalCluster, gone when the run ends."""

import contextlib
import signal
import sys
from collections.abc import Collection, Generator
from multiprocessing import resource_tracker
from typing import Any

from ..errors import one_line
from ..outcome import LastPoint, Outcome
from ..profiling import memory_estimate
from ..training import loop
from ..training.loop import Job
from .dask_client import RETRIES, WorkerList
from .here import Progress, Stop, attempt

TOPIC = "sgbench-progress"

ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), 1),
    "MALLOC_ARENA_MAX": 1,  # jobs run in a thread, whose own arena keeps nothing over 64 MiB
}


class LocalPool:
    """The workers of a cluster on this machine, as the engine's pool: as many as jobs at a time."""

    max_jobs: int | None = None

    def __init__(self, client: Any) -> None:
        self.client, self.workers, self.stop_condition = client, WorkerList(client), Stop()

    def begin(self, stop: Stop, progress: Progress) -> None:
        """Hear how far jobs are; they look at `stop` themselves."""

        def hear(event: tuple[float, tuple[int, int, LastPoint]]) -> None:
            progress(*event[1])

        self.client.subscribe_topic(TOPIC, hear)
        self.stop_condition = stop

    def present(self) -> Collection[str]:
        """Return the addresses of the workers: one that dies is replaced, at another."""
        return self.workers.present()

    def submit(self, index: int, job: Job, address: str) -> Any:
        """Have a job done."""
        return self.client.submit(
            _on_worker, index, job, self.stop_condition, pure=False, workers=[address]
        )

    def outcomes(self, job: Job, result: list[Outcome] | None) -> list[Outcome] | None:
        """Return what a worker returned."""
        del job
        return result

    def lost(self, job: Job, address: str, reason: str) -> list[Outcome]:
        """Return the failed outcomes of a job."""
        del address
        if reason.startswith("KilledWorker"):  # for want of memory, often
            reason = f"{reason}; {memory_estimate.against(job.cells, job.device)}"
            if job.external_files:
                reason += "; a file of yours may end the process, or crash in native code"
        return loop.failed(job, reason)

    def stop(self) -> None:
        """Do nothing: jobs see the file or the time."""


def _on_worker(index: int, job: Job, stop: Stop) -> list[Outcome] | None:
    """Train one job on a worker; None where it was to stop before it began."""
    from distributed import get_worker

    if stop.asked():
        return None
    worker = get_worker()
    return attempt(job, stop, lambda i, point: worker.log_event(TOPIC, (index, i, point)))


class StartError(Exception):
    """Workers cannot start on this machine; the message is why."""


@contextlib.contextmanager
def open_local_pool(workers: int) -> Generator[LocalPool]:
    """Start single-thread worker processes; they are gone afterwards.

    Raises StartError where they do not start.
    """
    from dask import config
    from distributed import Client

    settings = {
        "distributed.scheduler.allowed-failures": RETRIES,
        # A worker that dies is back in seconds, or a minute on a machine that is busy: dask would
        # give it up after 15 s, and a run would wait for nobody.
        "distributed.deploy.lost-worker-timeout": "1 day",
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.terminate": False,
        "distributed.nanny.pre-spawn-environ": ENVIRONMENT,
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.worker.profile.enabled": False,  # its thread would fight for the interpreter
    }
    with contextlib.ExitStack() as stack:
        stack.enter_context(_without_main())
        stack.enter_context(_defaults_of_dask())
        stack.enter_context(config.set(settings))
        try:
            cluster = _local_cluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                silence_logs=50,
                memory_limit=0,
            )
            stack.enter_context(cluster)
            client = stack.enter_context(Client(cluster, set_as_default=False))
        except Exception as error:  # dask raises almost anything of a system that forbids something
            raise StartError(_reason(error)) from error
        yield LocalPool(client)


def _reason(error: BaseException) -> str:
    """Return the first cause of an error, on one line: dask's own words name none."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return one_line(f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def _defaults_of_dask() -> Generator[None]:
    """Set the user's settings for dask aside, which are for clusters of theirs.

    A module to load in advance, or certificates to ask for, would keep the workers from starting.
    """
    from dask import config as module

    config: Any = module
    settings: dict[str, Any] = config.config
    before = dict(settings)
    config.refresh(paths=[], env={})
    try:
        yield
    finally:
        settings.clear()
        settings.update(before)


@contextlib.contextmanager
def _without_main() -> Generator[None]:
    """Keep the workers that are started meanwhile from executing the caller's script.

    multiprocessing would have each import it, which trains anew where the script has no
    `if __name__ == "__main__"`. It finds the script by these two attributes.
    """
    main: Any = sys.modules["__main__"]
    before = {name: getattr(main, name, None) for name in ("__spec__", "__file__")}
    main.__spec__ = main.__file__ = None
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(main, name, value)


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
