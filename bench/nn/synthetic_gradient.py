"""The synthetic-gradient model M: predicts the gradient at a hidden layer's output h.

M regresses S * (gradient of the batch-mean loss with respect to h) and its output is divided by S
where it is used; S is the cell's `sg_scale`. Its loss is the squared error, summed over units (and
positions) and averaged over the batch; it does not flow into h.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..cell import Cell
from .layers import LayerStack, Pullback
from .precision import dtype


def scale_of(
    cells: Sequence[Cell], device: torch.device, per_replica: Callable[[Tensor], Tensor]
) -> float | Tensor:
    """Return S of the cells (see `by_replica`)."""
    return by_replica([cell.need("sg_scale") for cell in cells], cells[0], device, per_replica)


def by_replica(
    values: Sequence[float],
    cell: Cell,
    device: torch.device,
    per_replica: Callable[[Tensor], Tensor],
) -> float | Tensor:
    """Return a value a replica: one number, or where they differ a tensor that broadcasts on h.

    `per_replica` gives a tensor [R] that shape.
    """
    if len(set(values)) == 1:
        return values[0]
    return per_replica(torch.tensor(values, dtype=dtype(cell.precision), device=device))


class SyntheticGradient:
    """One M.

    Args:
        sequence: its layers; the last one starts at zero.
        with_labels: how labels join h (cDNI), None where M does not see them.
        scale: S, a number or a tensor that broadcasts on h.
    """

    def __init__(
        self,
        sequence: LayerStack,
        with_labels: Callable[[Tensor, Tensor], Tensor] | None,
        scale: float | Tensor,
    ) -> None:
        self.sequence, self.with_labels, self.scale = sequence, with_labels, scale

    def __call__(self, h: Tensor, one_hot: Tensor) -> tuple[Tensor, Callable[[Tensor], None]]:
        """Return the synthetic gradient at h and `learn`, which takes the true target.

        `learn(target)` takes the gradient that M should have predicted, shaped as h, and writes
        the gradients of M's weights; none reaches h.
        """
        predicted, pullback = self.predict(h, one_hot)
        batch = one_hot.shape[2]

        def learn(target: Tensor) -> None:
            pullback(self.error(predicted, target).mul_(2 / batch), need_input=False)

        return predicted / self.scale, learn

    def predict(self, h: Tensor, one_hot: Tensor | None = None) -> tuple[Tensor, Pullback]:
        """Return S times the synthetic gradient at h, and the pullback through M."""
        if self.with_labels is not None:
            assert one_hot is not None
            h = self.with_labels(h, one_hot)
        return self.sequence(h)

    def error(self, predicted: Tensor, target: Tensor) -> Tensor:
        """Return prediction minus S times the target, shaped as h."""
        if isinstance(self.scale, Tensor):
            return predicted - target * self.scale
        return torch.sub(predicted, target, alpha=self.scale)
