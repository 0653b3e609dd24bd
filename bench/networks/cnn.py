"""Convolutional: hidden layers convolution, batch norm, ReLU, pooling, and a linear classifier.

The first hidden layer pools by maximum, the others by average; pooling has stride 2 and padding 1,
which the paper leaves open. h, what M reads, is a layer's output after ReLU and pooling.
"""

import itertools
from collections.abc import Sequence as Seq

import torch
from torch import Tensor

from ..cell import Cell
from ..nn.layers import BatchNorm2d, Conv, Layer, Pool, ReLU, Sequence

Shape = Seq[int]


def hidden_layers(cell: Cell, image: Shape) -> list[Sequence]:
    """Return the depth - 1 hidden layers for images [C, H, W]."""
    filters = cell.filters or 0
    inputs = [image[0]] + [filters] * (_depth(cell) - 2)
    layers: list[Sequence] = []
    for i, channels in enumerate(inputs):
        name = f"hidden{i}"
        conv = _conv(cell, name, channels, filters, rectified=i > 0)
        pool: list[tuple[str, Layer]] = [(f"{name}.pool", Pool("average" if i else "max"))]
        if i == 0:  # the rectified largest is the largest of what is rectified, and fewer numbers
            pool.append((f"{name}.relu", ReLU()))
        layers.append(Sequence(*conv.parts, *pool))
    return layers


def hidden_shapes(cell: Cell, image: Shape) -> list[tuple[int, ...]]:
    """Return the shape of each hidden layer's output, of one example and replica."""
    (_, height, width), found = image, list[tuple[int, ...]]()
    for _ in range(_depth(cell) - 1):
        height, width = (height + 1) // 2, (width + 1) // 2
        found.append((cell.filters or 0, height, width))
    return found


def synthetic_gradient(cell: Cell, layer: int, labels: int) -> Sequence:
    """Return M after hidden layer `layer`; it reads h and `labels` more channels."""
    prefix = f"sg{layer}"
    sizes = [(cell.filters or 0) + labels] + [cell.sg_units or 0] * (cell.sg_layers or 0)
    parts = [
        part
        for j, (inputs, outputs) in enumerate(itertools.pairwise(sizes))
        for part in _conv(cell, f"{prefix}.hidden{j}", inputs, outputs).parts
    ]
    last = Conv(sizes[-1], cell.filters or 0, cell.kernel_size or 0, bias=True)
    return Sequence(*parts, (f"{prefix}.output", last))


def pack(images: Tensor) -> Tensor:
    """Lay images [R, B, C, H, W] out as the first layer takes them: [B, R * C, H, W]."""
    return _merge(images.transpose(0, 1))


def with_labels(h: Tensor, one_hot: Tensor) -> Tensor:
    """Concatenate h [B, R * F, H, W] and labels [R, K, B] as K constant channels a replica."""
    replicas, classes, batch = one_hot.shape
    size = h.shape[2:]
    maps = one_hot.permute(2, 0, 1)[..., None, None].expand(batch, replicas, classes, *size)
    return _merge(torch.cat((h.view(batch, replicas, -1, *size), maps), 2))


def per_replica(values: Tensor, cell: Cell) -> Tensor:
    """Return values [R] in the shape that broadcasts on h [B, R * F, H, W]."""
    return values.repeat_interleave(cell.filters or 0).view(1, -1, 1, 1)


def flatten(h: Tensor, replicas: int) -> Tensor:
    """Return h as the classifier takes it, [R, F * H * W, B]."""
    return h.reshape(h.shape[0], replicas, -1).permute(1, 2, 0)


def unflatten(delta: Tensor, shape: torch.Size) -> Tensor:
    """Undo `flatten` for a gradient, `shape` being that of h."""
    return _last(delta.permute(2, 0, 1).reshape(shape))


def _depth(cell: Cell) -> int:
    return cell.depth or 0


def _conv(cell: Cell, name: str, inputs: int, outputs: int, *, rectified: bool = True) -> Sequence:
    weight = (name, Conv(inputs, outputs, cell.kernel_size or 0, bias=False))
    return Sequence(weight, (name, BatchNorm2d(outputs, rectified=rectified)))


def _merge(maps: Tensor) -> Tensor:
    return _last(maps.flatten(1, 2))


def _last(maps: Tensor) -> Tensor:
    """Lay maps out channels last; a single channel is so by its strides alone, told to torch here.

    Otherwise torch takes it for channels first, and so all that follows until the first pooling.
    """
    maps = maps.contiguous(memory_format=torch.channels_last)
    channels, height, width = maps.shape[1:]
    strides = (channels * height * width, 1, channels * width, channels)
    return maps.as_strided(maps.shape, strides) if channels == 1 else maps
