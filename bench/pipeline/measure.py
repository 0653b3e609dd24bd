"""What is measured before a staged run: a stage's updates, and a message's way.

The simulation in a report starts from these, and from nothing that the run itself says.
"""

from __future__ import annotations

import functools
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist

from ..contract import UNREPEATABLE
from ..families.feedforward.stages import MODELS, WHOLE_NETWORKS, learns_from
from .messages.links import DOWN, UP, LinkSpec
from .rehearsal import LONGEST, Rehearsal, Rehearsed, StandIns, rehearse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..cell import Cell
    from .messages.wires import AnyLink, Wires
    from .stage import Stage

ROUND_TRIPS, ROUND_TRIP_SECONDS = 50, 1.0
"""Messages that are timed, and for how long at most; three at least."""
SETTLE_SECONDS = 0.003
"""How long a message that is to be read has been there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Seconds of a message to the stage above, without its delay.

    Attributes:
        way: from when it is handed over until it has been read, half a round trip.
        send: of these, handing it over.
        read: of these, reading it once it is there.
    """

    way: float = 0.0
    send: float = 0.0
    read: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Updates:
    """What a stage's updates take.

    Attributes:
        work: of an update alone, while all other stages are idle.
        target: of its seconds, what is done only where a target has come.
        together: the factor by which it takes longer while all stages compute.
    """

    work: Rehearsed
    target: float = 0.0
    together: float = 1.0


def updates(
    cell: Cell,
    rank: int,
    size: int,
    make: Callable[..., Rehearsal],
    train: Callable[[Stage], None],
    *,
    messages: int = 1,
) -> Updates:
    """Rehearse a stage's updates; all stages do so at the same time.

    A stage's answers come after two delays. Where one stage works at a time, they also come after
    what the others do: a core that has waited is slower for a while. Unlocked, answers are there
    at once, and a stage with Ms rehearses without any, too.

    Args:
        cell: the cell.
        rank: of the stage.
        size: the number of stages.
        make: returns a stage that trains a cell, by its `wires` and `turns`.
        train: its schedule.
        messages: that a stage sends in an update.
    """
    straggler: float = cell.need("straggler")
    cell = cell.replace(straggler=1.0)

    def rehearsed(
        wait: float = 0.0,
        *,
        turns: bool = False,
        targets: bool = True,
        alike: bool = False,
    ) -> Rehearsed:
        def stage(count: int) -> Rehearsal:
            wires = StandIns(messages * count, wait=wait, targets=targets)
            own = cell.replace(iterations=count, evaluate_every=count)
            return make(own, wires=wires, turns=turns)

        return rehearse(stage, train, functools.partial(gathered, size=size), alike=alike)

    if cell.schedule in WHOLE_NETWORKS:
        return Updates(work=rehearsed(alike=True))
    work = rehearsed(turns=True)
    if size == 1:
        return Updates(work=work)
    together = rehearsed().seconds / work.seconds
    if cell.schedule in UNREPEATABLE:
        if learns_from(cell.rule) != MODELS:
            return Updates(work=work, together=together)
        target = work.seconds - rehearsed(turns=True, targets=False).seconds
        return Updates(work=work, target=max(0.0, target), together=together)
    wait = 2 * cell.need("delay") / 1000
    if cell.schedule == "locked":
        own = work.seconds * (straggler if rank == size - 1 else 1.0)
        wait += sum(gathered(own, size=size)) - own
    if max(gathered(wait, size=size)) > 0:
        work = rehearsed(min(wait, LONGEST), turns=True)
    return Updates(work=work, together=together)


def gathered(value: float, *, size: int) -> list[float]:
    """Return every stage's value."""
    found: list[float] = [0.0] * size
    dist.all_gather_object(found, value)
    return found


def message(
    wires: Wires,
    rank: int,
    size: int,
    shapes: Sequence[Sequence[int]],
    dtype: torch.dtype,
    *,
    delay: float = 0.0,
    pauses: Sequence[float],
    waits: bool = True,
    down: Sequence[int] | None = None,
) -> Message:
    """Return the seconds of a message to the stage above; 0 at the top.

    Every stage calls it at the same time; a pair's messages are timed while all others wait. Before
    each a stage computes for a pause, so that the one that receives has waited as in a run. Where
    answers have another shape the seconds are means of the two: each of the stages hands over one
    of either and reads one of the other.

    Args:
        wires: join it to its neighbours.
        rank: of the stage.
        size: the number of stages.
        shapes: of what it sends up, and of what comes from below.
        dtype: of both.
        delay: seconds that a message is held.
        pauses: of each stage, in seconds: what it does between two messages.
        waits: whether a stage has waited before it sends: its core is then slower.
        down: the shape of every answer; None for that of what it answers.
    """
    found = Message()
    for lower in range(size - 1):
        low, high = pauses[lower], pauses[lower + 1]
        trip = low + high + 2 * delay
        count = max(3, min(ROUND_TRIPS, int(ROUND_TRIP_SECONDS / (trip or 1e-9))))
        if rank == lower:
            link = wires.link(LinkSpec(rank + 1, UP, shapes[0], dtype, delay=delay, back=down))
            tensor = torch.zeros(tuple(shapes[0]), dtype=dtype)
            found = _timed(link, tensor, count, (low, high), delay=delay, waits=waits)
            link.end(60)
        elif rank == lower + 1:
            answer = shapes[1] if down is None else down
            link = wires.link(LinkSpec(lower, DOWN, answer, dtype, delay=delay, back=shapes[1]))
            tensor = torch.zeros(tuple(answer), dtype=dtype)
            for number in range(2 * count):
                one = link.inbox.take(60)
                assert one is not None
                _compute(high)
                link.send(number, tensor)
            link.end(60)
        dist.barrier()
    return found


def _timed(
    link: AnyLink,
    tensor: torch.Tensor,
    count: int,
    pauses: tuple[float, float],
    *,
    delay: float,
    waits: bool,
) -> Message:
    """Return the means of `count` round trips, and of as many whose answer is left to lie."""
    clock, ways, sends, reads = time.perf_counter, list[float](), list[float](), list[float]()
    low, high = pauses
    for number in range(count):
        _compute(low)
        start = clock()
        link.send(number, tensor)
        if waits:
            sends.append(clock() - start)
        link.inbox.take(60)
        ways.append((clock() - start - high) / 2 - delay)
    for number in range(count):
        start = clock()
        link.send(number, tensor)
        if not waits:
            sends.append(clock() - start)
        if delay:
            time.sleep(2 * delay)
        _compute(high + SETTLE_SECONDS)
        start = clock()
        link.inbox.take(60)
        reads.append(clock() - start)
    way, send, read = map(statistics.fmean, (ways, sends, reads))
    return Message(way=max(way, 0.0), send=send, read=read)


def _compute(seconds: float) -> None:
    """Keep the core busy."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass
