"""Fully connected: hidden layers Linear, batch norm, ReLU of equal width, and a linear classifier.

The Linear before a batch norm has no bias: the norm would subtract it. A cell may ask for another
nonlinearity, for none of the norm, and for dropout, which lies below the layer that it is to train:
what a hidden layer gives, and its own loss sees, is its output before dropout.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from ..nn.blueprint import (
    ActivationSpec,
    BatchNormSpec,
    Blueprint,
    DropoutSpec,
    LayerSpec,
    LinearSpec,
    ReLUSpec,
    sequence,
)
from ._models import hidden_sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Size, Tensor

    from ..cell import Cell


def hidden_layers(cell: Cell, image: Sequence[int]) -> list[Blueprint]:
    """Return the depth - 1 hidden layers for images [C, H, W]."""
    width: int = cell.need("hidden_units")
    inputs = [math.prod(image)] + [width] * (cell.need("depth") - 2)
    return [_hidden(cell, i, size, width) for i, size in enumerate(inputs)]


def classifier(cell: Cell, inputs: int, classes: int) -> Blueprint:
    """Return the layer on top, of so many features."""
    below = _dropout(cell, "classifier")
    return sequence(*below, ("classifier", LinearSpec(inputs, classes, bias=True)))


def square_map(cell: Cell, layer: int) -> Blueprint:
    """Return the linear map of hidden layer `layer` that gives as many numbers as it reads."""
    width: int = cell.need("hidden_units")
    return sequence((f"map{layer}", LinearSpec(width, width, bias=False)))


def synthetic_gradient(cell: Cell, layer: int, labels: int) -> Blueprint:
    """Return M after hidden layer `layer`; it reads h and `labels` more features."""
    width, prefix = cell.need("hidden_units"), f"sg{layer}"
    sizes = [width + labels, *hidden_sizes(cell, "sg")]
    return _model(prefix, sizes, (f"{prefix}.output", LinearSpec(sizes[-1], width, bias=True)))


def synthetic_input(cell: Cell, layer: int, image: Sequence[int]) -> Blueprint:
    """Return I, which predicts the output of hidden layer `layer` from the images [C, H, W]."""
    width, prefix = cell.need("hidden_units"), f"si{layer}"
    sizes = [math.prod(image), *hidden_sizes(cell, "si")]
    return _model(prefix, sizes, (f"{prefix}.last", LinearSpec(sizes[-1], width, bias=True)))


def _model(prefix: str, sizes: Sequence[int], last: tuple[str, LinearSpec]) -> Blueprint:
    """Return hidden layers of `sizes`, the first of which is the input's, and the `last` layer."""
    parts = [
        part
        for j, (inputs, outputs) in enumerate(itertools.pairwise(sizes))
        for part in _dense(f"{prefix}.hidden{j}", inputs, outputs).parts
    ]
    return sequence(*parts, last)


def pack(images: Tensor) -> Tensor:
    """Lay images [R, B, C, H, W] out as the first layer takes them: [R, C * H * W, B]."""
    return images.flatten(2).mT


def with_labels(h: Tensor, one_hot: Tensor) -> Tensor:
    """Concatenate h [R, F, B] and one-hot labels [R, K, B]: cDNI's input, [R, F + K, B]."""
    import torch

    return torch.cat((h, one_hot), 1)


def per_replica(values: Tensor, cell: Cell) -> Tensor:
    """Return values [R] in the shape that broadcasts on h [R, F, B]."""
    del cell
    return values.view(-1, 1, 1)


def flatten(h: Tensor, replicas: int) -> Tensor:
    """Return h as the classifier takes it, [R, F, B]."""
    del replicas
    return h


def unflatten(delta: Tensor, shape: Size) -> Tensor:
    """Undo `flatten` for a gradient, `shape` being that of h."""
    del shape
    return delta


def _dense(name: str, inputs: int, outputs: int) -> Blueprint:
    return sequence((name, LinearSpec(inputs, outputs, bias=False)), (name, BatchNormSpec(outputs)))


def _hidden(cell: Cell, number: int, inputs: int, outputs: int) -> Blueprint:
    """Return a hidden layer: dropout of its input, Linear, batch norm, nonlinearity."""
    name, activation, normed = f"hidden{number}", cell.chosen("activation"), cell.norm is None
    rectified = activation == "relu"
    parts: list[tuple[str, LayerSpec]] = _dropout(cell, name) if number else []
    parts.append((name, LinearSpec(inputs, outputs, bias=not normed)))
    if normed:
        parts.append((name, BatchNormSpec(outputs, rectified=rectified)))
    if not rectified:
        parts.append((f"{name}.activation", ActivationSpec(activation)))
    elif not normed:
        parts.append((f"{name}.activation", ReLUSpec()))
    return sequence(*parts)


def _dropout(cell: Cell, name: str) -> list[tuple[str, LayerSpec]]:
    return [] if cell.dropout is None else [(name, DropoutSpec(cell.dropout))]
