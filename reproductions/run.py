"""Run an exhibit: expand it, ask the store, hand programs to the engine, write records."""

import signal
import tempfile
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from ..bench import datasets, machine
from ..bench.cell import Cell
from ..bench.outcome import Outcome
from ..results.record import Record, make_record
from ..results.store import Store
from . import exhibit as exhibits
from .backend import THREADS, Backend, choose_backend, known_class, machine_class
from .model import CUSTOM
from .plan import Plan, make_plan
from .room import find_room
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


class Listener(Protocol):
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

    def stopping(self, number: int) -> None:
        """A signal asks to stop. Called inside its handler: only take note of it."""
        ...


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
        stack=device is not None and device.startswith("cuda"),
    )


def run(request: Request, listener: Listener) -> Summary:
    """Train what is missing; every record is durable before the listener hears of it.

    Ctrl-C and SIGTERM let running programs save their state; `Summary.interrupted` says which it
    was. A second one ends at once. A cell that is too large for the memory becomes `failed`.

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
    from ..bench import engine, train

    room = find_room(plan, request.jobs, device)
    plan, fitting = room.plan, room.fitting
    jobs = [job_of(request, plan, p, device, backend) for p in plan.programs]
    summary = Summary(left=sum(map(len, plan.programs)))

    def done(index: int, outcomes: list[Outcome]) -> None:
        if summary.interrupted and any(o.status == "timeout" for o in outcomes):
            return  # its checkpoint is all there is to keep
        records = _store(request, plan, plan.programs[index], outcomes, here)
        for record in records:
            summary.left -= record.status != "timeout"
            summary.written[record.status] = summary.written.get(record.status, 0) + 1
        if all(r.status in ("ok", "diverged") for r in records) and jobs[index].checkpoint:
            Path(jobs[index].checkpoint or "").unlink(missing_ok=True)
        listener.finished(index, records)

    limit = request.time_limit
    deadline = None if limit is None else time.time() + limit
    with _stop_file() as file, _timer(file, limit), _signals(file, summary, listener):
        stop = engine.Stop(file=str(file), deadline=deadline)
        listener.planned(plan, room.workers)  # from here on a signal stops softly
        for index, why in room.too_large.items():
            done(index, train.failed(jobs[index], why))
        engine.run(
            [jobs[index] for index in fitting],
            min(room.workers, max(1, len(fitting))),
            stop,
            lambda n, outcomes: done(fitting[n], outcomes),
            lambda n, iteration: listener.progress(fitting[n], iteration),
        )
    return summary


def check_data(request: Request, plan: Plan) -> None:
    """Read the data of every program: DataError now rather than as many failed records."""
    cells = [plan.cells[index].cell for program in plan.programs for index in program]
    for name, corpus in dict.fromkeys((cell.dataset, cell.corpus) for cell in cells):
        datasets.load(name, request.data_dir, corpus=corpus)


def _store(
    request: Request,
    plan: Plan,
    program: tuple[int, ...],
    outcomes: list[Outcome],
    here: str,
) -> list[Record]:
    records: list[Record] = []
    for index, outcome in zip(program, outcomes, strict=True):
        cell = plan.cells[index].cell
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


@contextmanager
def _stop_file() -> Generator[Path]:
    """A path whose coming into being asks the workers on this machine to stop."""
    with tempfile.TemporaryDirectory(prefix="sgbench-") as folder:
        yield Path(folder) / "stop"


@contextmanager
def _timer(file: Path, seconds: float | None) -> Generator[None]:
    """Ask to stop after so many seconds, whatever the clock is set to meanwhile."""
    if seconds is None or seconds > threading.TIMEOUT_MAX:
        yield
        return
    timer = threading.Timer(seconds, file.touch)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _signals(file: Path, summary: Summary, listener: Listener) -> Generator[None]:
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
