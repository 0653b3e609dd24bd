"""Links of a stage to its neighbours: shared memory on one machine, gloo under torchrun."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .links import UP, Inbox, Link
from .shared_memory import SLOTS, SharedInbox, SharedLink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

    from .stores import Store

AnyLink = Link | SharedLink
AnyInbox = Inbox | SharedInbox


class Wires(Protocol):
    """Makes links; both neighbours of a link make it at the same time.

    Attributes:
        transport: what messages go through.
    """

    transport: str

    def link(
        self,
        peer: int,
        tag: int,
        shape: Sequence[int],
        dtype: torch.dtype,
        *,
        delay: float = 0.0,
        limit: int | None = None,
        update_seconds: float = math.inf,
    ) -> AnyLink:
        """Return a link to a neighbour.

        Args:
            peer: its rank.
            tag: of what is sent to it, `UP` or `DOWN`.
            shape: of a message, out and in.
            dtype: of both.
            delay: seconds that a message is held.
            limit: of unread messages; None for no limit.
            update_seconds: about what an update takes, of whichever neighbour is quicker.
        """
        ...


class GlooWires:
    """Links by `torch.distributed` and gloo, between any machines."""

    transport = "gloo"

    def link(
        self,
        peer: int,
        tag: int,
        shape: Sequence[int],
        dtype: torch.dtype,
        *,
        delay: float = 0.0,
        limit: int | None = None,
        update_seconds: float = math.inf,
    ) -> Link:
        """Return a link to a neighbour."""
        del update_seconds
        return Link(peer, tag, shape, dtype, delay=delay, limit=limit)


class SharedWires:
    """Links by shared memory, between processes of one machine.

    Args:
        rank: of this stage.
        size: the number of stages.
        folder: of the memory's files.
        pipes: by neighbour, the descriptors to read from and to write to.
        store: tells the stage above where the memory is.
    """

    transport = "shared memory"

    def __init__(
        self,
        rank: int,
        size: int,
        *,
        folder: Path,
        pipes: Mapping[int, tuple[int, int]],
        store: Store,
    ) -> None:
        self.rank, self.size = rank, size
        self.folder, self.pipes, self.store = folder, pipes, store
        self._made: dict[int, int] = dict.fromkeys(pipes, 0)

    def link(
        self,
        peer: int,
        tag: int,
        shape: Sequence[int],
        dtype: torch.dtype,
        *,
        delay: float = 0.0,
        limit: int | None = None,
        update_seconds: float = math.inf,
    ) -> SharedLink:
        """Return a link to a neighbour; the stage below makes its memory, the one above maps it."""
        number, self._made[peer] = self._made[peer], self._made[peer] + 1
        key = f"memory/{min(self.rank, peer)}/{number}"
        slots = self._slots(delay, limit, update_seconds)
        if tag == UP:
            file = SharedLink.make(self.folder, shape, dtype, slots)
        else:
            made, _, name = self.store.get(key).decode().partition(" ")
            slots, file = int(made), Path(name)
        found = SharedLink(
            peer,
            file,
            self.pipes[peer],
            tag=tag,
            shape=shape,
            dtype=dtype,
            slots=slots,
            delay=delay,
            limit=limit,
        )
        if tag == UP:
            self.store.set(key, f"{slots} {file}")
        else:
            file.unlink()  # both have mapped it
        return found

    def _slots(self, delay: float, limit: int | None, update_seconds: float) -> int:
        """Return the slots of a link; a stage that waits has no more on their way than stages."""
        return self.size + slots_for(0.0 if limit is None else delay, update_seconds)


def slots_for(delay: float, update_seconds: float) -> int:
    """Return the slots that messages of a delay need, with twice as many updates a second."""
    return SLOTS + math.ceil(2 * delay / update_seconds)
