"""Remote workers, and their compatibility with the driver. Free of torch until asked."""

import functools
import hashlib
import importlib.metadata
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import datasets, hardware, processor, registry, source_files
from ..errors import SgbenchError, UsageError

BENCH = Path(__file__).parent.parent
THREADS_HINT = "start it with --nthreads 1 (and --nworkers for several)"
REMEDY = "give it the driver's, or stop that worker"
PATIENCE_SECONDS = 60.0  # for a first worker to come
SILENT_SECONDS = 3.0  # of them before it is said
_POLL_SECONDS = 0.2

DataKey = tuple[str, str | None]
"""A dataset, and the corpus in its place."""


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """The code and data that driver and workers must share for equal results.

    Attributes:
        release: version of sgbench.
        code: hash of what trains, file by file.
        torch: major and minor version.
        data: by key its hash, or what there is in its place.
    """

    release: str
    code: str
    torch: str
    data: Mapping[DataKey, str]


@dataclass(frozen=True, kw_only=True)
class WorkerInfo:
    """One worker: its machine, its threads and its code.

    Attributes:
        address: where the scheduler reaches it.
        host: the machine that it is on; its workers share the memory.
        threads: jobs that dask gives it at a time.
        device: `cpu` or `cuda:i`, as its own machine resolves what was asked for.
        model: of the processor or GPU.
        details: what tells machines of one model apart (`hardware.details`).
        matmuls: back-ends of matrix products that its torch has.
        free: bytes of memory.
        bfloat16: whether its processor multiplies bfloat16 (`processor.bfloat16`).
        fingerprint: of code and data.
    """

    address: str
    host: str
    threads: int
    device: str
    model: str
    matmuls: tuple[str, ...]
    free: int
    bfloat16: bool
    fingerprint: Fingerprint
    details: Mapping[str, str | None] = field(default_factory=dict[str, str | None])

    @property
    def key(self) -> str:
        """The hardware that a back-end is chosen for: a processor's model, `cuda` for all GPUs."""
        return self.model if self.device == "cpu" else "cuda"


def query_workers(
    client: Any,
    device: str,
    keys: tuple[DataKey, ...],
    data_dir: str | None,
    say: Callable[[str], None] = lambda words: None,
) -> list[WorkerInfo]:
    """Return what each worker is, by address; waits a minute for the first to come.

    A nanny needs seconds to put another worker in the place of one that died, on a machine that is
    busy many of them.

    Args:
        client: of their scheduler.
        device: as asked for.
        keys: data that will be needed.
        data_dir: the driver's data folder.
        say: is told of the wait.

    Raises UsageError where there is none, one cannot answer or has several threads.
    """
    began, told = time.monotonic(), False
    while not (answers := _answers(client, device, keys, data_dir)):
        waited = time.monotonic() - began
        if waited > PATIENCE_SECONDS:
            raise UsageError(
                f"the scheduler {client.scheduler.address} has no workers; start some with"
                f" `dask worker {client.scheduler.address} --nthreads 1`"
            )
        if waited > SILENT_SECONDS and not told:
            say(f"no worker is there; waiting {PATIENCE_SECONDS:.0f} s for one")
            told = True
        time.sleep(_POLL_SECONDS)
    found: list[WorkerInfo] = []
    for address, answer in sorted(answers.items()):
        if not isinstance(answer, WorkerInfo):
            why = " ".join(f"{type(answer).__name__}: {answer}".split())
            hint = "; install sgbench there" if isinstance(answer, ImportError) else ""
            raise UsageError(f"worker {address} cannot be used ({why}){hint}")
        if answer.threads != 1:
            raise UsageError(
                f"worker {address} has {answer.threads} threads but must have 1: {THREADS_HINT}"
            )
        found.append(answer)
    return found


def _answers(
    client: Any, device: str, keys: tuple[DataKey, ...], data_dir: str | None
) -> dict[str, Any]:
    """Return what each worker that is there answers, but for those that went meanwhile."""
    if not client.nthreads():
        return {}
    answers: dict[str, Any] = client.run(
        _describe_worker, device, keys, data_dir, registry.external_files(), on_error="return"
    )
    there = client.nthreads()
    return {
        address: answer
        for address, answer in answers.items()
        if isinstance(answer, WorkerInfo) or address in there
    }


def _describe_worker(
    device: str,
    keys: tuple[DataKey, ...],
    data_dir: str | None,
    external: tuple[source_files.ExternalFile, ...],
    dask_worker: Any,
) -> WorkerInfo:
    registry.add_all(external)  # data may be of such a file
    return describe_worker(device, keys, data_dir, dask_worker)


def fingerprint(data: Mapping[DataKey, str]) -> Fingerprint:
    """Return the code of this process, with what there is, or should be, of data."""
    try:
        release = importlib.metadata.version("sgbench")
    except importlib.metadata.PackageNotFoundError:
        release = "unknown"
    return Fingerprint(release=release, code=_code(), torch=hardware.torch_release(), data=data)


def _data(key: DataKey, data_dir: str | None) -> str:
    """Return the hash of data that is here, else what is wrong with it."""
    name, corpus = key
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


def differences(here: Fingerprint, there: Fingerprint) -> list[str]:
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
    for key, hash_ in here.data.items():
        theirs = there.data.get(key, "missing")
        if theirs != hash_:
            name = key[0] if key[1] is None else f"corpus {key[1]}"
            found.append(f"{name} {theirs} there, {hash_} here")
    return found


def describe_worker(
    device: str, keys: tuple[DataKey, ...], data_dir: str | None, worker: Any
) -> WorkerInfo:
    """Return what this worker is; `device` is as asked for, `worker` dask's.

    Raises UsageError where it has no such device.
    """
    from ..nn import products
    from ..profiling import memory_estimate

    device = hardware.resolve_device(device)
    return WorkerInfo(
        address=worker.address,
        host=worker.address.rpartition(":")[0],
        threads=worker.state.nthreads,
        device=device,
        model=hardware.device_model(device),
        details=hardware.details(device),
        matmuls=tuple(products.available()),
        free=memory_estimate.free(device),
        bfloat16=processor.bfloat16() is not None,
        fingerprint=fingerprint({key: _data(key, own_data_dir(data_dir)) for key in keys}),
    )


def own_data_dir(given: str | None) -> str | None:
    """Return where a worker's data is: by its own SGBENCH_DATA, else where the driver's is."""
    return os.environ.get("SGBENCH_DATA") or given
