"""Where the programs of a run train: here, or with the workers of a dask scheduler (`remote`).

A place says what is known of the machine before the plan is made, and gets it ready after. Free of
torch until it is to train.
"""

import contextlib
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..bench import datasets, machine, memory
from ..bench.errors import UsageError
from ..bench.scheduler import connected
from .backend import THREADS, Backend, choose_backend, kept_backend, known_class, machine_class
from .plan import Plan
from .request import Request

if TYPE_CHECKING:
    from ..bench.engine import Done, Progress, Stop
    from ..bench.train import Job

Say = Callable[[str], None]
"""Tells the user something, in a line."""


class Place(Protocol):
    """Where programs train."""

    @property
    def device(self) -> str:
        """`cpu` or `cuda:i`."""
        ...

    @property
    def classes(self) -> frozenset[str]:
        """The machine classes that programs may run on, as far as back-ends are chosen."""
        ...

    def check_data(self, plan: Plan) -> None:
        """Raise DataError or UsageError where the data of the plan is not there as it should be."""
        ...

    def prepare(self) -> None:
        """Choose back-ends where none was chosen; `classes` may be others then."""
        ...

    def jobs(self, plan: Plan) -> "list[Job]":
        """Return the job of each program of the plan."""
        ...

    def workers(self, jobs: int) -> int:
        """Return how many of so many jobs run at a time."""
        ...

    def check_memory(self, plan: Plan, workers: int) -> None:
        """Raise UsageError where the plan's programs would not fit into memory."""
        ...

    def train(
        self, jobs: "Sequence[Job]", workers: int, stop: "Stop", done: "Done", progress: "Progress"
    ) -> None:
        """Train the jobs, as `engine.run` does."""
        ...


@contextlib.contextmanager
def place_of(request: Request, say: Say) -> Generator[Place]:
    """Yield where the programs of a request train.

    Raises UsageError where there is no such device, or no scheduler at that address.
    """
    if request.scheduler is None:
        yield Here(request)
        return
    with connected(request.scheduler) as client:
        from .remote import Workers

        yield Workers(request, client, say)


class Here:
    """This machine."""

    def __init__(self, request: Request) -> None:
        self.request, self.device = request, machine.resolve_device(request.device)
        self.backend: Backend | None = None

    @property
    def classes(self) -> frozenset[str]:
        """The one class of this machine."""
        if self.backend is None:
            return frozenset([known_class(self.request.store, self.device)])
        return frozenset([machine_class(self.device, self.backend)])

    def check_data(self, plan: Plan) -> None:
        """Raise DataError where the data of the plan is not there as it should be."""
        check_data(self.request, plan)

    def prepare(self) -> None:
        """Choose the back-end."""
        self.backend = choose_backend(self.request.store, self.device)

    def jobs(self, plan: Plan) -> "list[Job]":
        """Return the job of each program of the plan."""
        store = self.request.store
        backend = self.backend or kept_backend(store, self.device) or ("", None)
        return [job_of(self.request, plan, p, self.device, backend) for p in plan.programs]

    def workers(self, jobs: int) -> int:
        """Return how many of so many jobs run at a time."""
        return workers_for(self.request.jobs, self.device, jobs)

    def check_memory(self, plan: Plan, workers: int) -> None:
        """Raise UsageError where that many of the plan's programs would not fit into memory."""
        check_memory(plan, workers, self.device)

    def train(
        self, jobs: "Sequence[Job]", workers: int, stop: "Stop", done: "Done", progress: "Progress"
    ) -> None:
        """Train the jobs."""
        from ..bench import engine

        engine.run(jobs, workers, stop, done, progress)


def sources_of(plan: Plan) -> tuple[tuple[str, str | None], ...]:
    """Return the data that the programs of a plan need, dataset and corpus, each once."""
    cells = (plan.cells[index].cell for program in plan.programs for index in program)
    return tuple(dict.fromkeys((cell.dataset, cell.corpus) for cell in cells))


def check_data(request: Request, plan: Plan) -> None:
    """Read the data of every program: DataError now rather than as many failed records."""
    for name, corpus in sources_of(plan):
        datasets.load(name, request.data_dir, corpus=corpus)


def check_memory(plan: Plan, workers: int, device: str, free: int | None = None) -> None:
    """Estimate the memory of the programs that run at a time: UsageError where it is too much.

    Args:
        plan: what is to be run.
        workers: how many programs share the memory.
        device: `cpu` or `cuda:i`.
        free: bytes; those of this machine if None.
    """
    cells = [plan.cells[program[0]].cell for program in plan.programs]
    largest = max(cells, key=memory.needed)
    wanted, free = memory.needed(largest), memory.free(device) if free is None else free
    if wanted * workers > free:
        fitting = memory.fitting(largest, free // workers)
        raise UsageError(
            f"T={largest.T} with batch_size={largest.batch_size} needs about"
            f" {wanted / memory.GIB:,.1f} GiB for each of {workers} at a time, and"
            f" {free / memory.GIB:,.1f} GiB are free: T of about {fitting:,} would fit, or a"
            " smaller batch_size, or fewer --jobs"
        )


def job_of(
    request: Request,
    plan: Plan,
    program: tuple[int, ...],
    device: str,
    backend: Backend,
) -> Any:
    """Return the `train.Job` of a program of the plan."""
    from ..bench.train import Job

    items = [plan.cells[index] for index in program]
    path = request.store.checkpoint_path(items[0].id, machine_class(device, backend))
    return Job(
        cells=tuple(item.cell for item in items),
        ids=tuple(item.id for item in items),
        data_dir=request.data_dir,
        device=device,
        threads=THREADS,
        matmul=backend[0],
        matmul_error=backend[1],
        checkpoint=str(path),
    )


def workers_for(asked: int | None, device: str, jobs: int) -> int:
    """Return how many programs run at a time: as asked, else one a core, and no more than jobs."""
    if device != "cpu":  # programs on one GPU would only share it
        return 1
    return max(1, min(asked or machine.cores(), jobs))
