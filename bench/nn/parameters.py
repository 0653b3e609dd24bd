"""The weights of a program: one row a replica of a flat buffer [R, P], and views into it.

One fused optimiser call then updates everything, and a checkpoint is one tensor.
"""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ..cell import Cell
from ..interfaces import Some
from .arithmetic import arithmetic
from .dense import EPSILON, MOMENTUM
from .layers import Block, bound
from .precision import dtype
from .running_statistics import RunningStatistics
from .seeding import generator

_ZERO = {  # names of weights and biases that start at zero, by zero_init; M's last layer does too
    "none": r"$",
    "classifier": r"classifier\.",
    "all_but_first": r"classifier\.|hidden(?!0\.)\d+\.",
    "all": r"classifier\.|hidden\d+\.",
}
ALIGNMENT = 16  # elements: every weight starts on a 64-byte line in float32
ROW_ALIGNMENT = 4  # elements: on a GPU so does every row of a matrix, on 16 bytes


class Parameters:
    """The weights, gradients and running statistics of `blocks`, for R replicas.

    Attributes:
        running: running statistics that are moved at the end of a step; None on a CPU, where they
            move at once.

    Args:
        blocks: what has weights, in the order in which they lie.
        cells: one for each replica: their seeds draw the initial weights.
        device: where the weights live.
    """

    def __init__(
        self, blocks: Sequence[Block], cells: Sequence[Cell], device: torch.device
    ) -> None:
        self._shapes = {n: s for block in blocks for n, s in block.blueprint.shapes.items()}
        self.spans: dict[str, tuple[int, int]] = {}
        total = 0
        self._row = ROW_ALIGNMENT if device.type != "cpu" else 1
        for name, shape in self._shapes.items():
            size = torch.Size(self._laid_out(shape)).numel()
            self.spans[name] = (total, total + size)
            total += -(-size // ALIGNMENT) * ALIGNMENT
        make: dict[str, Any] = {"dtype": dtype(cells[0].precision), "device": device}
        self.flat = torch.zeros(len(cells), total, **make)
        self.grads = torch.zeros_like(self.flat)
        self.named = self.views(self.flat)
        statistics = {n: s for block in blocks for n, s in block.blueprint.statistics.items()}
        self.statistics = {
            n: torch.full((len(cells), *s), float(n.endswith("variance")), **make)
            for n, s in statistics.items()
        }
        grads = self.views(self.grads)
        self.running = RunningStatistics(EPSILON, MOMENTUM) if device.type != "cpu" else None
        for block in blocks:
            block.bind(self.named, grads, self.statistics)
            block.take(arithmetic(cells[0].precision, device))
            if self.running is not None:
                block.wait(self.running)
        self._initialise(blocks, cells)

    def _initialise(self, blocks: Sequence[Block], cells: Sequence[Cell]) -> None:
        fans = {n: fan for block in blocks for n, fan in block.blueprint.fan_in.items()}
        zero = _ZERO[cells[0].chosen("zero_init")]
        for name, view in self.named.items():
            if name.endswith("gamma"):
                view.fill_(1)
            elif name in fans and ".output." not in name and not re.match(zero, name):
                for replica, cell in enumerate(cells):
                    draw = torch.empty(view.shape[1:], dtype=torch.float64)
                    limit = bound(fans[name])
                    draw.uniform_(-limit, limit, generator=generator(cell.seed, f"weights/{name}"))
                    view[replica].copy_(draw)

    @contextmanager
    def moving_for(self, replicas: Some) -> Generator[None]:
        """Let running statistics that wait move for some of the replicas alone."""
        if self.running is None or not isinstance(replicas, Tensor):
            yield
            return
        self.running.only = replicas
        try:
            yield
        finally:
            self.running.only = None

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """Return {name: view [R, *shape]} into a buffer laid out as `flat`, [R, P]."""
        found: dict[str, Tensor] = {}
        for name, shape in self._shapes.items():
            whole = flat[:, slice(*self.spans[name])].view(flat.shape[0], *self._laid_out(shape))
            found[name] = whole[..., : shape[-1]]
        return found

    def _laid_out(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of the memory of a weight: a matrix's rows may have more than its own.

        What is more is never read, has no gradient, and so stays zero.
        """
        *outer, width = shape
        if len(shape) == 2:
            width = -(-width // self._row) * self._row
        return (*outer, width)
