"""Streams of digits for two networks: B in parallel a replica, cut into cycles of T * T steps.

Every digit is drawn from all images that are trained on, whatever came before. What a cycle holds
depends on the seed and the cycle's number alone: it is the same whatever the rule, and going on in
the middle takes no more than the number.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ...cell import Cell
from ...datasets import Data
from ...nn.seeding import Sources
from ..images import training_and_heldout
from .estimates import EVALUATED_STREAMS

EVALUATED_CYCLES = 16
"""On the held-out images, after `WARM_UP`: 16,384 counts of B, T times as many of A. A percentage
near 30 has a standard error of 0.36."""
WARM_UP = 2  # cycles that do not count: states begin at zero


class Cycle(NamedTuple):
    """A cycle's digits, by window and by step, and what is to be counted in them.

    `digits` are inputs in [0, 1], [R, T, T, pixels, B]; `odd` the number of odd digits in each
    window, [R, T, B]; `threes` the number of 3s in all, [R, B].
    """

    digits: Tensor
    odd: Tensor
    threes: Tensor


class DigitStreams:
    """Cycles of digits, on `device`.

    Args:
        cells: one for each replica, of one dataset and split.
        data: the dataset.
        device: where it is kept.
    """

    def __init__(self, cells: Sequence[Cell], data: Data, device: torch.device) -> None:
        cell = cells[0]
        training, held = training_and_heldout(cell, data)
        self.T: int = cell.need("T")
        self.seeds, self.streams = [c.seed for c in cells], cell.batch_size
        self._scale, self._dtype = 1 / data.pixel_max, getattr(torch, cell.precision)
        self._sets = {
            name: (images.flatten(1).to(device), labels.to(device))
            for name, (images, labels) in (("train", training), ("held", held))
        }
        self.pixels = self._sets["train"][0].shape[1]

    def training(self, number: int) -> Cycle:
        """Return the cycle `number` of training, from 0; each replica's own."""
        return self._drawn("train", Sources(self.seeds, f"digits/{number}"))

    def probe(self) -> Cycle:
        """Return the cycle of the probe, always the same; each replica's own."""
        return self._drawn("train", Sources(self.seeds, "probe"))

    def held(self, number: int) -> Cycle:
        """Return the cycle `number` of held-out digits: the same for all replicas and seeds."""
        return self._drawn("held", Sources([0], f"held/{number}"), EVALUATED_STREAMS)

    def _drawn(self, which: str, sources: Sources, streams: int | None = None) -> Cycle:
        """Return a cycle of digits for each replica."""
        images, labels = self._sets[which]
        shape = (self.T, self.T, streams or self.streams)
        index = sources.draw(lambda one: torch.randint(len(images), shape, generator=one))
        index = index.to(images.device)
        found = images.index_select(0, index.flatten()).view(*index.shape, -1)
        digits = found.transpose(3, 4).to(self._dtype).mul_(self._scale)
        seen = labels[index]
        return Cycle(digits, (seen % 2).sum(2), (seen == 3).sum((1, 2)))
