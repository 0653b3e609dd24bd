"""Fully connected: hidden layers Linear, batch norm, ReLU of equal width, and a linear classifier.

The Linear before a batch norm has no bias: the norm would subtract it.
"""

import itertools
from collections.abc import Sequence as Seq

import torch
from torch import Tensor

from ..cell import Cell
from ..nn.layers import BatchNormReLU, Linear, Sequence

Shape = Seq[int]


def hidden_layers(cell: Cell, image: Shape) -> list[Sequence]:
    """Return the depth - 1 hidden layers for images [C, H, W]."""
    width = cell.hidden_units or 0
    inputs = [image[0] * image[1] * image[2]] + [width] * ((cell.depth or 0) - 2)
    return [_dense(f"hidden{i}", size, width) for i, size in enumerate(inputs)]


def hidden_shapes(cell: Cell, image: Shape) -> list[tuple[int, ...]]:
    """Return the shape of each hidden layer's output, of one example and replica."""
    del image
    return [(cell.hidden_units or 0,)] * ((cell.depth or 0) - 1)


def synthetic_gradient(cell: Cell, layer: int, labels: int) -> Sequence:
    """Return M after hidden layer `layer`; it reads h and `labels` more features."""
    width, prefix = cell.hidden_units or 0, f"sg{layer}"
    sizes = [width + labels] + [cell.sg_units or 0] * (cell.sg_layers or 0)
    return _model(prefix, sizes, (f"{prefix}.output", Linear(sizes[-1], width, bias=True)))


def synthetic_input(cell: Cell, layer: int, image: Shape) -> Sequence:
    """Return I, which reads the images [C, H, W] and says what hidden layer `layer` gives."""
    width, prefix = cell.hidden_units or 0, f"si{layer}"
    sizes = [image[0] * image[1] * image[2]] + [cell.si_units or 0] * (cell.si_layers or 0)
    return _model(prefix, sizes, (f"{prefix}.last", Linear(sizes[-1], width, bias=True)))


def _model(prefix: str, sizes: Shape, last: tuple[str, Linear]) -> Sequence:
    """Return hidden layers of `sizes`, the first of which is the input's, and the `last` layer."""
    parts = [
        part
        for j, (inputs, outputs) in enumerate(itertools.pairwise(sizes))
        for part in _dense(f"{prefix}.hidden{j}", inputs, outputs).parts
    ]
    return Sequence(*parts, last)


def pack(images: Tensor) -> Tensor:
    """Lay images [R, B, C, H, W] out as the first layer takes them: [R, C * H * W, B]."""
    return images.flatten(2).mT


def with_labels(h: Tensor, one_hot: Tensor) -> Tensor:
    """Concatenate h [R, F, B] and one-hot labels [R, K, B]: cDNI's input, [R, F + K, B]."""
    return torch.cat((h, one_hot), 1)


def per_replica(values: Tensor, cell: Cell) -> Tensor:
    """Return values [R] in the shape that broadcasts on h [R, F, B]."""
    del cell
    return values.view(-1, 1, 1)


def flatten(h: Tensor, replicas: int) -> Tensor:
    """Return h as the classifier takes it, [R, F, B]."""
    del replicas
    return h


def unflatten(delta: Tensor, shape: torch.Size) -> Tensor:
    """Undo `flatten` for a gradient, `shape` being that of h."""
    del shape
    return delta


def _dense(name: str, inputs: int, outputs: int) -> Sequence:
    weight = (name, Linear(inputs, outputs, bias=False))
    return Sequence(weight, (name, BatchNormReLU(outputs)))
