"""Random tensors that a learning rule keeps: drawn from each replica's seed and a name alone."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..cell import Cell
from .precision import dtype
from .seeding import generator


class Draws:
    """Random draws for the `setup` of a rule: a `interfaces.Draw`.

    Args:
        cells: one for each replica.
        device: where the tensors live.
    """

    def __init__(self, cells: Sequence[Cell], device: torch.device) -> None:
        self.cells, self.device = cells, device

    def uniform(self, name: str, shape: Sequence[int], bound: float) -> Tensor:
        """Return values of U(-bound, bound), [R, *shape]."""
        return self._drawn(name, shape, lambda t, g: t.uniform_(-bound, bound, generator=g))

    def normal(self, name: str, shape: Sequence[int], deviation: float) -> Tensor:
        """Return values of N(0, deviation^2), [R, *shape]."""
        return self._drawn(name, shape, lambda t, g: t.normal_(0, deviation, generator=g))

    def _drawn(
        self, name: str, shape: Sequence[int], fill: Callable[[Tensor, torch.Generator], Tensor]
    ) -> Tensor:
        purpose = f"rule/{self.cells[0].rule}/{name}"
        rows = [
            fill(torch.empty(*shape, dtype=torch.float64), generator(cell.seed, purpose))
            for cell in self.cells
        ]
        return torch.stack(rows).to(self.device, dtype(self.cells[0].precision))
