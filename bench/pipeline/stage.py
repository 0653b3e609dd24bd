"""One stage of a staged network while it trains: its part, its data, its links and its trace."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple

import torch.distributed as dist

from .messages.links import DOWN, LAST, MESSAGE_SECONDS, UP, LateError, LinkSpec, LostError, Message
from .trace import COMMUNICATING, WAITING, Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from ..cell import Cell
    from ..families.feedforward.batches import Batches
    from .messages.wires import AnyLink, Wires
    from .part import Part

UNREAD = 2
"""Messages that an unlocked stage keeps unread; a newer one replaces the oldest."""


class StageError(Exception):
    """A stage cannot go on; the message says why, in a line."""


class Snapshot(NamedTuple):
    """The weights of a stage at an evaluation.

    Attributes:
        iteration: updates of the network.
        at: when, by the machine's monotonic clock.
        state: what `Part.snapshot` returned.
        loss: of the training batch, at the top; None below.
    """

    iteration: int
    at: float
    state: tuple[Tensor, dict[str, Tensor]]
    loss: float | None


class Order:
    """Batches by number, from 0; each call asks for the same one as before or for a later one."""

    def __init__(self, batches: Batches, part: Part) -> None:
        self.batches, self.part, self._next = batches, part, 0
        self._index: Tensor | None = None

    def index(self, batch: int) -> Tensor:
        """Return the indices [1, B] of a batch. Raises ValueError where it is an earlier one."""
        while self._index is None or self._next <= batch:
            self._index = self.batches.next()
            self._next += 1
        if batch != self._next - 1:
            raise ValueError(f"batch {batch} was asked for after batch {self._next - 1}")
        return self._index

    def labels(self, batch: int) -> Tensor:
        """Return the labels [1, B] of a batch."""
        return self.batches.labels.take(self.index(batch))

    def one_hot(self, batch: int) -> Tensor:
        """Return the labels of a batch as one-hot [1, classes, B]."""
        return self.part.encode(self.labels(batch))

    def share(self, batch: int, rank: int, size: int) -> tuple[Tensor, Tensor]:
        """Return the inputs and labels of the part of a batch that one of `size` processes has."""
        index = self.index(batch).chunk(size, 1)[rank]
        images, labels = self.batches.take(index)
        return self.part.architecture.pack(images), labels

    def inputs(self, batch: int) -> Tensor:
        """Return the images of a batch as the lowest layer takes them."""
        return self.part.architecture.pack(self.batches.take(self.index(batch))[0])


class Stage:
    """A stage that trains.

    Args:
        rank: its number, from 0 at the bottom.
        size: the number of stages.
        part: its part of the network.
        batches: the data, in the order of every stage.
        own: the data in an order of its own, for updates on synthetic inputs.
        examples: in a message; a batch if None.
        limit: of unread messages; None for no limit.
        wires: join it to the stages below and above; None where it exchanges no messages.
        update_seconds: about what an update takes.
        progress: is told the iteration of every snapshot.

    Attributes:
        staleness: of what it learned from late, in its own updates: one number a message.
        loss: of the last training batch before an evaluation, at the top.
        delay: seconds that every message is held.
        began: when its clock started (`begin`).
        ended: when its last update was done; 0.0 before the first.
        next_evaluation: the update after which the next snapshot is kept.
        reduced: bytes that averages of gradients have sent.
    """

    def __init__(
        self,
        rank: int,
        size: int,
        part: Part,
        batches: Batches,
        own: Batches,
        *,
        examples: int | None = None,
        limit: int | None = None,
        wires: Wires | None = None,
        update_seconds: float = math.inf,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.rank, self.size, self.part = rank, size, part
        self.cell: Cell = part.cell
        slow = self.cell.need("straggler") if rank == size - 1 else 1.0
        self.trace, self.order = Trace(slow), Order(batches, part)
        self.own = Order(own, part)
        self.staleness: list[int] = []
        self.snapshots: list[Snapshot] = []
        self.loss: float | None = None
        self.reduced, self._progress = 0, progress
        self.began, self.ended = time.perf_counter(), 0.0
        self.delay = self.cell.need("delay") / 1000
        self.next_evaluation = self.cell.next_evaluation(0)
        dtype = part.weights.flat.dtype

        def link(
            peer: int, tag: int, shape: tuple[int, ...], back: tuple[int, ...]
        ) -> AnyLink | None:
            if wires is None or not 0 <= peer < size:
                return None
            count = shape[-1] if examples is None else examples
            return wires.link(
                LinkSpec(
                    peer,
                    tag,
                    (*shape[:-1], count),
                    dtype,
                    back=(*back[:-1], count),
                    delay=self.delay,
                    limit=limit,
                    update_seconds=update_seconds,
                )
            )

        up, down = part.output_shape, part.input_shape
        error = part.error_shape
        self.above = link(rank + 1, UP, up, error or up)  # first, for nobody waits for it
        self.below = link(rank - 1, DOWN, error or down, down)

    @property
    def top(self) -> bool:
        """Whether it has the classifier."""
        return self.part.top

    @property
    def links(self) -> list[AnyLink]:
        """Its links."""
        return [link for link in (self.below, self.above) if link is not None]

    @property
    def limit(self) -> float:
        """Seconds that it waits for a message."""
        return MESSAGE_SECONDS + 2 * self.size * self.delay

    def begin(self) -> None:
        """Start the clock, when all stages are ready."""
        dist.barrier()
        self.began = time.perf_counter()

    def send(self, link: AnyLink | None, batch: int, tensor: Tensor | None) -> None:
        """Hand a message to a neighbour; nothing where there is none."""
        if link is not None and tensor is not None:
            with self.trace.span(COMMUNICATING, batch):
                link.send(batch, tensor)

    def take(self, link: AnyLink, batch: int) -> Message | None:
        """Return the next message of a neighbour, and wait for it; None once it has ended.

        Raises StageError where it does not come in time.
        """
        with self.trace.span(WAITING, batch):
            try:
                return link.inbox.take(self.limit)
            except LateError:
                raise StageError(
                    f"stage {self.rank} waited {self.limit:.0f} s for stage {link.peer} at update"
                    f" {batch}"
                ) from None
            except LostError:
                raise self._lost(link, f"update {batch}") from None

    def poll(self, link: AnyLink, batch: int) -> Message | None:
        """Return the oldest unread message of a neighbour; None where there is none.

        Raises StageError where it has gone.
        """
        try:
            return link.inbox.poll()
        except LostError:
            raise self._lost(link, f"update {batch}") from None

    def _lost(self, link: AnyLink, at: str) -> StageError:
        return StageError(f"stage {self.rank} lost stage {link.peer} at {at}")

    def receive(self, link: AnyLink, batch: int) -> Tensor:
        """Return the message of a batch.

        Raises StageError where another comes, or none in time.
        """
        message = self.take(link, batch)
        if message is None or message.batch != batch:
            found = LAST if message is None else message.batch
            raise StageError(f"stage {self.rank} expected batch {batch}, not {found}")
        return message.tensor

    @property
    def delay_of_average(self) -> float:
        """Seconds that an average of gradients is held: a ring's messages go one after another.

        It hands 1 / S of the gradients on 2 (S - 1) times.
        """
        return 2 * (self.size - 1) * self.delay

    def average(self, tensor: Tensor) -> None:
        """Sum gradients over the processes, and hold them for the delay of all its messages."""
        dist.all_reduce(tensor)
        self.reduced += 2 * (self.size - 1) * tensor.nbytes // self.size
        time.sleep(self.delay_of_average)

    def note_loss(self, logits: Tensor, one_hot: Tensor, batch: int) -> None:
        """Keep the loss of a training batch after which there is an evaluation."""
        if batch + 1 >= self.next_evaluation:
            self.loss = self.part.loss(logits, one_hot)

    def updated(self, batch: int) -> None:
        """Keep a snapshot where the update on `batch` is the one before an evaluation.

        A batch that was never read counts as done.
        """
        self.ended = time.perf_counter()
        while batch + 1 >= self.next_evaluation:
            self._snapshot(self.next_evaluation)
            self.loss = None
            if self.next_evaluation >= self.cell.iterations:
                break
            self.next_evaluation = self.cell.next_evaluation(self.next_evaluation)

    def _snapshot(self, iteration: int) -> None:
        if self.snapshots and self.snapshots[-1].iteration >= iteration:
            return
        state = self.part.snapshot()
        self.snapshots.append(Snapshot(iteration, time.perf_counter(), state, self.loss))
        if self._progress is not None:
            self._progress(iteration)

    def finish(self) -> None:
        """Keep the snapshots that are missing, and end the links."""
        ended = self.ended
        self.updated(self.cell.iterations - 1)
        self.ended = ended
        for link in self.links:
            try:
                link.end(self.limit)
            except LateError:
                raise StageError(
                    f"stage {self.rank} waited {self.limit:.0f} s for the end of stage {link.peer}"
                ) from None
            except LostError:
                raise self._lost(link, "its end") from None
