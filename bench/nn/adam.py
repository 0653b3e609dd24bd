"""Adam (Kingma & Ba 2015) over a flat buffer: one fused call for all weights of a replica.

RMSprop is the same call: Adam without momentum, whose moments are not corrected for their start.

    v <- 0.99 v + 0.01 g^2
    w <- w - rate g / (sqrt(v) + 1e-8)
"""

import math
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

_fused: Any = torch.ops.aten._fused_adam_
_add_to_each: Any = torch.ops.aten._foreach_add_.Scalar


def rates(cells: Sequence[Cell], iteration: int) -> list[float]:
    """Return each cell's learning rate at an iteration; their drops are at the same ones."""
    cell = cells[0]
    drops = sum(iteration >= round(fraction * cell.iterations) for fraction in cell.drops)
    return [c.learning_rate * c.drop_factor**drops for c in cells]


class Adam:
    """The optimiser of R replicas.

    On a CPU one fused call updates all parts that move at one rate. On a GPU rates, masks and
    counts are tensors, so that an update asks the host for nothing and can be recorded once and
    done again (`training.graphs`): the fused call where every replica moves whole and at one rate,
    else `masked_step`. How many operations that takes does not depend on R.

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
        # `data`: autograd would take what moves one part for a change of the others (two networks)
        self._columns = [[buffer.data[:, part] for buffer in buffers] for part in parts]
        self._counts = [list(row) for row in self.steps]
        self._masks: dict[tuple[tuple[bool, ...], ...], Tensor] = {}
        self._many = self.steps.new_full((), MANY_UPDATES)

    def step(self, rates: Sequence[float], active: Sequence[Sequence[bool]] | None = None) -> None:
        """Update every replica with its learning rate; replicas of one rate share the call.

        Args:
            rates: one a replica.
            active: for each replica which parts are updated, all if None. The others keep their
                weights, moments and count.
        """
        self.steps.add_(1 if active is None else torch.tensor(active, device=self.steps.device))
        for rate in sorted(set(rates)):
            chosen = [
                (r, part)
                for r, other in enumerate(rates)
                if other == rate
                for part in range(self.steps.shape[1])
                if active is None or active[r][part]
            ]
            if chosen:
                self._fused(_fused.default, chosen, rate)

    def step_on_device(
        self, rates: Tensor, active: Sequence[Sequence[bool]] | Tensor | None, *, one_rate: bool
    ) -> None:
        """Update every replica, asking the host for nothing.

        Args:
            rates: the learning rates [R].
            active: which parts of each replica are updated, [R, parts]; None for all. What the
                host knows is the same at every call that is replayed.
            one_rate: whether the rates are equal.
        """
        if not one_rate or isinstance(active, Tensor):
            self.masked_step(rates, self._mask(active))
            return
        R, parts = self.steps.shape
        chosen = [(r, p) for r in range(R) for p in range(parts) if active is None or active[r][p]]
        if chosen:
            _add_to_each([self._counts[r][p] for r, p in chosen], 1)
            self._fused(_fused.tensor_lr, chosen, rates[0])

    def masked_step(self, rates: Tensor, active: Tensor | None) -> None:
        """Do `step_on_device` without the fused call: equal to it but for rounding.

        What is not active is multiplied by one and has zero added, so it keeps its bits. A replica
        whose numbers are no longer finite spoils itself alone.
        """
        beta1, beta2, corrected = self.constants
        made = self.first.dtype
        moving = torch.ones_like(self.steps) if active is None else active
        self.steps.add_(moving)
        moving = moving.to(made)
        decay1, decay2 = (1 - beta1) * moving, (1 - beta2) * moving
        size, correction = moving * -rates.to(made).unsqueeze(1), None
        if corrected:
            count = self.steps.to(made).clamp(min=1)  # what has not moved yet is not corrected
            # expm1: in float32 one less a number near one has few digits left
            size = size / -torch.expm1(count * math.log(beta1))
            correction = (-torch.expm1(count * math.log(beta2))).rsqrt_()
        for part, (weights, grads, first, second) in enumerate(self._columns):
            column = slice(part, part + 1)
            first.lerp_(grads, decay1[:, column])
            second.mul_(1 - decay2[:, column]).addcmul_(grads * decay2[:, column], grads)
            root = second.sqrt()
            if correction is not None:
                root.mul_(correction[:, column])
            weights.addcdiv_(first * size[:, column], root.add_(EPSILON))

    def _mask(self, active: Sequence[Sequence[bool]] | Tensor | None) -> Tensor | None:
        """Return a mask as a tensor; one that the host knows is sent once."""
        if active is None or isinstance(active, Tensor):
            return active
        key = tuple(map(tuple, active))
        if key not in self._masks:
            self._masks[key] = torch.tensor(key, device=self.steps.device)
        return self._masks[key]

    def _fused(self, operation: Any, chosen: Sequence[tuple[int, int]], rate: Any) -> None:
        """Update parts of replicas, `(replica, part)`, whose counts have gone up."""
        counts = [self._counts[r][part] for r, part in chosen]
        operation(
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
