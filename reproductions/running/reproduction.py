"""Reproductions: all that is missing of several exhibits, in the order of an agenda.

A pass trains the cells that undecided questions ask for; what it gave may leave other questions,
and the next pass asks again. When none is left, the last pass trains all the rest.
"""

import dataclasses
import heapq
import itertools
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ...bench import datasets, hardware
from ...bench.cell import Cell
from ...bench.errors import UsageError
from ...bench.outcome import UNFINISHED
from ...results.record import Record
from ..exhibits.catalogue import read
from ..exhibits.exhibit import expand, load
from ..exhibits.where import parse_where, select
from .agenda import Question, completing, deciding
from .backend import known_classes
from .executor import Say
from .machine_check import LACKING
from .memory_fit import workers_for
from .plan import Plan, Planned, programs_of, work
from .rates import Timed, rates_for, time_unknown
from .request import RunRequest, plan_of, stacks, wanted_cells
from .run import RunListener, RunSummary, train

Judge = Callable[[RunRequest, Sequence[Record]], list[Question]]
"""Returns the questions that a request's exhibit asks, by the records there are."""


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is to be trained of several exhibits, in order, and what a time is enough for.

    Attributes:
        requests: a request for each exhibit.
        plans: by request, what the store has of its cells.
        order: the cells to train, as they are planned, each once.
        owners: the number of the request under which each of them is recorded.
        deciding: how many of `order` are asked for by undecided questions.
        seconds: by cell of `order`, how long it takes; None where that is unknown, as on a GPU,
            where many are one program.
        without_data: by dataset that is not there, the number of cells left out.
        undecided: by request, the number of undecided questions, and of all.
        workers: programs trained at a time.
        machine: the machine class.
    """

    requests: tuple[RunRequest, ...]
    plans: tuple[Plan, ...]
    order: tuple[Planned, ...]
    owners: tuple[int, ...]
    deciding: int
    seconds: Mapping[Cell, float | None]
    without_data: Mapping[str, int]
    undecided: tuple[tuple[int, int], ...]
    workers: int
    machine: str | None

    @cached_property
    def ends(self) -> tuple[float | None, ...]:
        """When each cell of `order` ends, in seconds from the start; None from an unknown one on.

        As if each of the workers took the next cell when it is free.
        """
        free = [0.0] * max(1, self.workers)
        ends: list[float | None] = []
        for planned in self.order:
            taken = self.seconds[planned.cell]
            if taken is None:
                break
            end = heapq.heappop(free) + taken
            ends.append(end)
            heapq.heappush(free, end)
        return (*ends, *[None] * (len(self.order) - len(ends)))

    def reached(self, limit: float | None, request: int) -> int:
        """Return how many of a request's cells to train end within a time; all where it is None."""
        mine = (e for e, owner in zip(self.ends, self.owners, strict=True) if owner == request)
        return sum(limit is None or (end is not None and end <= limit) for end in mine)

    def seconds_of(self, request: int) -> float | None:
        """Return how long a request's cells take alone; None where one is unknown."""
        pairs = zip(self.order, self.owners, strict=True)
        taken = [self.seconds[planned.cell] for planned, owner in pairs if owner == request]
        known = [one for one in taken if one is not None]
        return None if len(known) < len(taken) else sum(known) / max(1, self.workers)

    @property
    def total(self) -> float | None:
        """How long all takes; None where that is unknown."""
        known = [end for end in self.ends if end is not None]
        return None if len(known) < len(self.ends) else max(known, default=0.0)


def requests_for(names: Iterable[str], common: RunRequest) -> tuple[RunRequest, ...]:
    """Return a request for each exhibit that has cells at the scale and of `--where`.

    A value in `--where` must pick cells of one of the exhibits, not of each: an exhibit's request
    has those that pick some of its own.

    Raises UsageError where no exhibit has such cells, or one is unknown or malformed.
    """
    where = parse_where(common.where) if common.where else None
    cells: dict[str, list[Cell]] = {}
    problem = UsageError("EXHIBIT: name at least one")
    for name in names:
        read(name)  # one that is unknown or malformed is an error, whatever the others are
        try:
            cells[name] = expand(load(name, where), common.scale)
        except UsageError as error:  # it has no such scale, or a rule that was brought does not fit
            problem = error
    if not cells:
        raise problem
    if where is None:
        return tuple(dataclasses.replace(common, exhibit=name) for name in cells)
    select(itertools.chain.from_iterable(cells.values()), where)
    found: list[RunRequest] = []
    for name, some in cells.items():
        picked = [cell for cell in some if where.matches(cell)]
        if picked:
            kept = str(where.restricted(picked))
            found.append(dataclasses.replace(common, exhibit=name, where=(kept,)))
    return tuple(found)


def outlook(
    requests: Sequence[RunRequest],
    judge: Judge,
    *,
    machine: str | Collection[str] | None = None,
    device: str | None = None,
    timed: Timed | None = None,
    tried: Collection[Cell] = (),
) -> Outlook:
    """Return what is to be trained of some exhibits, in order.

    Args:
        requests: alike but for their exhibits.
        judge: tells which questions are undecided.
        machine: the machine classes whose records count, those of this machine if None.
        device: the device, the one that the requests resolve to if None.
        timed: what was timed before. A network that no record has is timed for a moment and added,
            so that its cells have a time, too; nothing is timed if None.
        tried: cells that are not to be trained again, whatever they ended as.
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
            elif planned.cell not in missing and planned.cell not in tried:
                missing[planned.cell], owners[planned.cell] = planned, number
        questions = judge(request, records)
        undecided.append((sum(not one.decided for one in questions), len(questions)))
        asked += questions
    if timed is not None and not stacks(device):
        time_unknown(first.store, missing, device, rates, timed)
    seconds = {c: None if stacks(device) else rates.seconds(c, p.done) for c, p in missing.items()}
    costs = _costs(missing, seconds)
    before = deciding(asked, costs)
    order = [*before, *completing(costs, before)]
    return Outlook(
        requests=tuple(requests),
        plans=tuple(plans),
        order=tuple(missing[cell] for cell in order),
        owners=tuple(owners[cell] for cell in order),
        deciding=len(before),
        seconds=seconds,
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


def reproduce(
    requests: Sequence[RunRequest],
    judge: Judge,
    listen: Callable[[Outlook], RunListener],
    *,
    time_limit: float | None = None,
    say: Say = lambda words: None,
) -> RunSummary:
    """Train all that is missing of some exhibits, what tells most first; return how it ended.

    Args:
        requests: a request for each exhibit, alike but for that (`requests_for`).
        judge: tells which questions are undecided, anew before each pass.
        listen: returns what is told of a pass.
        time_limit: seconds after which running cells save their state.
        say: is told what the user should know about the machine, a line at a time.

    Raises UsageError, DataError or StoreError, before training where that can be known.
    """
    deadline = None if time_limit is None else time.monotonic() + time_limit
    whole, timed, tried = RunSummary(), Timed(), set[Cell]()
    while True:
        seen = outlook(requests, judge, timed=timed, tried=tried)
        left = None if deadline is None else deadline - time.monotonic()
        whole.left = len(seen.order)
        if not seen.order or (left is not None and left <= 0):
            return whole
        done = _pass(seen, judge, listen(seen), left=left, timed=timed, tried=tried, say=say)
        for status, number in done.written.items():
            whole.written[status] = whole.written.get(status, 0) + number
        whole.left -= sum(n for status, n in done.written.items() if status not in UNFINISHED)
        whole.interrupted = done.interrupted
        if whole.interrupted is not None or done.left or not done.written:
            return whole


def _pass(
    seen: Outlook,
    judge: Judge,
    listener: RunListener,
    *,
    left: float | None,
    timed: Timed,
    tried: set[Cell],
    say: Say,
) -> RunSummary:
    owners: dict[Cell, RunRequest] = {}
    before = frozenset(tried)

    def owner(cell: Cell) -> RunRequest:
        tried.add(cell)  # it has ended
        return owners[cell]

    def make(classes: Collection[str], device: str) -> Plan:
        now = outlook(
            seen.requests, judge, machine=classes, device=device, timed=timed, tried=before
        )
        cells = now.order[: now.deciding] or now.order
        owned = zip(cells, now.owners, strict=False)
        owners.update({planned.cell: now.requests[number] for planned, number in owned})
        wanted = [(index, planned.cell) for index, planned in enumerate(cells)]
        return Plan(cells=cells, programs=programs_of(wanted, stacks(device)))

    request = dataclasses.replace(seen.requests[0], time_limit=left)
    return train(request, make, owner, listener, say=say)
