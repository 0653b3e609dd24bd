"""Random data of the shapes that a cell's dataset has, to time on where there are no files.

An update takes the same time whatever the images show and whatever the text says.
"""

import functools
from typing import Any

import torch

from .. import datasets
from ..cell import Cell
from ..datasets import Data, Episodes, Text
from ..families.family import of
from ..families.program import Program
from ..training.loop import configure_torch

_IMAGES = {
    "mnist": (60_000, 10_000, (1, 28, 28), 255),
    "cifar10": (50_000, 10_000, (3, 32, 32), 255),
    "digits": (1_437, 360, (1, 8, 8), 16),
    "counting": (60_000, 10_000, (1, 28, 28), 255),
    "counting_digits": (1_437, 360, (1, 8, 8), 16),
}
"""Examples to train on and for the test, shape [C, H, W], and the largest pixel."""
_TEXTS = {"ptb": ((5_017_482, 393_042, 442_423), 50), "descriptions": ((38_748, 2_153, 2_153), 92)}
"""Characters of the three parts, and symbols."""
CLASSES = 10


def data_for(cell: Cell) -> Data | Episodes | Text:
    """Return data in place of the cell's, which is not looked for; a generated task is itself.

    A text of the cell's own (`corpus`) is read: its symbols are not known otherwise. Raises
    UsageError where that cannot be.
    """
    if cell.corpus is not None:
        return datasets.load(cell.dataset, corpus=cell.corpus)
    if cell.dataset in _IMAGES:
        return _images(cell.dataset)
    return _text(cell.dataset) if cell.dataset in _TEXTS else datasets.load(cell.dataset)


def program_for(cells: tuple[Cell, ...], device: str, threads: int, matmul: str) -> Program:
    """Return the program that trains `cells` together, on such data.

    The process is configured as the protocol demands (`loop.configure_torch`).

    Args:
        cells: the replicas.
        device: `cpu` or `cuda:i`.
        threads: CPU threads.
        matmul: the back-end of the CPU's matrix products.
    """
    configure_torch(device, threads, matmul, cells[0].precision)
    family = of(cells[0])
    with family.grad_mode():
        return family.program(cells, data_for(cells[0]), torch.device(device))


@functools.cache
def _images(dataset: str) -> Data:
    import numpy as np

    train, test, shape, pixel_max = _IMAGES[dataset]
    rng = np.random.default_rng(0)

    def drawn(count: int) -> Any:
        return rng.integers(0, pixel_max, (count, *shape), np.uint8, endpoint=True)

    return Data(
        train_images=drawn(train),
        train_labels=rng.integers(0, CLASSES, train),
        test_images=drawn(test),
        test_labels=rng.integers(0, CLASSES, test),
        classes=CLASSES,
        pixel_max=pixel_max,
    )


@functools.cache
def _text(dataset: str) -> Text:
    import numpy as np

    sizes, symbols = _TEXTS[dataset]
    rng = np.random.default_rng(0)
    train, valid, test = (rng.integers(0, symbols, size, np.uint8) for size in sizes)
    alphabet = "".join(map(chr, range(ord("!"), ord("!") + symbols)))
    return Text(train=train, valid=valid, test=test, alphabet=alphabet)
