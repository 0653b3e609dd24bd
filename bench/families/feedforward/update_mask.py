"""Update masks: which layers are active at a step, each at random by itself (`p_update`)."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor

from ...cell import Cell
from ...interfaces import Mask
from ...nn.seeding import Sources
from .network import FeedForwardReplicas

_HOST = torch.device("cpu")


class UpdateMask:
    """The update masks of R replicas, each from a generator of its own.

    A replica's numbers depend on its seed alone: where a layer is active at one p_update, it is
    active at any greater one too.

    Args:
        cells: one for each replica.
        layers: how many layers have a mask.
        device: where the network is: on a GPU masks are tensors there.
    """

    BLOCK = 256  # steps that are drawn at once

    def __init__(self, cells: Sequence[Cell], layers: int, device: torch.device = _HOST) -> None:
        self.layers, self.device = layers, device
        p = [cell.need("p_update") for cell in cells]
        self.p = torch.tensor(p, dtype=torch.float64).view(-1, 1, 1)
        self._sources = Sources([cell.seed for cell in cells], "coins")
        self.drawn: Tensor = torch.empty(len(cells), 0, layers, dtype=torch.float64)
        self.position = 0
        self._masks: Sequence[Mask] = ()

    def draw(self) -> Mask:
        """Return for each replica whether each layer is active at the next step, bottom first."""
        if self.position == self.drawn.shape[1]:
            make: dict[str, Any] = {"dtype": torch.float64}
            size = (self.BLOCK, self.layers)
            self.drawn = self._sources.draw(lambda one: torch.rand(size, generator=one, **make))
            self.position, self._masks = 0, ()
        if not self._masks:
            active: Tensor = self.drawn < self.p
            self._masks = self._by_step(active.transpose(0, 1))
        self.position += 1
        return self._masks[self.position - 1]

    def _by_step(self, masks: Tensor) -> Sequence[Mask]:
        if self.device.type == "cpu":
            return cast("list[Mask]", masks.tolist())
        return masks.to(self.device).unbind()

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs to go on with the same masks."""
        states = self._sources.state()
        return {"generators": states, "drawn": self.drawn, "position": self.position}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the masks where `state` left them."""
        self._sources.restore(state["generators"])
        self.drawn, self.position, self._masks = state["drawn"], state["position"], ()


def block_mask(network: FeedForwardReplicas, mask: Mask) -> Mask:
    """Return for each replica which of the network's blocks are updated, in their order.

    M_i learns where the layer above it is active; I_i, head i and map i where their own layer is.
    """
    extra = sum(map(bool, (network.input_models, network.heads, network.maps)))
    if isinstance(mask, Tensor):
        return torch.cat([mask, mask[:, 1:], *[mask[:, :-1]] * extra], 1)
    return [[*layers, *layers[1:], *(layers[:-1] * extra)] for layers in map(list, mask)]
