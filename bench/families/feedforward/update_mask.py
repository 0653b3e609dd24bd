"""Update masks: which layers are active at a step, each at random by itself (`p_update`)."""

from collections.abc import Sequence
from typing import Any

import torch

from ...cell import Cell
from ...interfaces import Mask
from ...nn.seeding import generator
from .network import FeedForwardReplicas


class UpdateMask:
    """The update masks of R replicas, each from a generator of its own.

    A replica's numbers depend on its seed alone: where a layer is active at one p_update, it is
    active at any greater one too.

    Args:
        cells: one for each replica.
        layers: how many layers have a mask.
    """

    BLOCK = 256  # steps that are drawn at once

    def __init__(self, cells: Sequence[Cell], layers: int) -> None:
        self.layers = layers
        self.p: list[float] = [cell.need("p_update") for cell in cells]
        self.generators = [generator(cell.seed, "coins") for cell in cells]
        self.drawn, self.position = torch.empty(len(cells), 0, layers, dtype=torch.float64), 0
        self._masks: list[list[list[bool]]] = []

    def draw(self) -> list[list[bool]]:
        """Return for each replica whether each layer is active at the next step, bottom first."""
        if self.position == self.drawn.shape[1]:
            make: dict[str, Any] = {"dtype": torch.float64}
            size = (self.BLOCK, self.layers)
            self.drawn = torch.stack(
                [torch.rand(size, generator=g, **make) for g in self.generators]
            )
            self.position, self._masks = 0, []
        if not self._masks:
            p = torch.tensor(self.p, dtype=torch.float64).view(-1, 1, 1)
            self._masks = (self.drawn < p).tolist()
        self.position += 1
        return [masks[self.position - 1] for masks in self._masks]

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs to go on with the same masks."""
        states = torch.stack([g.get_state() for g in self.generators])
        return {"generators": states, "drawn": self.drawn, "position": self.position}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the masks where `state` left them."""
        for held, saved in zip(self.generators, state["generators"], strict=True):
            held.set_state(saved.clone())  # torch crashes on a view that has an offset
        self.drawn, self.position, self._masks = state["drawn"], state["position"], []


def block_mask(network: FeedForwardReplicas, mask: Mask) -> list[list[bool]]:
    """Return for each replica which of the network's blocks are updated, in their order.

    M_i learns where the layer above it is active, I_i and head i where their own layer is.
    """
    extra = bool(network.input_models) + bool(network.heads)
    return [[*layers, *layers[1:], *(layers[:-1] * extra)] for layers in map(list, mask)]
