"""Convolutional: hidden layers convolution, batch norm, ReLU, pooling, and a linear classifier.

The first hidden layer pools by maximum, the others by average; pooling has stride 2 and padding 1,
which the paper leaves open. h, what M reads, is a layer's output after ReLU and pooling.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from ..nn.blueprint import (
    BatchNorm2dSpec,
    Blueprint,
    ConvSpec,
    LayerSpec,
    LinearSpec,
    PoolSpec,
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
    filters: int = cell.need("filters")
    inputs = [image[0]] + [filters] * (cell.need("depth") - 2)
    layers: list[Blueprint] = []
    for i, channels in enumerate(inputs):
        name = f"hidden{i}"
        conv = _conv(cell, name, channels, filters, rectified=i > 0)
        pool: list[tuple[str, LayerSpec]] = [(f"{name}.pool", PoolSpec(maximum=i == 0))]
        if i == 0:  # the rectified largest is the largest of what is rectified, and fewer numbers
            pool.append((f"{name}.relu", ReLUSpec()))
        layers.append(sequence(*conv.parts, *pool))
    return layers


def synthetic_gradient(cell: Cell, layer: int, labels: int) -> Blueprint:
    """Return M after hidden layer `layer`; it reads h and `labels` more channels."""
    prefix, filters = f"sg{layer}", cell.need("filters")
    sizes = [filters + labels, *hidden_sizes(cell, "sg")]
    parts = [
        part
        for j, (inputs, outputs) in enumerate(itertools.pairwise(sizes))
        for part in _conv(cell, f"{prefix}.hidden{j}", inputs, outputs).parts
    ]
    last = ConvSpec(sizes[-1], filters, cell.need("kernel_size"), bias=True)
    return sequence(*parts, (f"{prefix}.output", last))


def classifier(cell: Cell, inputs: int, classes: int) -> Blueprint:
    """Return the layer on top, of so many features."""
    del cell
    return sequence(("classifier", LinearSpec(inputs, classes, bias=True)))


def square_map(cell: Cell, layer: int) -> Blueprint:
    """Return the convolution of hidden layer `layer` that gives as many maps as it reads."""
    filters: int = cell.need("filters")
    return sequence((f"map{layer}", ConvSpec(filters, filters, 3, bias=False)))


def pack(images: Tensor) -> Tensor:
    """Lay images [R, B, C, H, W] out as the first layer takes them: [B, R * C, H, W]."""
    return _merge(images.transpose(0, 1))


def with_labels(h: Tensor, one_hot: Tensor) -> Tensor:
    """Concatenate h [B, R * F, H, W] and labels [R, K, B] as K constant channels a replica."""
    import torch

    replicas, classes, batch = one_hot.shape
    size = h.shape[2:]
    maps = one_hot.permute(2, 0, 1)[..., None, None].expand(batch, replicas, classes, *size)
    return _merge(torch.cat((h.view(batch, replicas, -1, *size), maps), 2))


def per_replica(values: Tensor, cell: Cell) -> Tensor:
    """Return values [R] in the shape that broadcasts on h [B, R * F, H, W]."""
    return values.repeat_interleave(cell.need("filters")).view(1, -1, 1, 1)


def flatten(h: Tensor, replicas: int) -> Tensor:
    """Return h as the classifier takes it, [R, F * H * W, B]."""
    return h.reshape(h.shape[0], replicas, -1).permute(1, 2, 0)


def unflatten(delta: Tensor, shape: Size) -> Tensor:
    """Undo `flatten` for a gradient, `shape` being that of h."""
    return _last(delta.permute(2, 0, 1).reshape(shape))


def _conv(cell: Cell, name: str, inputs: int, outputs: int, *, rectified: bool = True) -> Blueprint:
    conv = ConvSpec(inputs, outputs, cell.need("kernel_size"), bias=False)
    return sequence((name, conv), (name, BatchNorm2dSpec(outputs, rectified=rectified)))


def _merge(maps: Tensor) -> Tensor:
    return _last(maps.flatten(1, 2))


def _last(maps: Tensor) -> Tensor:
    """Lay maps out channels last; a single channel is so by its strides alone, told to torch here.

    Otherwise torch takes it for channels first, and so all that follows until the first pooling.
    """
    import torch

    maps = maps.contiguous(memory_format=torch.channels_last)
    channels, height, width = maps.shape[1:]
    strides = (channels * height * width, 1, channels * width, channels)
    return maps.as_strided(maps.shape, strides) if channels == 1 else maps
