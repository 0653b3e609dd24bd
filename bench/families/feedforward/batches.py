"""The data of a program on its device, and the order in which each replica sees it.

The whole set lies in memory as uint8; a batch is an index. Every replica walks its own random
permutation of the training set, drawn from its seed, and draws the next when less than a batch of
it is left, or nothing where the last batch of a pass may be smaller. Images that are trained on can
be moved and mirrored at random.
"""

import math
from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor

from ...cell import Cell
from ...datasets import Data
from ...errors import UsageError
from ...nn.noise import Noise
from ...nn.precision import dtype
from ...nn.seeding import Sources
from ..images import test_set, training_and_heldout
from .alterations import FLIP, JITTER, Padded, standards
from .blueprint import blueprint
from .estimates import CHUNK

FLIPPED = 0.5  # probability that an image is mirrored
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
        alone = cell.last_batch == "smaller" and len(images) % cell.batch_size == 1
        models = bool(cell.sg_layers or cell.si_layers)  # whose hidden layers have it, too
        shapes = blueprint(cell, images.shape[1:], data.classes).shapes if alone else ()
        one_place = any(math.prod(shape[1:]) == 1 for shape in shapes)  # batch norm takes the rest
        if one_place and (models or cell.chosen("norm") == "batch"):
            raise UsageError(
                f"batch_size={cell.batch_size} leaves one of {len(images)} training examples to"
                " the last batch (last_batch=smaller), and batch norm needs two; give another"
                " batch_size" + ("" if models or cell.network != "fcn" else ", or norm=none")
            )
        if cell.chosen("jitter") >= min(images.shape[2:]):
            raise UsageError(
                f"jitter={cell.jitter} moves images of {images.shape[2]} x {images.shape[3]}"
                " pixels out of sight; give less than their size"
            )
        self.images, self.labels = images.to(device), labels.to(device)
        self.held_images, self.held_labels = held_images.to(device), held_labels.to(device)
        self.splits = {
            "held": (self.held_images, self.held_labels),
            "train": (self.images[:TRAIN_SAMPLE], self.labels[:TRAIN_SAMPLE]),
        }
        if cell.patience is not None:
            test_images, test_labels = test_set(data)
            self.splits["test"] = (test_images.to(device), test_labels.to(device))
        self._rows = self.images.flatten(1)  # index_select on rows is far faster than indexing
        self.size, self.dtype = cell.batch_size, dtype(cell.precision)
        self.scale = torch.tensor(1 / data.pixel_max, dtype=self.dtype, device=device)
        self.shift = None
        if cell.input_norm is not None:
            mean, deviation = standards(self.images, data.pixel_max)
            self.scale = (1 / (data.pixel_max * deviation)).to(device, self.dtype)
            self.shift = (mean / deviation).to(device, self.dtype)
        self.least = 1 if cell.last_batch == "smaller" else cell.batch_size
        self.jitter, self.flip = cell.chosen("jitter"), cell.flip is not None
        self.noise = Noise(cells, device)
        self._padded = Padded(self.images, self.jitter)
        self._seeds = [c.seed for c in cells]
        self._orders = Sources(self._seeds, purpose)
        self.position = 0
        self.order = self._shuffle()
        self.probe = _permutations(Sources(self._seeds, "probe"), len(self.images))[
            :, : self.size
        ].to(device)
        held_orders = Sources(self._seeds, "held probe")
        self.held_probe = _permutations(held_orders, len(held_images))[:, : self.size].to(device)

    def next(self) -> Tensor:
        """Return the indices [R, B] of the next batch of each replica; fewer at a pass's end."""
        if self.position + self.least > self.order.shape[1]:
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
        order = _permutations(Sources(self._seeds, "probe"), len(self.images))
        for number in range(1, count + 1):
            yield order[:, number * self.size : (number + 1) * self.size].to(self.images.device)

    def take(self, index: Tensor, *, altered: bool = False) -> tuple[Tensor, Tensor]:
        """Return training inputs [R, B, C, H, W] and labels [R, B] of indices [R, B].

        Inputs lie in [0, 1], or are normalised; with `altered` they are moved and mirrored as the
        cells ask for.
        """
        if altered and (self.jitter or self.flip):
            images = self._altered(index)
        else:
            images = _fetched(self._rows, index, self.images.shape[1:])
        return self._scaled(images), self.labels.take(index)

    def take_held(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Return held-out inputs [R, B, C, H, W] and labels [R, B] of indices [R, B]."""
        images = _fetched(self.held_images.flatten(1), index, self.held_images.shape[1:])
        return self._scaled(images), self.held_labels.take(index)

    def _altered(self, index: Tensor) -> Tensor:
        """Return images [R, B, C, H, W], each moved and mirrored at random."""
        batch, places = index.shape[1:], 2 * self.jitter + 1
        offsets = None
        if self.jitter:
            offsets = self.noise.uniform(JITTER, (2, *batch)).mul_(places).long()
        mirrored = self.noise.uniform(FLIP, batch) < FLIPPED if self.flip else None
        return self._padded.crop(index, offsets, mirrored)

    def chunks(self, which: str) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield inputs [1, n, C, H, W] and labels [1, n] of one of `splits`."""
        images, labels = self.splits[which]
        for start in range(0, len(images), CHUNK):
            part = slice(start, start + CHUNK)
            yield self._scaled(images[None, part]), labels[None, part]

    def state(self) -> dict[str, object]:
        """Return what a resumed run needs to go on with the same order."""
        return {
            "generators": self._orders.state(),
            "order": self.order,
            "position": self.position,
            "noise": self.noise.state(),
        }

    def restore(self, state: dict[str, object]) -> None:
        """Take up the order where `state` left it."""
        states, order, position = state["generators"], state["order"], state["position"]
        assert isinstance(states, Tensor)
        assert isinstance(order, Tensor)
        assert isinstance(position, int)
        self._orders.restore(states)
        self.order, self.position = order.to(self.images.device), position
        noise = state["noise"]
        assert isinstance(noise, dict)
        self.noise.restore(cast("dict[str, Tensor]", noise))

    def _scaled(self, images: Tensor) -> Tensor:
        found = images.to(self.dtype).mul_(self.scale)
        return found if self.shift is None else found.sub_(self.shift)

    def _shuffle(self) -> Tensor:
        return _permutations(self._orders, len(self.images)).to(self.images.device)


def _permutations(sources: Sources, count: int) -> Tensor:
    """Return a permutation of `count` numbers for each replica, [R, count]."""
    return sources.draw(lambda one: torch.randperm(count, generator=one))


def _fetched(rows: Tensor, index: Tensor, shape: torch.Size) -> Tensor:
    """Return the examples [R, B, *shape] of indices [R, B], from flattened ones in rows."""
    return rows.index_select(0, index.flatten()).view(*index.shape, *shape)
