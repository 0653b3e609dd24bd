"""Executors: what trains the programs of a run, this machine or a dask scheduler's workers.

An executor describes its machines before the plan is made, and prepares them after. Torch is
imported only when it trains.
"""

import contextlib
import math
from collections.abc import Collection, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...bench import datasets, hardware, processor, registry
from ...bench.cell import Cell
from ...bench.configuration import PRECISIONS
from ...bench.engine.dask_client import connected
from ...bench.errors import UsageError
from .backend import (
    THREADS,
    Backend,
    choose_backend,
    kept_backend,
    known_classes,
    machine_class,
    machine_classes,
)
from .memory_fit import MemoryFit, find_memory_fit
from .plan import Plan
from .request import RunRequest, Say

if TYPE_CHECKING:
    from ...bench.engine.dispatch import Done, Progress, Stop
    from ...bench.outcome import Outcome
    from ...bench.training.loop import Job

EMULATED = (
    "warning: precision=bf16: this processor has no bfloat16 products; operands and results are"
    " rounded around float32's: the same arithmetic, slower than precision=float32"
)

SHOWN = ("backprop", "cdni", "dni")
"""Rules whose test error on MNIST bfloat16 is shown not to change (docs/speed.md)."""
NOT_SHOWN = (
    "warning: precision=bf16: that it costs no test error on MNIST is shown for"
    f" {', '.join(SHOWN[:-1])} and {SHOWN[-1]} alone"
)


class Executor(Protocol):
    """What trains the programs of a run."""

    @property
    def device(self) -> str:
        """`cpu` or `cuda:i`."""
        ...

    def classes(self, precisions: Collection[str] = PRECISIONS) -> frozenset[str]:
        """Return the machine classes that programs of those precisions may run on.

        They are by the back-ends chosen so far.
        """
        ...

    def check_data(self, plan: Plan) -> None:
        """Raise DataError or UsageError where data of the plan is missing or wrong."""
        ...

    def prepare(self) -> None:
        """Choose back-ends where none is chosen; this may change `classes`."""
        ...

    def jobs(self, plan: Plan) -> "list[Job]":
        """Return the job of each program of the plan."""
        ...

    def memory_fit(self, plan: Plan) -> MemoryFit:
        """Compare the memory that the plan's programs need with what is free."""
        ...

    def refused(self, job: "Job", why: str) -> "list[Outcome]":
        """Return the outcomes, all failed, of a job that is not started."""
        ...

    def train(
        self, jobs: "Sequence[Job]", workers: int, stop: "Stop", done: "Done", progress: "Progress"
    ) -> None:
        """Train the jobs, as `dispatch.run` does."""
        ...


@contextlib.contextmanager
def executor_of(request: RunRequest, say: Say) -> Generator[Executor]:
    """Yield the executor of a request.

    Raises UsageError where the device does not exist, or no scheduler is at the address.
    """
    if request.scheduler is None:
        yield LocalExecutor(request, say)
        return
    with connected(request.scheduler) as client:
        from .remote_executor import RemoteExecutor

        yield RemoteExecutor(request, client, say)


class LocalExecutor:
    """This machine."""

    def __init__(self, request: RunRequest, say: Say) -> None:
        self.request, self.device = request, hardware.resolve_device(request.device)
        self.say = say
        self.backend: Backend | None = None

    def classes(self, precisions: Collection[str] = PRECISIONS) -> frozenset[str]:
        """Return the classes of this machine."""
        if self.backend is None:
            return known_classes(self.request.store, self.device, precisions)
        return machine_classes(self.device, self.backend, precisions)

    def check_data(self, plan: Plan) -> None:
        """Raise DataError where data of the plan is missing or wrong."""
        check_data(self.request, plan)
        check_stages(self.request, plan, self.device)
        if self.device == "cpu" and _emulated(plan):
            self.say(EMULATED)
        if any(cell.rule not in SHOWN for cell in _narrow(plan)):
            self.say(NOT_SHOWN)

    def prepare(self) -> None:
        """Choose the back-end; name a GPU."""
        if self.device != "cpu":
            self.say(f"training on {self.device}, {hardware.device_model(self.device)}")
        self.backend = choose_backend(self.request.store, self.device)

    def jobs(self, plan: Plan) -> "list[Job]":
        """Return the job of each program of the plan."""
        store = self.request.store
        backend = self.backend or kept_backend(store, self.device) or ("", None)
        return [job_of(self.request, plan, p, self.device, backend) for p in plan.programs]

    def memory_fit(self, plan: Plan) -> MemoryFit:
        """Compare the memory that the plan's programs need with what is free."""
        return find_memory_fit(plan, self.request.jobs, self.device)

    def refused(self, job: "Job", why: str) -> "list[Outcome]":
        """Return the outcomes, all failed, of a job that is not started."""
        from ...bench.training import loop

        return loop.failed(job, why)

    def train(
        self, jobs: "Sequence[Job]", workers: int, stop: "Stop", done: "Done", progress: "Progress"
    ) -> None:
        """Train the jobs."""
        from ...bench.engine import dispatch

        dispatch.run(jobs, workers, stop, done, progress, notify=self.say)


def _emulated(plan: Plan) -> bool:
    """Tell whether a program's products have a precision that this processor lacks."""
    return bool(_narrow(plan)) and not processor.bfloat16()


def _narrow(plan: Plan) -> list[Cell]:
    """Return the cells to be trained in bfloat16."""
    cells = (plan.cells[index].cell for program in plan.programs for index in program)
    return [cell for cell in cells if cell.precision == "bf16"]


def check_data(request: RunRequest, plan: Plan) -> None:
    """Read the data of every program: one DataError now instead of many failed records.

    UsageError where a cell has more evaluations than a record can hold.
    """
    check_evaluations(plan)
    for name, corpus in plan.needed_data():
        datasets.load(name, request.data_dir, corpus=corpus)


MOST_EVALUATIONS = 20_000
"""The largest number of evaluations of a cell: a record stores each, and must stay readable."""


def check_evaluations(plan: Plan) -> None:
    """Raise UsageError where a cell has more evaluations than a record can hold."""
    for planned in (plan.cells[index] for program in plan.programs for index in program):
        count = math.ceil(planned.until / planned.cell.evaluate_every)
        if count > MOST_EVALUATIONS:
            raise UsageError(
                f"evaluate_every={planned.cell.evaluate_every}: {count:,} evaluations of a cell,"
                f" and a record holds {MOST_EVALUATIONS:,}; give"
                f" evaluate_every={math.ceil(planned.until / MOST_EVALUATIONS)} or more"
            )


def check_stages(request: RunRequest, plan: Plan, device: str) -> None:
    """Raise UsageError where this machine cannot train the plan's staged networks."""
    if request.trace is not None and not any(planned.cell.stages for planned in plan.cells):
        raise UsageError("--trace is of staged networks; none of these cells has stages")
    if request.trace is not None:
        try:
            Path(request.trace).open("a", encoding="utf-8").close()
        except OSError as error:
            raise UsageError(
                f"--trace {request.trace} cannot be written ({error.strerror}): give a file in a"
                " folder that is there"
            ) from None
    cells = [plan.cells[index].cell for program in plan.programs for index in program]
    stages = max((cell.stages or 0 for cell in cells), default=0)
    if not stages:
        return
    if request.until is not None:
        raise UsageError("--until: a staged run is not paused; leave it out, or set iterations")
    if device != "cpu":
        raise UsageError("--device: staged networks are trained on CPUs; give --device cpu")
    from ...bench.pipeline import torchrun
    from ...bench.pipeline.cores import cores

    here = len(cores())
    if torchrun.rank() is None and here and stages > here and not request.oversubscribe:
        raise UsageError(
            f"stages={stages} need {stages} cores, and this process may use {here}: take more,"
            " select fewer stages, or give --oversubscribe (times then say nothing about locking)"
        )


def job_of(
    request: RunRequest,
    plan: Plan,
    program: tuple[int, ...],
    device: str,
    backend: Backend,
) -> Any:
    """Return the `loop.Job` of a program of the plan."""
    from ...bench.training.loop import Job

    items = [plan.cells[index] for index in program]
    here = machine_class(device, backend, items[0].cell.precision)
    return Job(
        cells=tuple(item.cell for item in items),
        ids=tuple(item.id for item in items),
        data_dir=request.data_dir,
        device=device,
        threads=THREADS,
        matmul=backend[0],
        matmul_error=backend[1],
        checkpoints=tuple(str(request.store.checkpoint_path(i.id, here)) for i in items),
        pause_at=items[0].pause_at,
        external_files=registry.external_files(),
        trace=request.trace,
    )
