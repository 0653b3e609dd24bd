"""Run an exhibit: expand it, ask the store, hand programs to the engine, write records."""

import dataclasses
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from ..bench import machine
from ..bench.cell import Cell
from ..bench.outcome import Outcome
from ..results import machines
from ..results.record import Record, make_record
from ..results.store import Store
from . import exhibit as exhibits
from .plan import Plan, estimate, make_plan, seconds_per_step, shape
from .select import parse_set, parse_where, select

THREADS = 1  # of each program on a CPU: part of the protocol
TIMING_SECONDS = 0.3  # of stepping, for each shape whose time is not known


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
        """The scale that records are written under: `custom` where --set changed the protocol."""
        return "custom" if self.set else self.scale


class Listener(Protocol):
    """Hears of a run as it goes; every method is called in the main thread but `progress`."""

    def planned(self, plan: Plan, workers: int) -> None:
        """The plan is made; training begins."""
        ...

    def progress(self, program: int, iteration: int) -> None:
        """Program number `program` of the plan has done `iteration` updates."""
        ...

    def finished(self, program: int, records: list[Record]) -> None:
        """A program has ended and its records are durable."""
        ...


@dataclass(kw_only=True)
class Summary:
    """How a run ended: records written by status, cells left, and the signal that stopped it."""

    written: dict[str, int] = field(default_factory=dict[str, int])
    left: int = 0
    interrupted: int | None = None


def wanted_cells(request: Request) -> list[Cell]:
    """Return the cells that a request selects; UsageError where it selects none."""
    found = exhibits.load(request.exhibit)
    cells = exhibits.expand(found, request.scale, parse_set(request.set), request.seeds)
    return select(cells, parse_where(request.where)) if request.where else cells


def plan_of(request: Request, cells: Sequence[Cell], records: Sequence[Record]) -> Plan:
    """Return the plan of a request, without torch: by the back-end that was chosen before."""
    return make_plan(
        cells,
        records,
        machine=known_class(request.store, request.device),
        data_dir=request.data_dir,
        retry=request.retry,
    )


def known_class(store: Store, device: str) -> str | None:
    """Return the machine class a run here would have, None where no back-end was chosen yet."""
    if device.startswith("cuda") or (device == "auto" and machine.cuda_likely()):
        return None
    choice = machines.read(store, machine.device_model("cpu"))
    if choice is None or choice["torch"] != machine.torch_release():
        return None
    return machine.machine_class(machine.describe("cpu", THREADS, choice["matmul"], None))


def choose_backend(store: Store, device: str) -> tuple[str, float | None]:
    """Return the matrix-product back-end and its error: measured once a machine, then kept."""
    if device != "cpu":
        return "cublas", None
    model, release = machine.device_model("cpu"), machine.torch_release()
    kept = machines.read(store, model)
    if kept is not None and kept["torch"] == release:
        machines.write(store, model, kept)  # finds out before hours of work whether it is writable
        return kept["matmul"], kept["matmul_error"]
    from ..bench import matmul

    measured = matmul.measure()
    best = matmul.choose(measured)
    rates = {m.name: dataclasses.asdict(m) for m in measured}
    choice: dict[str, Any] = {
        "device": model,
        "torch": release,
        "matmul": best.name,
        "matmul_error": best.error,
        "measured": rates,
    }
    machines.write(store, model, choice)
    return best.name, best.error


def run(request: Request, listener: Listener) -> Summary:
    """Train what is missing; every record is durable before the listener hears of it.

    Ctrl-C and SIGTERM let running programs save their state; `Summary.interrupted` says which it
    was. A second one ends at once.
    """
    from ..bench import engine

    cells = wanted_cells(request)
    device = machine.resolve_device(request.device)
    matmul, error = choose_backend(request.store, device)
    here = machine.machine_class(machine.describe(device, THREADS, matmul, error))
    plan = make_plan(
        cells,
        list(request.store.scan()),
        machine=here,
        data_dir=request.data_dir,
        retry=request.retry,
    )
    jobs = [_job(request, plan, p, device, matmul, error) for p in plan.programs]
    workers = _workers(request.jobs, device, len(jobs))
    listener.planned(plan, workers)
    summary = Summary(left=len(jobs))

    def done(index: int, outcomes: list[Outcome]) -> None:
        records = _store(request, plan, plan.programs[index], outcomes, here)
        summary.left -= 1
        for record in records:
            summary.written[record.status] = summary.written.get(record.status, 0) + 1
        if all(r.status != "timeout" for r in records) and jobs[index].checkpoint:
            Path(jobs[index].checkpoint or "").unlink(missing_ok=True)
        listener.finished(index, records)

    deadline = None if request.time_limit is None else time.time() + request.time_limit
    with _stop_file() as file, _signals(file, summary):
        stop = engine.Stop(file=str(file), deadline=deadline)
        if jobs:
            engine.run(jobs, workers, stop, done, listener.progress)
    return summary


def _store(
    request: Request,
    plan: Plan,
    program: tuple[int, ...],
    outcomes: list[Outcome],
    machine_class: str,
) -> list[Record]:
    from ..bench import datasets

    records: list[Record] = []
    for index, outcome in zip(program, outcomes, strict=True):
        cell = plan.cells[index].cell
        record = make_record(
            cell,
            outcome,
            exhibit=request.exhibit,
            scale=request.label,
            data_hash=datasets.data_hash(cell.dataset, request.data_dir),
            machine_class=machine_class,
        )
        request.store.put(record)
        records.append(record)
    return records


def _job(
    request: Request,
    plan: Plan,
    program: tuple[int, ...],
    device: str,
    matmul: str,
    error: float | None,
) -> Any:
    from ..bench.train import Job

    items = [plan.cells[index] for index in program]
    described = machine.describe(device, THREADS, matmul, error)
    path = request.store.checkpoint_path(items[0].id, machine.machine_class(described))
    return Job(
        cells=tuple(item.cell for item in items),
        ids=tuple(item.id for item in items),
        data_dir=request.data_dir,
        device=device,
        threads=THREADS,
        matmul=matmul,
        matmul_error=error,
        checkpoint=str(path),
    )


def _workers(asked: int | None, device: str, jobs: int) -> int:
    from ..bench import engine

    if device != "cpu":  # programs on one GPU would only share it
        return 1
    return max(1, min(asked or engine.cores(), jobs))


@contextmanager
def _stop_file() -> Iterator[Path]:
    """A path whose coming into being asks the workers, wherever they run on this machine, to stop."""
    with tempfile.TemporaryDirectory(prefix="sgbench-") as folder:
        yield Path(folder) / "stop"


@contextmanager
def _signals(file: Path, summary: Summary) -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into a request to stop; the next one interrupts."""

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        if summary.interrupted is not None:
            raise KeyboardInterrupt
        summary.interrupted = number
        file.touch()

    before = {s: signal.signal(s, handle) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def dry_run(request: Request) -> tuple[Plan, float | None, int]:
    """Return the plan, its estimate in seconds, and the workers that would run it.

    Times come from earlier records; a shape without any is trained for a moment on this machine.
    """
    from ..bench import engine

    cells, records = wanted_cells(request), list(request.store.scan())
    plan = plan_of(request, cells, records)
    here = known_class(request.store, request.device)
    known = seconds_per_step(records, here)
    needed = {shape(plan.cells[p[0]].cell): p for p in plan.programs}
    missing = {name: p for name, p in needed.items() if name not in known}
    workers = engine.cores() if request.jobs is None else request.jobs
    if missing:
        from ..bench import train

        device = machine.resolve_device(request.device)
        workers = _workers(request.jobs, device, len(plan.programs))
        backend = "cublas" if device != "cpu" else _backend_or_default(request.store)
        for name, program in missing.items():
            job = _job(request, plan, program, device, backend, None)
            known[name] = train.time_steps(job, TIMING_SECONDS)
    return plan, estimate(plan, known, min(workers, max(1, len(plan.programs)))), workers


def _backend_or_default(store: Store) -> str:
    from ..bench import matmul

    kept = machines.read(store, machine.device_model("cpu"))
    return matmul.available()[0] if kept is None else kept["matmul"]
