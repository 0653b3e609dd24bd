"""Messages between neighbouring stages: timed queues out, inboxes in, over torch.distributed.

A message is a tensor and the number of its batch. It leaves a stage `delay` after it was handed
over, while the stage goes on: a delay takes no bandwidth, and any number of messages is on its way
at a time. A thread takes what arrives, so that an inbox can be looked at without waiting.
"""

from __future__ import annotations

import math
import os
import queue
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.distributed as dist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

UP, DOWN = 1, 2
"""The tags of messages to the stage above and to the stage below."""
LAST = -1
"""The batch of the message that ends a link."""
MESSAGE_SECONDS = float(os.environ.get("SGBENCH_MESSAGE_SECONDS") or 30.0)
"""How long a stage waits for a message, beyond the delay that it is given."""

_WORD = {torch.float32: torch.int32, torch.float64: torch.int64}


class LateError(Exception):
    """A message did not come in time."""


class LostError(Exception):
    """A neighbour has gone."""


class Message(NamedTuple):
    """A tensor, and the number of the batch that it is of."""

    batch: int
    tensor: Tensor


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A link to one neighbour, as both of its ends describe it.

    Attributes:
        peer: the neighbour's rank.
        tag: of what is sent to it, `UP` or `DOWN`; what it sends has the other.
        shape: of a message to it.
        dtype: of messages both ways.
        delay: seconds that a message is held before it leaves.
        limit: of unread messages; a newer one then replaces the oldest. None for no limit.
        update_seconds: about what an update takes, of whichever neighbour is quicker.
        back: the shape of a message from it; None for that of one to it.
    """

    peer: int
    tag: int
    shape: Sequence[int]
    dtype: torch.dtype
    delay: float = 0.0
    limit: int | None = None
    update_seconds: float = math.inf
    back: Sequence[int] | None = None

    @property
    def shape_back(self) -> torch.Size:
        """The shape of what comes back."""
        return torch.Size(self.shape if self.back is None else self.back)


class Inbox:
    """Messages that have arrived and are unread.

    Args:
        limit: the number of unread ones it holds; a newer one then replaces the oldest. None for
            no limit.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit, self.dropped, self.closed = limit, 0, False
        self._unread: deque[Message] = deque()
        self._lost: BaseException | None = None
        self._changed = threading.Condition()

    def put(self, message: Message) -> None:
        """Add a message."""
        with self._changed:
            if self.limit is not None and len(self._unread) >= self.limit:
                self._unread.popleft()
                self.dropped += 1
            self._unread.append(message)
            self._changed.notify()

    def close(self, lost: BaseException | None = None) -> None:
        """Say that nothing more will come; because of an error, where one is given."""
        with self._changed:
            self.closed, self._lost = True, lost
            self._changed.notify()

    def poll(self) -> Message | None:
        """Return the oldest unread message; None where there is none.

        Raises LostError where the neighbour has gone.
        """
        with self._changed:
            if self._unread:
                return self._unread.popleft()
            if self._lost is not None:
                raise LostError from self._lost
            return None

    @property
    def lost(self) -> bool:
        """Whether the neighbour has gone."""
        return self._lost is not None

    def take(self, seconds: float) -> Message | None:
        """Return the oldest unread message, and wait for it; None once the link has ended.

        Raises LateError after `seconds`, LostError where the neighbour has gone.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._unread or self.closed, seconds):
                raise LateError
            if self._unread:
                return self._unread.popleft()
            if self._lost is not None:
                raise LostError from self._lost
            return None


class Link:
    """The messages to and from one neighbour, by threads that send and receive."""

    def __init__(self, spec: LinkSpec) -> None:
        self.peer, self.tag, self.delay = spec.peer, spec.tag, spec.delay
        self.shape, self.dtype = torch.Size(spec.shape), spec.dtype
        self._back = spec.shape_back
        self.inbox, self.sent = Inbox(spec.limit), 0
        self._outgoing: queue.SimpleQueue[tuple[float, Tensor]] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._send, daemon=True),
            threading.Thread(target=self._receive, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def send(self, batch: int, tensor: Tensor) -> None:
        """Hand a message over; it is copied."""
        size = self.shape.numel()
        buffer = torch.empty(size + 1, dtype=self.dtype)
        if tensor.numel():
            buffer[:size].view(self.shape).copy_(tensor)
        buffer[size:].view(_WORD[self.dtype]).fill_(batch)
        self.sent += tensor.nbytes
        self._outgoing.put((time.perf_counter() + self.delay, buffer))

    def end(self, seconds: float) -> None:
        """Say that nothing more will be sent, and wait until the neighbour has said so.

        Raises LateError after `seconds`, LostError where the neighbour has gone.
        """
        self.send(LAST, torch.empty(0))
        until = time.perf_counter() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.perf_counter()))
            if thread.is_alive():
                raise LateError
        if self.inbox.lost:
            raise LostError

    def _send(self) -> None:
        while True:
            due, buffer = self._outgoing.get()
            left = due - time.perf_counter()
            if left > 0:
                time.sleep(left)
            try:
                dist.send(buffer, self.peer, tag=self.tag)
            except RuntimeError as error:  # the neighbour has gone
                self.inbox.close(error)
                return
            if _batch_of(buffer) == LAST:
                return

    def _receive(self) -> None:
        tag = UP + DOWN - self.tag
        while True:
            buffer = torch.empty(self._back.numel() + 1, dtype=self.dtype)
            try:
                dist.recv(buffer, self.peer, tag=tag)
            except RuntimeError as error:
                self.inbox.close(error)
                return
            batch = _batch_of(buffer)
            if batch == LAST:
                self.inbox.close()
                return
            self.inbox.put(Message(batch, buffer[:-1].view(self._back)))


def _batch_of(buffer: Tensor) -> int:
    word: Any = buffer[-1:].view(_WORD[buffer.dtype]).item()
    return int(word)
