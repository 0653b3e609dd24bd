"""Random data of the shapes that a cell's dataset has, to time on where there are no files.

An update takes the same time whatever the images show and whatever the text says.
"""

import functools
import time
from typing import Any, cast

import torch

from .. import datasets, registry
from ..cell import Cell
from ..datasets import Data, Loaded, Text
from ..declarations import Dataset
from ..families.family import family_for
from ..families.program import Program
from ..training.graphs import RECORDED_AFTER, stepper
from ..training.torch_settings import configure_torch


def data_for(cell: Cell) -> Loaded:
    """Return data in place of the cell's, which is not looked for; a generated task is itself.

    Its shapes are those that the dataset declares. A text of the cell's own (`corpus`) is read:
    its symbols are not known otherwise. Raises UsageError where that cannot be.
    """
    if cell.corpus is not None:
        return datasets.load(cell.dataset, corpus=cell.corpus)
    declared = registry.DATASETS.declared(cell.dataset)
    if declared.shape is not None:
        return _images(declared)
    return datasets.load(cell.dataset) if declared.characters is None else _text(declared)


def program_for(cells: tuple[Cell, ...], device: str, threads: int, matmul: str) -> Program:
    """Return the program that trains `cells` together, on such data.

    The process is configured as the protocol demands (`torch_settings.configure_torch`).

    Args:
        cells: the replicas.
        device: `cpu` or `cuda:i`.
        threads: CPU threads.
        matmul: the back-end of the CPU's matrix products.
    """
    configure_torch(device, threads, matmul)
    family = family_for(cells[0])
    with family.grad_mode():
        return family.program(cells, data_for(cells[0]), torch.device(device))


def step_seconds(cell: Cell, device: str, matmul: str, seconds: float) -> float:
    """Return about how long an update of a cell takes, from `seconds` of them on such data.

    The process is configured as by `program_for`.
    """
    program = program_for((cell,), device, 1, matmul)
    with family_for(cell).grad_mode():
        step = stepper(program)
        for _ in range(1 if device == "cpu" else RECORDED_AFTER):
            step()  # first touches, and on a GPU what is recorded
        steps, start = 0, time.perf_counter()
        while steps == 0 or time.perf_counter() - start < seconds:
            step()
            steps += 1
        if device != "cpu":
            torch.cuda.synchronize(device)
        return (time.perf_counter() - start) / steps


@functools.cache
def _images(declared: Dataset) -> Data:
    import numpy as np

    shape, classes = declared.need("shape"), declared.need("classes")
    pixel_max: int = declared.need("pixel_max")
    train, test = cast("tuple[int, int]", declared.need("examples"))
    rng = np.random.default_rng(0)

    def drawn(count: int) -> Any:
        return rng.integers(0, pixel_max, (count, *shape), np.uint8, endpoint=True)

    return Data(
        train_images=drawn(train),
        train_labels=rng.integers(0, classes, train),
        test_images=drawn(test),
        test_labels=rng.integers(0, classes, test),
        classes=classes,
        pixel_max=pixel_max,
    )


@functools.cache
def _text(declared: Dataset) -> Text:
    import numpy as np

    symbols: int = declared.need("symbols")
    rng = np.random.default_rng(0)
    train, valid, test = (
        rng.integers(0, symbols, size, np.uint8) for size in declared.need("characters")
    )
    alphabet = "".join(map(chr, range(ord("!"), ord("!") + symbols)))
    return Text(train=train, valid=valid, test=test, alphabet=alphabet)
