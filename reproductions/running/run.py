"""Runs: expand an exhibit, ask the store, hand programs to an executor, write records."""

import signal
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Protocol

from ...bench import hardware
from ...bench.cell import Cell
from ...bench.outcome import UNFINISHED, LastPoint, Outcome
from ...results import provenance
from ...results.from_outcome import make_record
from ...results.record import ENDED, Record
from ...results.store.store import Store
from ..exhibits.exhibit import name_of
from .executor import executor_of
from .plan import Plan, Planned
from .request import RunRequest, Say, plan_of, wanted_cells
from .signals import termination_signals


class SignalListener(Protocol):
    """Is told of signals."""

    def stopping(self, number: int) -> None:
        """A signal asks to stop. Called in the signal handler, which must only take note of it."""
        ...


class RunListener(SignalListener, Protocol):
    """Is told of a run's progress; all methods but `progress` are called in the main thread."""

    def planned(self, plan: Plan, workers: int) -> None:
        """The plan is made and its data is there; training begins if there is anything to train."""
        ...

    def progress(self, program: int, iteration: int, point: LastPoint) -> None:
        """Program number `program` of the plan has done `iteration` updates.

        `point` is its last evaluation.
        """
        ...

    def finished(self, program: int, records: list[Record]) -> None:
        """A program has ended and its records are durable."""
        ...


class Stoppable(Protocol):
    """Keeps the number of the signal that stopped it."""

    interrupted: int | None


@dataclass(kw_only=True)
class RunSummary:
    """How a run ended: records written, by status; cells left; the signal that stopped it.

    A cell is left where the run was to train it and did not finish it.
    """

    written: dict[str, int] = field(default_factory=dict[str, int])
    left: int = 0
    interrupted: int | None = None


def run(request: RunRequest, listener: RunListener, *, say: Say = lambda words: None) -> RunSummary:
    """Train what is missing; every record is durable before the listener hears of it.

    Ctrl-C, SIGTERM and SIGHUP let running programs save their state; `RunSummary.interrupted` says
    which it was. A second one ends at once. A cell too large for the memory becomes `failed`.

    Args:
        request: what to train, and where.
        listener: is told of the run's progress.
        say: is told what the user should know about the machines, a line at a time.

    Raises UsageError, DataError or StoreError, before training where that can be known.
    """
    cells, records = wanted_cells(request), list(request.store.scan())

    def make(classes: Collection[str], device: str) -> Plan:
        return plan_of(request, cells, records, classes, device)

    return train(request, make, lambda cell: request, listener, say=say)


def train(
    request: RunRequest,
    make: Callable[[Collection[str], str], Plan],
    owner: Callable[[Cell], RunRequest],
    listener: RunListener,
    *,
    say: Say,
) -> RunSummary:
    """Train the programs of a plan in its order, as `run` does, whatever exhibits they are of.

    Args:
        request: where to train, and for how long; its exhibit and scale do not matter.
        make: returns the plan on machine classes and a device.
        owner: returns the request under whose exhibit and scale a cell is recorded.
        listener: is told of the progress.
        say: as of `run`.
    """
    with executor_of(request, say) as executor:
        classes = executor.classes()
        plan = make(classes, executor.device)
        if not plan.programs:
            listener.planned(plan, 0)
            return RunSummary()
        request.store.warnings += provenance.warnings()
        executor.check_data(plan)
        executor.prepare()
        if executor.classes() != classes:
            # The first run on this machine, into a store that may have come from it.
            plan = make(executor.classes(), executor.device)
        fit = executor.memory_fit(plan)
        plan, fitting = fit.plan, fit.fitting
        jobs = executor.jobs(plan)
        summary = RunSummary(left=sum(map(len, plan.programs)))

        def done(index: int, outcomes: list[Outcome]) -> None:
            cells = [plan.cells[n] for n in plan.programs[index]]
            records: list[Record] = []
            for planned, outcome in zip(cells, outcomes, strict=True):
                if summary.interrupted and outcome.status == "timeout":
                    continue  # its checkpoint is all there is to keep
                records.append(store_outcome(owner(planned.cell), planned, outcome))
            if not records:
                return
            for record in records:
                summary.left -= record.status != "timeout"
                summary.written[record.status] = summary.written.get(record.status, 0) + 1
            for record in records:
                if record.status in ENDED:
                    path = request.store.checkpoint_path(record.id, record.machine_class)
                    path.unlink(missing_ok=True)
            listener.finished(index, records)

        deadline = None if request.time_limit is None else time.time() + request.time_limit
        from ...bench.engine import dispatch

        with stop_file(request.time_limit) as file, signals(file, summary, listener):
            stop = dispatch.Stop(file=str(file), deadline=deadline)
            listener.planned(plan, fit.workers)  # from here on a signal stops softly
            for index, why in fit.too_large.items():
                done(index, executor.refused(jobs[index], why))
            executor.train(
                [jobs[index] for index in fitting],
                min(fit.workers, max(1, len(fitting))),
                stop,
                lambda n, outcomes: done(fitting[n], outcomes),
                lambda n, iteration, point: listener.progress(fitting[n], iteration, point),
            )
    return summary


def store_outcome(request: RunRequest, planned: Planned, outcome: Outcome) -> Record:
    """Store the record of a cell's outcome, durably, and return it.

    A failure never replaces a result that is stored, nor a shorter part of training a longer one:
    that is returned instead. Nor does it replace what was trained as far as a run wanted
    (`--until`): then it is returned, and not stored.
    """
    record = make_record(
        planned.cell,
        outcome,
        exhibit=name_of(request.exhibit),
        scale=request.label,
        data_hash=planned.data_hash,
        machine_class=hardware.machine_class(outcome.machine),
    )
    kept = None if record.status == "ok" else _kept(request.store, record)
    if kept is None:
        request.store.put(record)
        return record
    return record if record.status == "failed" and kept.status == "partial" else kept


def _kept(store: Store, record: Record) -> Record | None:
    """Return what is stored of a record's cell and tells more: a result, say of another run."""
    for other in store.get(record.id):
        if hardware.may_be_one(other.machine_class, record.machine_class):
            both = record.status in UNFINISHED and other.status in UNFINISHED
            longer = both and other.iterations_done > record.iterations_done
            part = record.status == "failed" and other.status == "partial"
            if other.status == "ok" or longer or part:
                return other
    return None


@contextmanager
def stop_file(seconds: float | None) -> Generator[Path]:
    """Yield the path of a file that asks the workers on this machine to stop once it exists.

    It is created after `seconds`, even if the clock is set back meanwhile.
    """
    with tempfile.TemporaryDirectory(prefix="sgbench-") as folder:
        file = Path(folder) / "stop"
        if seconds is None:
            yield file
            return
        timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), file.touch)
        timer.daemon = True
        timer.start()
        try:
            yield file
        finally:
            timer.cancel()


@contextmanager
def signals(file: Path, summary: "Stoppable", listener: "SignalListener") -> Generator[None]:
    """Turn the first Ctrl-C, SIGTERM or SIGHUP into a request to stop; the next interrupts.

    In another thread than the main one, which alone is told of signals, nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        if summary.interrupted is not None:
            raise KeyboardInterrupt
        summary.interrupted = number
        file.touch()
        listener.stopping(number)

    before = {s: signal.signal(s, handle) for s in (signal.SIGINT, *termination_signals())}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
