"""What the benchmarks train: Table 1's MNIST cells at the `quick` scale, on generated images.

Speed does not depend on what the images show, so nothing has to be downloaded.
"""

import dataclasses
import functools

import numpy as np
import torch
from sgbench.bench.cell import Cell
from sgbench.bench.datasets import Data
from sgbench.bench.families.feedforward.program import FeedForwardProgram
from sgbench.reproductions.exhibits.exhibit import expand, load

CPU = torch.device("cpu")


@functools.cache
def quick_cells() -> tuple[Cell, ...]:
    """Return the MNIST cells of Table 1 at `quick`, of one seed, in the grid's order."""
    cells = expand(load("table1"), "quick", seeds=1)
    return tuple(cell for cell in cells if cell.dataset == "mnist")


def quick_cell(network: str, depth: int, rule: str, sg_layers: int | None, **changes) -> Cell:
    """Return one of `quick_cells`, with the fields in `changes` changed."""
    place = (network, depth, rule, sg_layers)
    found = [c for c in quick_cells() if (c.network, c.depth, c.rule, c.sg_layers) == place]
    return dataclasses.replace(found[0], **changes)


def later_cell(rule: str, depth: int = 4, **changes) -> Cell:
    """Return a fully connected cell of a rule that came after the paper, as backprop's is."""
    cell = quick_cell("fcn", depth, "backprop", None, **changes)
    return dataclasses.replace(cell, rule=rule)


def label(cell: Cell) -> str:
    """Return rule and M as people say it: `cdni, M linear`, `dni, M 2 x 1024`."""
    if cell.sg_layers is None:
        return cell.rule
    return f"{cell.rule}, M " + (
        f"{cell.sg_layers} x {cell.sg_units}" if cell.sg_layers else "linear"
    )


@functools.cache
def data(train: int = 60_000, test: int = 10_000) -> Data:
    """Return random images of MNIST's shapes."""
    rng = np.random.default_rng(0)
    return Data(
        train_images=rng.integers(0, 256, (train, 1, 28, 28), dtype=np.uint8),
        train_labels=rng.integers(0, 10, train),
        test_images=rng.integers(0, 256, (test, 1, 28, 28), dtype=np.uint8),
        test_labels=rng.integers(0, 10, test),
        classes=10,
        pixel_max=255,
    )


def program(cell: Cell) -> FeedForwardProgram:
    """Return the program that trains `cell` alone on the CPU."""
    return FeedForwardProgram([cell], data(), CPU)
