"""Noise of training: random numbers that go on from step to step and are resumed.

Each replica has a stream of its own for each name, which follows from its seed and the name alone.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..cell import Cell
from .seeding import generator


class Noise:
    """The streams of R replicas: a `interfaces.Noise`.

    Args:
        cells: one for each replica.
        device: where the numbers are wanted.
    """

    def __init__(self, cells: Sequence[Cell], device: torch.device) -> None:
        self._seeds, self._device = [cell.seed for cell in cells], device
        self._streams: dict[str, list[torch.Generator]] = {}

    def uniform(self, name: str, shape: Sequence[int]) -> Tensor:
        """Return the next numbers of U(0, 1) of the stream `name`, [R, *shape], float32."""
        streams = self._stream(name)
        drawn = torch.empty(len(streams), *shape)
        for row, stream in zip(drawn, streams, strict=True):
            row.uniform_(generator=stream)
        return drawn.to(self._device)

    def state(self) -> dict[str, Tensor]:
        """Return what a resumed run needs to go on with the same numbers."""
        return {
            name: torch.stack([stream.get_state() for stream in streams])
            for name, streams in self._streams.items()
        }

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up the streams where `state` left them."""
        self._streams = {}
        for name, states in state.items():
            for stream, saved in zip(self._stream(name), states, strict=True):
                stream.set_state(saved.clone())  # torch crashes on a view that has an offset

    def _stream(self, name: str) -> list[torch.Generator]:
        if name not in self._streams:
            self._streams[name] = [generator(seed, f"noise/{name}") for seed in self._seeds]
        return self._streams[name]
