"""Adam (Kingma & Ba 2015) over a flat buffer: one fused call for all weights of a replica."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .cell import Cell

BETAS = (0.9, 0.999)  # torch's defaults; the paper names the method only
EPSILON = 1e-8

_fused: Any = torch.ops.aten._fused_adam_


def rates(cells: Sequence[Cell], iteration: int) -> list[float]:
    """Return each cell's learning rate at an iteration; their drops are at the same ones."""
    cell = cells[0]
    drops = sum(iteration >= round(fraction * cell.iterations) for fraction in cell.drops)
    return [c.learning_rate * c.drop_factor**drops for c in cells]


class Adam:
    """The optimiser of R replicas.

    Args:
        flat: weights [R, P].
        grads: their gradients, same shape.
        part: the columns that are trained; the others never move.
    """

    def __init__(self, flat: Tensor, grads: Tensor, part: slice) -> None:
        self.first, self.second = torch.zeros_like(flat), torch.zeros_like(flat)
        self.steps = torch.zeros(flat.shape[0], device=flat.device)
        buffers = (flat, grads, self.first, self.second)
        self._rows = [[rows[part] for rows in buffer] for buffer in buffers]
        self._counts = list(self.steps)

    def step(self, rates: Sequence[float]) -> None:
        """Update every replica with its learning rate; replicas of one rate share the call."""
        for rate in sorted(set(rates)):
            chosen = [r for r, other in enumerate(rates) if other == rate]
            counts = [self._counts[r] for r in chosen]
            for count in counts:
                count.add_(1)
            _fused(
                *([rows[r] for r in chosen] for rows in self._rows),
                [],
                counts,
                lr=rate,
                beta1=BETAS[0],
                beta2=BETAS[1],
                weight_decay=0.0,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )

    def state(self) -> dict[str, Tensor]:
        """Return the tensors that a resumed run needs."""
        return {"first": self.first, "second": self.second, "steps": self.steps}
