"""Run an exhibit: expand it, ask the store, hand programs to the engine, write records."""

import signal
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from ..bench import datasets, machine, memory
from ..bench.cell import Cell
from ..bench.errors import UsageError
from ..bench.outcome import Outcome
from ..results.record import Record, make_record
from ..results.store import Store
from . import exhibit as exhibits
from .backend import THREADS, Backend, choose_backend, known_class, machine_class
from .model import CUSTOM
from .plan import Plan, make_plan
from .select import parse_set, parse_where


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user asked for; the fields are the options of `sgbench run`."""

    exhibit: str
    scale: str = "demo"
    where: Sequence[str] = ()
    set: Sequence[str] = ()
    seeds: int | None = None
    store: Store
    data_dir: str | None = None
    device: str = "auto"
    time_limit: float | None = None
    retry: Sequence[str] = ()
    jobs: int | None = None

    @property
    def label(self) -> str:
        """The scale that records are written under: CUSTOM where --set changed the protocol."""
        return CUSTOM if self.set else self.scale


class Hears(Protocol):
    """Hears of signals."""

    def stopping(self, number: int) -> None:
        """A signal asks to stop. Called inside its handler: only take note of it."""
        ...


class Listener(Hears, Protocol):
    """Hears of a run as it goes; every method is called in the main thread but `progress`."""

    def planned(self, plan: Plan, workers: int) -> None:
        """The plan is made and its data is there; training begins, if there is any."""
        ...

    def progress(self, program: int, iteration: int) -> None:
        """Program number `program` of the plan has done `iteration` updates."""
        ...

    def finished(self, program: int, records: list[Record]) -> None:
        """A program has ended and its records are durable."""
        ...


class Stoppable(Protocol):
    """What is to know of the signal that stopped it."""

    interrupted: int | None


@dataclass(kw_only=True)
class Summary:
    """How a run ended: records written by status, cells left, and the signal that stopped it.

    A cell is left where the run was to train it and did not bring it to an end.
    """

    written: dict[str, int] = field(default_factory=dict[str, int])
    left: int = 0
    interrupted: int | None = None


def wanted_cells(request: Request) -> list[Cell]:
    """Return the cells that a request selects; UsageError where it selects none."""
    found = exhibits.load(request.exhibit)
    where = parse_where(request.where) if request.where else None
    return exhibits.expand(found, request.scale, parse_set(request.set), request.seeds, where)


def plan_of(
    request: Request,
    cells: Sequence[Cell],
    records: Sequence[Record],
    machine: str | None,
    device: str | None,
) -> Plan:
    """Return the plan of a request, without torch, on a machine class (None: any) and a device.

    On a GPU replicas are nearly free, so a population is one program; on a CPU, and where the
    device is not known, each cell is one.
    """
    return make_plan(
        cells,
        records,
        machine=machine,
        data_dir=request.data_dir,
        retry=request.retry,
        stack=stacks(device),
    )


def stacks(device: str | None) -> bool:
    """Tell whether cells that differ only in replica axes are one program on a device."""
    return device is not None and device.startswith("cuda")


def run(request: Request, listener: Listener) -> Summary:
    """Train what is missing; every record is durable before the listener hears of it.

    Ctrl-C and SIGTERM let running programs save their state; `Summary.interrupted` says which it
    was. A second one ends at once.

    Raises UsageError, DataError or StoreError, before training where it can be known by then.
    """
    cells, records = wanted_cells(request), list(request.store.scan())
    device = machine.resolve_device(request.device)
    here = known_class(request.store, device)
    plan = plan_of(request, cells, records, here, device)
    if not plan.programs:
        listener.planned(plan, 0)
        return Summary()
    check_data(request, plan)
    backend = choose_backend(request.store, device)
    here, before = machine_class(device, backend), here
    if here != before:  # the first run on this machine, into a store that may have come from it
        plan = plan_of(request, cells, records, here, device)
    from ..bench import engine

    jobs = [job_of(request, plan, p, device, backend) for p in plan.programs]
    workers = workers_for(request.jobs, device, len(jobs))
    check_memory(plan, workers, device)
    summary = Summary(left=sum(map(len, plan.programs)))

    def done(index: int, outcomes: list[Outcome]) -> None:
        if summary.interrupted and any(o.status == "timeout" for o in outcomes):
            return  # its checkpoint is all there is to keep
        cells = [plan.cells[n].cell for n in plan.programs[index]]
        records = store_outcomes(request, cells, outcomes, here)
        for record in records:
            summary.left -= record.status != "timeout"
            summary.written[record.status] = summary.written.get(record.status, 0) + 1
        if all(r.status != "timeout" for r in records) and jobs[index].checkpoint:
            Path(jobs[index].checkpoint or "").unlink(missing_ok=True)
        listener.finished(index, records)

    deadline = None if request.time_limit is None else time.time() + request.time_limit
    with stop_file() as file, signals(file, summary, listener):
        stop = engine.Stop(file=str(file), deadline=deadline)
        listener.planned(plan, workers)  # from here on a signal stops softly
        engine.run(jobs, workers, stop, done, listener.progress)
    return summary


def check_data(request: Request, plan: Plan) -> None:
    """Read the data of every program: DataError now rather than as many failed records."""
    cells = [plan.cells[index].cell for program in plan.programs for index in program]
    for name, corpus in dict.fromkeys((cell.dataset, cell.corpus) for cell in cells):
        datasets.load(name, request.data_dir, corpus=corpus)


def check_memory(plan: Plan, workers: int, device: str) -> None:
    """Estimate the memory of the programs that run at a time: UsageError where it is too much."""
    cells = [plan.cells[program[0]].cell for program in plan.programs]
    largest = max(cells, key=memory.needed)
    wanted, free = memory.needed(largest), memory.free(device)
    if wanted * workers > free:
        fitting = memory.fitting(largest, free // workers)
        raise UsageError(
            f"T={largest.T} with batch_size={largest.batch_size} needs about"
            f" {wanted / memory.GIB:,.1f} GiB for each of {workers} at a time, and"
            f" {free / memory.GIB:,.1f} GiB are free: T of about {fitting:,} would fit, or a"
            " smaller batch_size, or fewer --jobs"
        )


def store_outcomes(
    request: Request, cells: Sequence[Cell], outcomes: Sequence[Outcome], here: str
) -> list[Record]:
    """Store a record of each outcome of a program; return them, durable by then.

    One that is no result does not replace a result that is there, which is returned instead.
    """
    records: list[Record] = []
    for cell, outcome in zip(cells, outcomes, strict=True):
        record = make_record(
            cell,
            outcome,
            exhibit=request.exhibit,
            scale=request.label,
            data_hash=datasets.data_hash(cell.dataset, request.data_dir, corpus=cell.corpus),
            machine_class=here,
        )
        result = None if record.status == "ok" else _result(request.store, record.id, here)
        if result is None:
            request.store.put(record)
        records.append(result or record)
    return records


def _result(store: Store, id_: str, here: str) -> Record | None:
    """Return the result that another run on the same store may have brought meanwhile."""
    return next((r for r in store.get(id_) if r.machine_class == here and r.status == "ok"), None)


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


@contextmanager
def stop_file() -> Generator[Path]:
    """A path whose coming into being asks the workers on this machine to stop."""
    with tempfile.TemporaryDirectory(prefix="sgbench-") as folder:
        yield Path(folder) / "stop"


@contextmanager
def signals(file: Path, summary: "Stoppable", listener: "Hears") -> Generator[None]:
    """Turn the first SIGINT or SIGTERM into a request to stop; the next one interrupts."""

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        if summary.interrupted is not None:
            raise KeyboardInterrupt
        summary.interrupted = number
        file.touch()
        listener.stopping(number)

    before = {s: signal.signal(s, handle) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
