"""Memory: which programs of a plan fit, and how many at a time, before any is started."""

import dataclasses
import math
from dataclasses import dataclass

from ...bench import hardware
from ...bench.cell import Cell
from ...bench.profiling import memory_estimate
from .plan import Plan

SHARING = 4
"""Programs that share a GPU: one leaves most of it idle. How many are best is not measured yet
(`make gpu` does, up to this number)."""


@dataclass(frozen=True, kw_only=True)
class MemoryFit:
    """A plan whose programs fit into memory, but for those that do not fit even alone.

    In `plan`, a program of several cells that was too large is split into smaller ones. `too_large`
    says why, by the number of the program in it, for each that does not fit even alone.
    """

    plan: Plan
    workers: int
    too_large: dict[int, str]

    @property
    def fitting(self) -> list[int]:
        """The numbers of the programs that fit, in the plan's order."""
        return [n for n in range(len(self.plan.programs)) if n not in self.too_large]


def find_memory_fit(plan: Plan, jobs: int | None, device: str) -> MemoryFit:
    """Compare what each program needs with what is free on `device` now.

    `jobs` is how many programs the user wants at a time; None is one per core, or fewer where some
    cell only fits then.
    """
    if not plan.programs:
        return MemoryFit(plan=plan, workers=0, too_large={})
    free = memory_estimate.free(device)
    at_once = [p for p in plan.programs if plan.cells[p[0]].cell.stages is None]  # not the staged
    workers = workers_for(jobs, device, len(at_once))
    beside = 0 if device == "cpu" else memory_estimate.OF_A_PROCESS
    if jobs is None:
        needs = _needs(plan)
        # On a GPU stacks may be split, but not only so that more of them run at a time.
        sizes = (needs[p[0]] * (1 if device == "cpu" else len(p)) for p in at_once)
        none_fits = 1 if device == "cpu" else free
        largest = max((size for size in sizes if size <= free), default=none_fits)
        workers = max(1, min(workers, free // max(1, largest + beside)))
    return fit_per_worker(plan, workers, max(0, free - workers * beside))


def fit_per_worker(plan: Plan, workers: int, free: int) -> MemoryFit:
    """Compare what each program needs with the share of `free` bytes that a worker has.

    A staged network has all of them: it is trained when the others are done.
    """
    needs = _needs(plan)

    def at_once(program: tuple[int, ...]) -> int:
        return 1 if plan.cells[program[0]].cell.stages is not None else max(1, workers)

    programs = tuple(
        some
        for program in plan.programs
        for some in _parted(program, needs[program[0]], free // at_once(program))
    )
    too_large = {
        n: _why(plan.cells[program[0]].cell, needs[program[0]], free, at_once(program))
        for n, program in enumerate(programs)
        if needs[program[0]] > free // at_once(program)
    }
    return MemoryFit(
        plan=dataclasses.replace(plan, programs=programs), workers=workers, too_large=too_large
    )


def _needs(plan: Plan) -> dict[int, int]:
    return {
        index: memory_estimate.needed(plan.cells[index].cell) for p in plan.programs for index in p
    }


def workers_for(asked: int | None, device: str, jobs: int) -> int:
    """Return how many programs run at a time: as asked, else one per core; at most `jobs`.

    On a GPU no more than `SHARING` unless asked for.
    """
    most = hardware.cores() if device == "cpu" else min(SHARING, hardware.cores())
    return max(1, min(asked or most, jobs))


def _parted(program: tuple[int, ...], need: int, share: int) -> list[tuple[int, ...]]:
    """Split a program whose cells need `need` bytes each into programs that fit into `share`."""
    size = max(1, min(len(program), share // max(1, need)))
    size = math.ceil(len(program) / math.ceil(len(program) / size))  # parts of about one size
    return [program[start : start + size] for start in range(0, len(program), size)]


def _why(cell: Cell, need: int, free: int, workers: int) -> str:
    several = f" for each of {workers} at a time" if workers > 1 else ""
    fewer = ", or fewer --jobs" if need <= free else ""
    return (
        f"MemoryError: it needs about {need / memory_estimate.GIB:,.1f} GiB, and"
        f" {free / workers / memory_estimate.GIB:,.1f} GiB are free{several}:"
        f" {memory_estimate.remedy(cell, free // workers)}{fewer}"
    )
