"""Links of a stage to its neighbours: shared memory on one machine, gloo under torchrun."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .links import UP, Inbox, Link, LinkSpec
from .shared_memory import SLOTS, SharedInbox, SharedLink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .stores import Store

AnyLink = Link | SharedLink
AnyInbox = Inbox | SharedInbox


class Wires(Protocol):
    """Makes links; both neighbours of a link make it at the same time.

    Attributes:
        transport: what messages go through.
    """

    transport: str

    def link(self, spec: LinkSpec) -> AnyLink:
        """Return a link to a neighbour."""
        ...


class GlooWires:
    """Links by `torch.distributed` and gloo, between any machines."""

    transport = "gloo"

    def link(self, spec: LinkSpec) -> Link:
        """Return a link to a neighbour."""
        return Link(spec)


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

    def link(self, spec: LinkSpec) -> SharedLink:
        """Return a link to a neighbour; the stage below makes its memory, the one above maps it."""
        peer = spec.peer
        number, self._made[peer] = self._made[peer], self._made[peer] + 1
        key = f"memory/{min(self.rank, peer)}/{number}"
        if spec.tag == UP:
            slots = self._slots(spec)
            file = SharedLink.make(self.folder, spec, slots)
        else:
            made, _, name = self.store.get(key).decode().partition(" ")
            slots, file = int(made), Path(name)
        found = SharedLink(spec, file, self.pipes[peer], slots)
        if spec.tag == UP:
            self.store.set(key, f"{slots} {file}")
        else:
            file.unlink()  # both have mapped it
        return found

    def _slots(self, spec: LinkSpec) -> int:
        """Return the slots of a link; a stage that waits has no more on their way than stages."""
        delay = 0.0 if spec.limit is None else spec.delay
        return self.size + slots_for(delay, spec.update_seconds)


def slots_for(delay: float, update_seconds: float) -> int:
    """Return the slots that messages of a delay need, with twice as many updates a second."""
    return SLOTS + math.ceil(2 * delay / update_seconds)
