"""Reproductions: all that is missing of several exhibits, in the order of an agenda.

A pass trains what undecided questions ask for: first the first parts of training that answer a
place before the end, then whole cells, which go on from there. What it gave may leave other
questions, and the next pass asks again. When none is left, the last pass trains all the rest.
"""

import dataclasses
import itertools
import time
from collections.abc import Callable, Collection, Iterable, Sequence

from ...bench.cell import Cell
from ...bench.errors import UsageError
from ...bench.outcome import UNFINISHED
from ..exhibits.catalogue import read
from ..exhibits.exhibit import expand, load
from ..exhibits.where import parse_where, select
from .agenda import Step
from .outlook import Judge, Outlook, outlook
from .plan import Plan, programs_of
from .rates import Timed
from .request import RunRequest, Say, stacks
from .run import RunListener, RunSummary, train


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
    whole, timed, tried = RunSummary(), Timed(), set[Step]()
    while True:
        seen = outlook(requests, judge, timed=timed, tried=tried)
        left = None if deadline is None else deadline - time.monotonic()
        whole.left = seen.left
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
    tried: set[Step],
    say: Say,
) -> RunSummary:
    owners: dict[Cell, tuple[RunRequest, int]] = {}
    before = frozenset(tried)

    def owner(cell: Cell) -> RunRequest:
        request, until = owners[cell]
        tried.add((cell, until))  # it has ended
        return request

    def make(classes: Collection[str], device: str) -> Plan:
        now = outlook(
            seen.requests, judge, machine=classes, device=device, timed=timed, tried=before
        )
        cells = now.order[: now.next_pass]
        owned = zip(cells, now.owners, strict=False)
        owners.update({p.cell: (now.requests[number], p.until) for p, number in owned})
        alike: dict[int, list[tuple[int, Cell]]] = {}
        for index, planned in enumerate(cells):  # a program pauses once, for all of its cells
            alike.setdefault(planned.until, []).append((index, planned.cell))
        groups = (programs_of(some, stacks(device)) for some in alike.values())
        return Plan(cells=cells, programs=tuple(sorted(itertools.chain.from_iterable(groups))))

    request = dataclasses.replace(seen.requests[0], time_limit=left)
    return train(request, make, owner, listener, say=say)
