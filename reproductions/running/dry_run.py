"""Dry runs: what a run would do and how long it takes, for `status` and `run --dry-run`."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass, field

from ...bench import hardware
from ...bench.cell import Cell
from ...bench.families.feedforward.stages import waiting_seconds, whole_network
from ...results.record import Record
from ...results.store.store import Store
from .backend import kept_backend, known_classes, measured_backend
from .executor import check_data, check_stages, executor_of, job_of
from .memory_fit import find_memory_fit, workers_for
from .plan import Plan, estimate, seconds_per_step, shape, speeds
from .request import RunRequest, plan_of, wanted_cells

TIMING_SECONDS = 0.3  # of training, for each shape of program whose speed is not known


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """The plan of a run, its workers, and the seconds it takes, None where that is unknown.

    `machine` is the machine class whose records count (all those of a scheduler's workers, joined
    by semicolons), None where records of every class count. `elsewhere` counts the wanted cells
    that other classes have results for. `checkpoints` counts, by state, the cells that would go on
    from the checkpoint of an earlier run. `too_large` says, by the number of a program, why it
    would fail for want of memory; only where the dry run measures.
    """

    plan: Plan
    workers: int
    seconds: float | None
    machine: str | None
    elsewhere: dict[str, int]
    checkpoints: dict[str, int]
    too_large: dict[int, str] = field(default_factory=dict[int, str])


def dry_run(
    request: RunRequest, *, measure: bool = False, watch: Callable[[int, int], None] | None = None
) -> DryRun:
    """Return what a run would do; free of torch unless it has to measure, or is for a GPU.

    Args:
        request: what would be run.
        measure: check the device and the data, and train each shape of program whose speed is in
            no record for a moment. Otherwise `seconds` is None where there is such a shape.
        watch: called before each of these with how many are done and how many there are.

    Raises UsageError, DataError or StoreError, as the run would.
    """
    cells, records = wanted_cells(request), list(request.store.scan())
    if request.scheduler is not None:
        return _with_workers(request, cells, records)
    needs_torch = request.device.startswith("cuda") or (
        request.device == "auto" and hardware.cuda_likely()
    )
    unknown = request.store.read_only or (needs_torch and not measure)
    device = None if unknown else hardware.resolve_device(request.device)
    here = device and known_classes(request.store, device, {cell.precision for cell in cells})
    plan = plan_of(request, cells, records, here, device)
    known = seconds_per_step(speeds(records), here)
    workers = workers_for(request.jobs, device or "cuda", len(plan.programs))
    too_large: dict[int, str] = {}
    if device and measure:
        check_data(request, plan)
        check_stages(request, plan, device)
        fit = find_memory_fit(plan, request.jobs, device)
        plan, workers, too_large = fit.plan, fit.workers, fit.too_large
        trained = [plan.programs[number] for number in fit.fitting]
        needed = {shape(plan.cells[p[0]].cell): p for p in trained}
        missing = {name: p for name, p in needed.items() if name not in known}
        known |= _timed(request, plan, device, missing, watch)
    ids = {planned.id for planned in plan.cells}
    other = (
        r for r in records if here and not hardware.is_among(r.machine_class, here) and r.id in ids
    )
    return DryRun(
        plan=plan,
        workers=workers,
        seconds=estimate(without(plan, too_large), known, workers),
        machine="; ".join(sorted(here)) if here else None,
        elsewhere=dict(Counter(r.machine_class for r in other if r.status == "ok")),
        checkpoints=_checkpoints(plan, _kept(request.store, here)),
        too_large=too_large,
    )


def without(plan: Plan, programs: Container[int]) -> Plan:
    """Return the plan without the programs of these numbers."""
    kept = (p for number, p in enumerate(plan.programs) if number not in programs)
    return dataclasses.replace(plan, programs=tuple(kept))


def _with_workers(request: RunRequest, cells: Sequence[Cell], records: Sequence[Record]) -> DryRun:
    """Return the dry run with the workers of a scheduler; nothing is timed on them."""
    with executor_of(request, lambda words: None) as executor:
        classes = executor.classes({cell.precision for cell in cells})
        plan = plan_of(request, cells, records, classes, executor.device)
        if plan.programs:
            executor.check_data(plan)
        fit = executor.memory_fit(plan)
        plan, workers = fit.plan, fit.workers
    ids = {planned.id for planned in plan.cells}
    other = (r for r in records if not hardware.is_among(r.machine_class, classes) and r.id in ids)
    return DryRun(
        plan=plan,
        workers=workers,
        seconds=estimate(
            without(plan, fit.too_large), seconds_per_step(speeds(records), classes), workers
        ),
        machine="; ".join(sorted(classes)),
        elsewhere=dict(Counter(r.machine_class for r in other if r.status == "ok")),
        checkpoints=_checkpoints(plan, _kept(request.store, classes)),
        too_large=fit.too_large,
    )


def _kept(store: Store, classes: Collection[str] | None) -> set[str]:
    """Return the ids of cells with a checkpoint of those machine classes, of any if None."""
    if classes is None:
        return store.checkpoints(None)
    return set[str]().union(*map(store.checkpoints, classes))


def _checkpoints(plan: Plan, kept: set[str]) -> dict[str, int]:
    """Return the number of cells to be trained in each state that have a checkpoint in `kept`."""
    planned = [plan.cells[index] for program in plan.programs for index in program]
    return dict(Counter(cell.state for cell in planned if cell.id in kept))


def _timed(
    request: RunRequest,
    plan: Plan,
    device: str,
    missing: dict[str, tuple[int, ...]],
    watch: Callable[[int, int], None] | None,
) -> dict[str, float]:
    """Return the seconds that an update of each missing shape takes, by training it briefly."""
    found: dict[str, float] = {}
    if not missing:
        return found
    from ...bench.training import loop

    backend = kept_backend(request.store, device)
    backend = backend or (measured_backend()["matmul"], None)
    whole: dict[str, float] = {}  # by shape without stages, which are timed in this process
    shapes = {key: whole_network(plan.cells[p[0]].cell) for key, p in missing.items()}
    number = len({shape(cell) for cell in shapes.values()})
    for key, cell in shapes.items():
        if shape(cell) not in whole:
            if watch is not None:
                watch(len(whole), number)
            job = job_of(request, plan, missing[key], device, backend)
            if plan.cells[missing[key][0]].cell.stages is not None:
                job = dataclasses.replace(job, cells=(cell,))
            whole[shape(cell)] = loop.time_steps(job, TIMING_SECONDS)
        cell_of = plan.cells[missing[key][0]].cell
        found[key] = whole[shape(cell)] + waiting_seconds(cell_of.to_dict())
    return found
