"""Noise of training: random numbers that go on from step to step and are resumed.

Each replica has a stream of its own for each name, which follows from its seed and the name alone.
"""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from ..cell import Cell
from ..errors import UsageError
from .seeding import Sources


class Noise:
    """The streams of R replicas: a `interfaces.Noise`.

    Args:
        cells: one for each replica.
        device: where the numbers are wanted.
        taken: names of streams that another `Noise` of the same cells has.
    """

    def __init__(
        self, cells: Sequence[Cell], device: torch.device, taken: Collection[str] = ()
    ) -> None:
        self._seeds, self._device = [cell.seed for cell in cells], device
        self._taken = taken
        self._streams: dict[str, Sources] = {}

    @property
    def used(self) -> bool:
        """True once a number has been drawn from any stream."""
        return bool(self._streams)

    def uniform(self, name: str, shape: Sequence[int]) -> Tensor:
        """Return the next numbers of U(0, 1) of the stream `name`, [R, *shape], float32.

        Raises UsageError where the name is taken.
        """
        drawn = self._stream(name).draw(lambda source: torch.rand(tuple(shape), generator=source))
        return drawn.to(self._device)

    def state(self) -> dict[str, Tensor]:
        """Return what a resumed run needs to go on with the same numbers."""
        return {name: stream.state() for name, stream in self._streams.items()}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up the streams where `state` left them."""
        self._streams = {}
        for name, states in state.items():
            self._stream(name).restore(states)

    def _stream(self, name: str) -> Sources:
        if name in self._taken:
            raise UsageError(
                f"network.noise: {name!r} is the name of a stream that alters images; give another"
            )
        if name not in self._streams:
            self._streams[name] = Sources(self._seeds, f"noise/{name}")
        return self._streams[name]
