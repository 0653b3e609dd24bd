"""What runs on a worker elsewhere: it tells what it is, and trains one job at a time.

A worker shares no file with the driver: it has its own data, and keeps checkpoints on its own disk
while a job runs. The state of a job that is stopped goes back to the driver with the outcomes.
"""

import contextlib
import dataclasses
import functools
import hashlib
import importlib.metadata
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import checkpoint, datasets, machine
from .engine import Stop, attempt
from .errors import SgbenchError, UsageError
from .outcome import Machine, Outcome
from .train import Job

BENCH = Path(__file__).parent
TRIM = "MALLOC_TRIM_THRESHOLD_"
_WEEK = 7 * 86400.0
_stopped: set[str] = set()
"""Runs that were told to stop."""

Source = tuple[str, str | None]
"""A dataset, and the corpus in its place."""


@dataclass(frozen=True, kw_only=True)
class Ways:
    """What must be the same on the driver and on its workers, for results to be the same.

    Attributes:
        release: version of sgbench.
        code: hash of what trains, file by file.
        torch: major and minor version.
        data: by source its hash, or what there is in its place.
    """

    release: str
    code: str
    torch: str
    data: Mapping[Source, str]


@dataclass(frozen=True, kw_only=True)
class Presence:
    """What a worker is.

    Attributes:
        address: where the scheduler reaches it.
        host: the machine that it is on; its workers share the memory.
        threads: jobs that dask gives it at a time.
        device: `cpu` or `cuda:i`, as its own machine resolves what was asked for.
        model: of the processor or GPU.
        matmuls: back-ends of matrix products that its torch has.
        free: bytes of memory.
        keeps_memory: whether what a step frees stays with the process.
        ways: code and data.
    """

    address: str
    host: str
    threads: int
    device: str
    model: str
    matmuls: tuple[str, ...]
    free: int
    keeps_memory: bool
    ways: Ways

    @property
    def key(self) -> str:
        """What a back-end is chosen for: the model of a processor, `cuda` for all GPUs."""
        return self.model if self.device == "cpu" else "cuda"


@dataclass(frozen=True, kw_only=True)
class Order:
    """A job for whichever worker takes it.

    Attributes:
        run: name of the run, and of the topic on which the worker tells how far it is.
        index: of the job in the run.
        job: the job; where it trains, `device` is resolved, and back-end and checkpoint are set.
        ways: the driver's code and data.
        backends: back-end and measured error by `Presence.key`.
        states: contents of the job's checkpoint by machine class, of an earlier run.
    """

    run: str
    index: int
    job: Job
    ways: Ways
    backends: Mapping[str, tuple[str, float | None]]
    states: Mapping[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a worker made of an order.

    Attributes:
        outcomes: None where the job was not begun.
        state: content of the checkpoint of a job that was stopped.
        unknown: who it was that needs a back-end chosen before it can train.
    """

    outcomes: list[Outcome] | None = None
    state: bytes | None = field(default=None, repr=False)
    unknown: Presence | None = None


def ways(data: Mapping[Source, str]) -> Ways:
    """Return the code of this process, with what there is, or should be, of data."""
    try:
        release = importlib.metadata.version("sgbench")
    except importlib.metadata.PackageNotFoundError:
        release = "unknown"
    return Ways(release=release, code=_code(), torch=machine.torch_release(), data=data)


def _data(source: Source, data_dir: str | None) -> str:
    """Return the hash of data that is here, else what is wrong with it."""
    name, corpus = source
    try:
        if corpus is None and datasets.status(name, data_dir).state == "missing":
            return "missing"
        return datasets.data_hash(name, data_dir, corpus=corpus)
    except (SgbenchError, OSError) as error:
        return f"unreadable ({error})"


@functools.cache
def _code() -> str:
    """Return a hash of what trains: every module of `bench`."""
    digest = hashlib.sha256()
    for path in sorted(BENCH.rglob("*.py")):
        digest.update(f"{path.relative_to(BENCH).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def differences(here: Ways, there: Ways) -> list[str]:
    """Return how a worker's code and data differ from what they should be; none: not at all."""
    found = [
        f"{name} {theirs} there, {ours} here"
        for name, ours, theirs in (
            ("sgbench", here.release, there.release),
            ("torch", here.torch, there.torch),
        )
        if ours != theirs
    ]
    if here.code != there.code and here.release == there.release:
        found.append(f"source code {there.code} there, {here.code} here")
    for source, hash_ in here.data.items():
        theirs = there.data.get(source, "missing")
        if theirs != hash_:
            name = source[0] if source[1] is None else f"corpus {source[1]}"
            found.append(f"{name} {theirs} there, {hash_} here")
    return found


def present(
    device: str, sources: tuple[Source, ...], data_dir: str | None, worker: Any
) -> Presence:
    """Return what this worker is; `device` is as asked for, `worker` dask's.

    Raises UsageError where it has no such device.
    """
    from . import matmul, memory

    device = machine.resolve_device(device)
    trim = os.environ.get(TRIM, "")
    return Presence(
        address=worker.address,
        host=worker.address.rpartition(":")[0],
        threads=worker.state.nthreads,
        device=device,
        model=machine.device_model(device),
        matmuls=tuple(matmul.available()),
        free=memory.free(device),
        keeps_memory=not trim.isdecimal() or int(trim) >= 2**24,
        ways=ways({source: _data(source, own_data_dir(data_dir)) for source in sources}),
    )


def own_data_dir(given: str | None) -> str | None:
    """Return where a worker's data is: by its own SGBENCH_DATA, else where the driver's is."""
    return os.environ.get("SGBENCH_DATA") or given


def stop(run: str) -> None:
    """Have the jobs of a run, on this worker, save their state and return."""
    _stopped.add(run)


def work(order: Order) -> Answer:
    """Train a job. Raises the SgbenchError of it, which names this worker."""
    from distributed import get_worker

    worker = get_worker()
    if order.run in _stopped:
        return Answer()
    try:
        return _work(order, worker)
    except SgbenchError as error:
        raise type(error)(f"worker {worker.address}: {error}") from error


def _work(order: Order, worker: Any) -> Answer:
    job = order.job
    sources = tuple(dict.fromkeys((cell.dataset, cell.corpus) for cell in job.cells))
    me = present(job.device, sources, job.data_dir, worker)
    needed = {source: order.ways.data[source] for source in sources}
    if wrong := differences(dataclasses.replace(order.ways, data=needed), me.ways):
        raise UsageError(f"{'; '.join(wrong)}: {REMEDY}")
    if me.threads != 1:
        raise UsageError(f"it has {me.threads} threads and a program has one: {THREADS}")
    if me.key not in order.backends:
        return Answer(unknown=me)
    name, error = order.backends[me.key]
    here = machine.describe(me.device, job.threads, name, error)
    path = _place(worker, job, here)
    job = dataclasses.replace(
        job,
        device=me.device,
        matmul=name,
        matmul_error=error,
        data_dir=own_data_dir(job.data_dir),
        checkpoint=str(path),
    )
    _lay_out(path, order.states.get(machine.machine_class(here)), job)
    task = worker.get_current_task()

    def progress(iteration: int) -> None:
        worker.log_event(order.run, (order.index, iteration))

    outcomes = attempt(job, _Asked(run=order.run, worker=worker, task=task), progress)
    state = None
    with contextlib.suppress(OSError):
        if any(outcome.status == "timeout" for outcome in outcomes):
            state = path.read_bytes()
        if not _forgotten(worker, task):  # else whoever has the job next may find its state
            path.unlink(missing_ok=True)
    return Answer(outcomes=outcomes, state=state)


THREADS = "start it with --nthreads 1 (and --nworkers for several)"
REMEDY = "give it the driver's, or stop that worker"


@dataclass(frozen=True, kw_only=True)
class _Asked(Stop):
    """Asks to stop once the driver says so, or has gone."""

    run: str
    worker: Any
    task: Any

    def asked(self) -> bool:
        return self.run in _stopped or _forgotten(self.worker, self.task)


def _forgotten(worker: Any, task: Any) -> bool:
    """Tell whether nobody waits for a task: its driver was killed, or has given it up."""
    known = worker.state.tasks.get(task)
    return known is None or known.state == "cancelled"


def _place(worker: Any, job: Job, here: Machine) -> Path:
    """Return where a job's checkpoint is kept: beside the workers' folders, which come and go."""
    kind = hashlib.sha256(machine.machine_class(here).encode()).hexdigest()[:8]
    return Path(worker.local_directory).parent / "sgbench" / f"{job.ids[0]}.{kind}.pt"


def _lay_out(path: Path, state: bytes | None, job: Job) -> None:
    """Put an earlier run's state in place, unless there is one; remove those that nobody wants."""
    with contextlib.suppress(OSError):
        for old in path.parent.glob("*.pt"):
            if time.time() - old.stat().st_mtime > _WEEK:
                old.unlink(missing_ok=True)
    identity = f"{' '.join(job.ids)} on {machine.machine_class(job.machine)}"
    if state is not None and checkpoint.load(path, identity) is None:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(state)
