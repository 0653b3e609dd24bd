"""Adam (Kingma & Ba 2015) over a flat buffer: one fused call for all weights of a replica.

RMSprop is the same call: Adam without momentum, whose moments are not corrected for their start.

    v <- 0.99 v + 0.01 g^2
    w <- w - rate g / (sqrt(v) + 1e-8)
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..cell import Cell

EPSILON = 1e-8  # torch's defaults, as the betas: the paper names the method only
MANY_UPDATES = 1e9
"""Updates after which a correction for the start is one, to the last bit."""


class Constants(NamedTuple):
    """Constants of an optimiser: the decay of its moments, and their correction.

    Attributes:
        beta1: decay of the gradient's mean.
        beta2: decay of its mean square.
        corrected: whether both are corrected for having begun at zero.
    """

    beta1: float
    beta2: float
    corrected: bool


OPTIMIZERS = {"adam": Constants(0.9, 0.999, True), "rmsprop": Constants(0.0, 0.99, False)}

_fused: Any = torch.ops.aten._fused_adam_.default


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
        parts: the columns that are trained, each part with a count of its own updates; all others
            never move.
        constants: those of another optimiser.
    """

    def __init__(
        self,
        flat: Tensor,
        grads: Tensor,
        parts: Sequence[slice],
        constants: Constants = OPTIMIZERS["adam"],
    ) -> None:
        self.constants = constants
        self.first, self.second = torch.zeros_like(flat), torch.zeros_like(flat)
        self.steps = torch.zeros(flat.shape[0], len(parts), device=flat.device)
        buffers = (flat, grads, self.first, self.second)
        self._pieces = [[[row[part] for part in parts] for row in buffer] for buffer in buffers]
        self._one = self.steps.new_ones(())
        self._counts = [list(row) for row in self.steps]
        self._many = self.steps.new_full((), MANY_UPDATES)

    def step(self, rates: Sequence[float], active: Sequence[Sequence[bool]] | None = None) -> None:
        """Update every replica with its learning rate; replicas of one rate share the call.

        Args:
            rates: one a replica.
            active: for each replica which parts are updated, all if None. The others keep their
                weights, moments and count.
        """
        for rate in sorted(set(rates)):
            chosen = [
                (r, part)
                for r, other in enumerate(rates)
                if other == rate
                for part in range(self.steps.shape[1])
                if active is None or active[r][part]
            ]
            if not chosen:
                continue
            counts = [self._counts[r][part] for r, part in chosen]
            for count in counts:
                count.add_(self._one)
            _fused(
                *([pieces[r][part] for r, part in chosen] for pieces in self._pieces),
                [],
                counts if self.constants.corrected else [self._many] * len(counts),
                lr=rate,
                beta1=self.constants.beta1,
                beta2=self.constants.beta2,
                weight_decay=0.0,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )

    def state(self) -> dict[str, Tensor]:
        """Return the tensors that a resumed run needs."""
        return {"first": self.first, "second": self.second, "steps": self.steps}
