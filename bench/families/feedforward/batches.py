"""The data of a program on its device, and the order in which each replica sees it.

The whole set lies in memory as uint8; a batch is an index. Every replica walks its own random
permutation of the training set, drawn from its seed, and draws the next when less than a batch of
it is left.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from ...cell import Cell
from ...datasets import Data
from ...errors import UsageError
from ...nn.precision import dtype
from ...nn.seeding import generator
from ..images import training_and_heldout
from .estimates import CHUNK

TRAIN_SAMPLE = 10_000  # training examples that the final train error is measured on


class Batches:
    """Images and labels of one split, on `device`.

    Args:
        cells: one for each replica, of one dataset and split.
        data: the dataset.
        device: where it is kept.
        purpose: of the order, which with the seed draws it (`seeding.generator`).
    """

    def __init__(
        self, cells: Sequence[Cell], data: Data, device: torch.device, purpose: str = "order"
    ) -> None:
        cell = cells[0]
        (images, labels), (held_images, held_labels) = training_and_heldout(cell, data)
        if cell.batch_size > len(images):
            raise UsageError(
                f"batch_size={cell.batch_size} is more than the {len(images)} training examples"
            )
        self.images, self.labels = images.to(device), labels.to(device)
        self.held_images, self.held_labels = held_images.to(device), held_labels.to(device)
        self._rows = self.images.flatten(1)  # index_select on rows is far faster than indexing
        self.size, self.dtype = cell.batch_size, dtype(cell.precision)
        self.scale = torch.tensor(1 / data.pixel_max, dtype=self.dtype, device=device)
        self._cells = tuple(cells)
        self.generators = [generator(c.seed, purpose) for c in cells]
        self.position = 0
        self.order = self._shuffle()
        probe = torch.stack([self._permutation(generator(c.seed, "probe")) for c in cells])
        self.probe = probe[:, : self.size].to(device)

    def next(self) -> Tensor:
        """Return the indices [R, B] of the next batch of each replica."""
        if self.position + self.size > self.order.shape[1]:
            self.order, self.position = self._shuffle(), 0
        batch = self.order[:, self.position : self.position + self.size]
        self.position += self.size
        return batch

    @property
    def available(self) -> int:
        """Batches that `sample` can yield."""
        return self.images.shape[0] // self.size - 1

    def sample(self, count: int) -> Iterator[Tensor]:
        """Yield indices [R, B] of `count` batches that share no example with the probe's."""
        order = torch.stack([self._permutation(generator(c.seed, "probe")) for c in self._cells])
        for number in range(1, count + 1):
            yield order[:, number * self.size : (number + 1) * self.size].to(self.images.device)

    def take(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return training inputs [R, B, C, H, W] in [0, 1] and labels [R, B] of indices [R, B]."""
        rows = self._rows.index_select(0, index.flatten())
        return self._scaled(rows.view(*index.shape, *self.images.shape[1:])), self.labels.take(
            index
        )

    def chunks(self, which: str) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield inputs [1, n, C, H, W] and labels [1, n] of the split `held` or of `train`."""
        if which == "held":
            images, labels = self.held_images, self.held_labels
        else:
            images, labels = self.images[:TRAIN_SAMPLE], self.labels[:TRAIN_SAMPLE]
        for start in range(0, len(images), CHUNK):
            part = slice(start, start + CHUNK)
            yield self._scaled(images[None, part]), labels[None, part]

    def state(self) -> dict[str, object]:
        """Return what a resumed run needs to go on with the same order."""
        states = torch.stack([g.get_state() for g in self.generators])
        return {"generators": states, "order": self.order, "position": self.position}

    def restore(self, state: dict[str, object]) -> None:
        """Take up the order where `state` left it."""
        states, order, position = state["generators"], state["order"], state["position"]
        assert isinstance(states, Tensor)
        assert isinstance(order, Tensor)
        assert isinstance(position, int)
        for held, saved in zip(self.generators, states, strict=True):
            held.set_state(saved.clone())  # torch crashes on a view that has an offset
        self.order, self.position = order.to(self.images.device), position

    def _scaled(self, images: Tensor) -> Tensor:
        return images.to(self.dtype).mul_(self.scale)

    def _shuffle(self) -> Tensor:
        return torch.stack([self._permutation(g) for g in self.generators]).to(self.images.device)

    def _permutation(self, source: torch.Generator) -> Tensor:
        return torch.randperm(len(self.images), generator=source)
