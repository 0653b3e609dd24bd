"""Running statistics that wait: a step's batch norms are averaged in together, at its end.

On a GPU that is a few kernels for all layers in place of five for each.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

foreach: Any = torch


class Observed(NamedTuple):
    """The statistics of a batch, of one layer, and the averages that they go into.

    Tensors are [R, units, 1]. `rstd` is 1 / sqrt(variance + epsilon), of the biased variance;
    times `unbiased` the variance has no bias.
    """

    running_mean: Tensor
    running_variance: Tensor
    mean: Tensor
    rstd: Tensor
    unbiased: float


class RunningStatistics:
    """The running statistics of a network that are still to be moved.

    Args:
        epsilon: of the batch norms.
        momentum: how far a batch moves the averages.

    Attributes:
        only: the replicas whose averages move, booleans [R]; None for all.
    """

    def __init__(self, epsilon: float, momentum: float) -> None:
        self.epsilon, self.momentum = epsilon, momentum
        self.only: Tensor | None = None
        self._observed: dict[int, tuple[Observed, Tensor | None]] = {}

    def observe(self, seen: Observed) -> None:
        """Note what a layer saw; what it saw before in the same step is averaged in first."""
        key = id(seen.running_mean)
        if key in self._observed:
            self.move()
        self._observed[key] = seen, self.only

    def forget(self) -> None:
        """Drop what was noted: it was never computed."""
        self._observed.clear()

    def move(self) -> None:
        """Average in all that was seen since."""
        if not self._observed:
            return
        seen, only = zip(*self._observed.values(), strict=True)
        self._observed.clear()
        variances = foreach._foreach_pow([one.rstd for one in seen], -2)
        foreach._foreach_sub_(variances, self.epsilon)
        foreach._foreach_mul_(variances, [one.unbiased for one in seen])
        weight: Any = self.momentum
        if any(some is not None for some in only):
            weight = [self._weight(some, one.mean) for one, some in zip(seen, only, strict=True)]
        foreach._foreach_lerp_(
            [one.running_mean for one in seen], [one.mean for one in seen], weight
        )
        foreach._foreach_lerp_([one.running_variance for one in seen], variances, weight)

    def _weight(self, only: Tensor | None, like: Tensor) -> Tensor:
        if only is None:
            return like.new_full((), self.momentum)
        return only.view(-1, 1, 1).to(like.dtype).mul_(self.momentum)
