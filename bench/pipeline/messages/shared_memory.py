"""Messages between stages of one machine, through memory that they share.

A message is written into a ring of slots and a byte into a pipe, which wakes the reader: no thread
and no copy but the two in and out. A message that is delayed lies in its slot until it is due.
It replaces `links` where all stages are on one machine.
"""

from __future__ import annotations

import mmap
import os
import select
import struct
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ...errors import UsageError
from .links import LAST, UP, LateError, LinkSpec, LostError, Message

if TYPE_CHECKING:
    from torch import Tensor

SLOTS = 16
"""Slots of a ring, beside those for messages that are on their way for the time of the delay."""

_HEADER = struct.Struct("=qd")  # the batch, and when it is due
_ALIGNED = 64
_SHARED = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)  # no page is first touched in a run


class _Ring:
    """Slots for messages in one direction; the writer's and the reader's side.

    Args:
        memory: the memory of both rings of a pair.
        start: where this one begins.
        slots: their number.
        shape: of a message.
        dtype: of it.
    """

    def __init__(
        self,
        memory: mmap.mmap,
        start: int,
        slots: int,
        shape: torch.Size,
        dtype: torch.dtype,
    ) -> None:
        self.slots, self._memory, self._headers = slots, memory, start
        values = start + _aligned(slots * _HEADER.size)
        count = slots * shape.numel()
        flat = torch.frombuffer(memory, dtype=dtype, count=count, offset=values)
        self._values = flat.view(slots, *shape)

    @staticmethod
    def size(slots: int, shape: torch.Size, dtype: torch.dtype) -> int:
        """Return the bytes that a ring takes."""
        values = slots * shape.numel() * dtype.itemsize
        return _aligned(slots * _HEADER.size) + _aligned(values)

    def write(self, number: int, batch: int, due: float, tensor: Tensor) -> None:
        """Write message `number`, counted from 0; an end has no tensor."""
        slot = number % self.slots
        if tensor.numel():
            self._values[slot].copy_(tensor)
        _HEADER.pack_into(self._memory, self._headers + slot * _HEADER.size, batch, due)

    def header(self, number: int) -> tuple[int, float]:
        """Return the batch of message `number`, and when it is due."""
        slot = number % self.slots
        batch, due = _HEADER.unpack_from(self._memory, self._headers + slot * _HEADER.size)
        return batch, due

    def read(self, number: int) -> Tensor:
        """Return a copy of message `number`."""
        return self._values[number % self.slots].clone()


class SharedInbox:
    """A `links.Inbox` of a ring and a pipe.

    Args:
        ring: where messages lie.
        pipe: has a byte a message that was written.
        limit: of unread messages that are due; None for no limit.
    """

    def __init__(self, ring: _Ring, pipe: int, limit: int | None) -> None:
        self.limit, self.dropped, self.closed = limit, 0, False
        self._ring, self._pipe = ring, pipe
        self._written = self._read = 0
        self._lost = False

    def poll(self) -> Message | None:
        """Return the oldest unread message; None where there is none.

        Raises LostError where the neighbour has gone.
        """
        while not self.closed:
            self._count()
            if not self._ready():
                return None
            number = self._read
            batch, _ = self._ring.header(number)
            tensor = None if batch == LAST else self._ring.read(number)
            self._read += 1
            self._count()
            if self._written - number >= self._ring.slots:  # written over while it was read
                self.dropped += 1
            elif tensor is None:
                self.closed = True
            else:
                return Message(batch, tensor)
        return None

    def _ready(self) -> bool:
        """Tell whether a message is due, and pass over those that are no longer wanted."""
        gone = self._written - self._read - (self._ring.slots - 1)  # one may be being written
        if gone > 0:
            self.dropped += gone
            self._read += gone
        now = time.perf_counter()
        due = self._read
        while due < self._written and self._ring.header(due)[1] <= now:
            due += 1
        if due == self._read:
            if self._lost and self._written == self._read:
                raise LostError
            return False
        ended = self._ring.header(due - 1)[0] == LAST
        if self.limit is not None and due - self._read > self.limit + ended:
            self.dropped += due - self._read - self.limit - ended
            self._read = due - self.limit - ended
        return True

    def take(self, seconds: float) -> Message | None:
        """Return the oldest unread message, and wait for it; None once the link has ended.

        Raises LateError after `seconds`, LostError where the neighbour has gone.
        """
        until = time.perf_counter() + seconds
        while True:
            message = self.poll()
            if message is not None or self.closed:
                return message
            now = time.perf_counter()
            if now >= until:
                raise LateError
            if self._written > self._read:  # on its way
                time.sleep(max(0.0, min(self._ring.header(self._read)[1], until) - now))
            else:
                select.select([self._pipe], [], [], until - now)

    def _count(self) -> None:
        """Take note of what was written since."""
        while not self._lost and select.select([self._pipe], [], [], 0)[0]:
            found = os.read(self._pipe, 4096)
            self._written += len(found)
            self._lost = not found


class SharedLink:
    """A `links.Link` to a neighbour on this machine.

    Args:
        spec: of the link.
        file: the memory that both map; the stage below has made it.
        pipes: the descriptors to read from and to write to.
        slots: of each ring.
    """

    def __init__(self, spec: LinkSpec, file: Path, pipes: tuple[int, int], slots: int) -> None:
        self.peer, self.delay, self.sent, self._number = spec.peer, spec.delay, 0, 0
        shapes, sizes = _both_ways(spec, slots)
        with file.open("r+b") as opened:
            memory = mmap.mmap(opened.fileno(), sum(sizes), flags=_SHARED)
        up, down = (
            _Ring(memory, start, slots, shape, spec.dtype)
            for start, shape in zip((0, sizes[0]), shapes, strict=True)
        )
        self._out, incoming = (up, down) if spec.tag == UP else (down, up)
        self._wake = pipes[1]
        self.inbox = SharedInbox(incoming, pipes[0], spec.limit)

    @staticmethod
    def make(folder: Path, spec: LinkSpec, slots: int) -> Path:
        """Make the memory of a pair of stages; return its file, in a folder of both."""
        handle, name = tempfile.mkstemp(dir=folder)
        _, sizes = _both_ways(spec, slots)
        size = sum(sizes)
        try:
            os.truncate(handle, size)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, size)  # a full disk is an error here, not a signal
        except OSError as error:
            raise UsageError(
                f"{folder} has no room for {size / 2**20:,.0f} MiB of messages ({error.strerror}):"
                " free some, or select a smaller network, fewer stages or a shorter delay"
            ) from None
        finally:
            os.close(handle)
        return Path(name)

    def send(self, batch: int, tensor: Tensor) -> None:
        """Hand a message over; it is copied. What is sent to a neighbour that has gone is lost."""
        self._out.write(self._number, batch, time.perf_counter() + self.delay, tensor)
        self._number += 1
        self.sent += tensor.nbytes
        try:
            os.write(self._wake, b"x")
        except BrokenPipeError:  # the neighbour has gone
            pass
        except BlockingIOError:  # it has read nothing for tens of thousands of messages
            raise LateError from None

    def end(self, seconds: float) -> None:
        """Say that nothing more will be sent, and wait until the neighbour has said so.

        Raises LateError after `seconds`, LostError where the neighbour has gone.
        """
        self.send(LAST, torch.empty(0))
        until = time.perf_counter() + seconds
        while not self.inbox.closed:
            self.inbox.take(max(0.0, until - time.perf_counter()))


def _both_ways(spec: LinkSpec, slots: int) -> tuple[list[torch.Size], list[int]]:
    """Return the shapes of messages up and down, and the bytes of a ring of each."""
    shapes = [torch.Size(spec.shape), spec.shape_back]
    if spec.tag != UP:
        shapes.reverse()
    return shapes, [_Ring.size(slots, shape, spec.dtype) for shape in shapes]


def _aligned(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
