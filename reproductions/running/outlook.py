"""What a reproduction has to train, step by step by an agenda, and how long that takes."""

import dataclasses
import heapq
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...bench import datasets, hardware
from ...bench.cell import Cell
from ...results.record import Record
from .agenda import Question, Step, answering, completing, deciding
from .backend import known_classes
from .machine_check import LACKING
from .memory_fit import workers_for
from .plan import Plan, Planned, work
from .rates import Timed, rates_for, time_unknown
from .request import RunRequest, plan_of, stacks, wanted_cells

Judge = Callable[[RunRequest, Sequence[Record]], list[Question]]
"""Returns the questions that a request's exhibit asks, by the records there are."""


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is to be trained of several exhibits, in order, and what a time is enough for.

    Attributes:
        requests: a request for each exhibit.
        plans: by request, what the store has of its cells.
        order: the steps of training: first the first parts of some cells, as far as their `until`,
            then each cell to train, once, to its end.
        owners: the number of the request under which each of them is recorded.
        prefixes: how many of `order` are first parts.
        deciding: how many of `order` are asked for by undecided questions, first parts included.
        seconds: of each step, how long it takes from the step of its cell before it; None where
            that is unknown, as on a GPU, where many are one program.
        without_data: by dataset that is not there, the number of cells left out.
        undecided: by request, the number of undecided questions, and of all.
        workers: programs trained at a time.
        machine: the machine class.
    """

    requests: tuple[RunRequest, ...]
    plans: tuple[Plan, ...]
    order: tuple[Planned, ...]
    owners: tuple[int, ...]
    prefixes: int
    deciding: int
    seconds: tuple[float | None, ...]
    without_data: Mapping[str, int]
    undecided: tuple[tuple[int, int], ...]
    workers: int
    machine: str | None

    @cached_property
    def ends(self) -> tuple[float | None, ...]:
        """When each step of `order` ends, in seconds from the start; None from an unknown one on.

        As if each of the workers took the next step when it is free.
        """
        free = [0.0] * max(1, self.workers)
        ends: list[float | None] = []
        for taken in self.seconds:
            if taken is None:
                break
            end = heapq.heappop(free) + taken
            ends.append(end)
            heapq.heappush(free, end)
        return (*ends, *[None] * (len(self.order) - len(ends)))

    def reached(self, limit: float | None, request: int) -> int:
        """Return how many of a request's cells to train end within a time; all where it is None."""
        wholes = zip(self.ends[self.prefixes :], self.owners[self.prefixes :], strict=True)
        mine = (end for end, owner in wholes if owner == request)
        return sum(limit is None or (end is not None and end <= limit) for end in mine)

    def seconds_of(self, request: int) -> float | None:
        """Return how long a request's cells take alone; None where one is unknown."""
        pairs = zip(self.seconds, self.owners, strict=True)
        taken = [seconds for seconds, owner in pairs if owner == request]
        known = [one for one in taken if one is not None]
        return None if len(known) < len(taken) else sum(known) / max(1, self.workers)

    @property
    def left(self) -> int:
        """How many cells are to be trained to their end."""
        return len(self.order) - self.prefixes

    def left_of(self, request: int) -> int:
        """Return how many of them are a request's."""
        return self.owners[self.prefixes :].count(request)

    @property
    def next_pass(self) -> int:
        """How many steps of `order` are trained before questions are asked again.

        Of first parts, as many as are of different cells.
        """
        if not self.prefixes:
            return self.deciding or len(self.order)
        cells = [planned.cell for planned in self.order[: self.prefixes]]
        again = (n for n, cell in enumerate(cells) if cell in cells[:n])
        return next(again, self.prefixes)

    @property
    def total(self) -> float | None:
        """How long all takes; None where that is unknown."""
        known = [end for end in self.ends if end is not None]
        return None if len(known) < len(self.ends) else max(known, default=0.0)


def outlook(
    requests: Sequence[RunRequest],
    judge: Judge,
    *,
    machine: str | Collection[str] | None = None,
    device: str | None = None,
    timed: Timed | None = None,
    tried: Collection[Step] = (),
) -> Outlook:
    """Return what is to be trained of some exhibits, in order.

    Args:
        requests: alike but for their exhibits.
        judge: tells which questions are undecided.
        machine: the machine classes whose records count, those of this machine if None.
        device: the device, the one that the requests resolve to if None.
        timed: what was timed before. A network that no record has is timed for a moment and added,
            so that its cells have a time, too; nothing is timed if None.
        tried: steps that are not to be trained again, whatever they ended as.
    """
    first = requests[0]
    device = device or hardware.resolve_device(first.device)
    cells = [wanted_cells(request) for request in requests]
    precisions = {cell.precision for some in cells for cell in some}
    machine = machine or known_classes(first.store, device, precisions)
    records = list(first.store.scan())
    rates = rates_for(records, machine, device)
    lacking = _lacking(requests)
    plans, missing, owners = list[Plan](), dict[Cell, Planned](), dict[Cell, int]()
    without, asked, undecided = dict[str, int](), list[Question](), list[tuple[int, int]]()
    for number, (request, wanted) in enumerate(zip(requests, cells, strict=True)):
        plan = plan_of(request, wanted, records, machine, device)
        plans.append(plan)
        for planned in (plan.cells[index] for program in plan.programs for index in program):
            dataset = planned.cell.dataset
            if dataset in lacking:
                without[dataset] = without.get(dataset, 0) + 1
            elif planned.cell not in missing and (planned.cell, planned.until) not in tried:
                missing[planned.cell], owners[planned.cell] = planned, number
        questions = judge(request, records)
        undecided.append((sum(not one.decided for one in questions), len(questions)))
        asked += questions
    if timed is not None and not stacks(device):
        time_unknown(first.store, missing, device, rates, timed)
    seconds = {c: None if stacks(device) else rates.seconds(c, p.done) for c, p in missing.items()}
    costs = _costs(missing, seconds)
    done = {cell: planned.done for cell, planned in missing.items()}

    def share(cell: Cell, since: int, until: int) -> float:
        return (until - since) / max(1, missing[cell].until - done[cell])

    parts = answering(asked, done, lambda c, a, b: costs[c] * share(c, a, b), tried)
    before = deciding(asked, costs)
    steps = [*parts, *((c, missing[c].until) for c in (*before, *completing(costs, before)))]
    order, taken, reached = list[Planned](), list[float | None](), dict(done)
    for cell, until in steps:
        whole = seconds[cell]
        order.append(dataclasses.replace(missing[cell], until=until))
        taken.append(None if whole is None else whole * share(cell, reached[cell], until))
        reached[cell] = until
    return Outlook(
        requests=tuple(requests),
        plans=tuple(plans),
        order=tuple(order),
        owners=tuple(owners[planned.cell] for planned in order),
        prefixes=len(parts),
        deciding=len(parts) + len(before),
        seconds=tuple(taken),
        without_data=without,
        undecided=tuple(undecided),
        workers=workers_for(first.jobs, device, len(order)) if order else 0,
        machine=machine if isinstance(machine, str) else "; ".join(sorted(machine)),
    )


def _costs(
    missing: Mapping[Cell, Planned], seconds: Mapping[Cell, float | None]
) -> dict[Cell, float]:
    """Return what orders the cells: their seconds, or their work where one has none."""
    known = {cell: taken for cell, taken in seconds.items() if taken is not None}
    if len(known) == len(missing):
        return known
    return {c: work(c) * p.iterations_left / c.iterations for c, p in missing.items()}


def _lacking(requests: Iterable[RunRequest]) -> set[str]:
    """Return the datasets of the requests whose files are not there."""
    needed = {
        (cell.dataset, request.data_dir) for request in requests for cell in wanted_cells(request)
    }
    return {n for n, folder in needed if datasets.status(n, folder).state in LACKING}
