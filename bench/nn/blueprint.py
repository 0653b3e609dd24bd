"""Blueprints: the layers of a network, as specs with the shapes of their weights, free of torch.

Architectures (`networks`) are written in these. `layers.build` makes running layers of them, and
estimates of memory and work count their weights and products: a shape is written down once.

A `Shape` is that of one example of one replica: (features,), or (C, H, W) of maps.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """A layer that has no weights and keeps the shape of its input; the others say otherwise."""

    @property
    def shapes(self) -> dict[str, Shape]:
        """Shapes of the weights, by name."""
        return {}

    @property
    def statistics(self) -> dict[str, Shape]:
        """Shapes of the running statistics, by name."""
        return {}

    @property
    def fan_in(self) -> int | None:
        """Inputs of a unit, by which the weights are initialised; None where they are not."""
        return None

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the output for an input of `shape`."""
        return shape

    def multiplications(self, shape: Shape) -> int:
        """Return the multiplications of the products of a forward pass on an input of `shape`."""
        del shape
        return 0

    def kept(self, shape: Shape) -> int:
        """Return how many numbers a training pass makes of an input of `shape` for the pullback.

        What writes over its input makes none.
        """
        del shape
        return 0


@dataclass(frozen=True, slots=True)
class ReLUSpec(LayerSpec):
    """Rectifier."""


@dataclass(frozen=True, slots=True)
class ActivationSpec(LayerSpec):
    """Another nonlinearity: `leaky_relu` (slope 0.01) or `tanh`."""

    kind: str


@dataclass(frozen=True, slots=True)
class DropoutSpec(LayerSpec):
    """Dropout: in training each number is zero with probability `rate`, the rest are scaled up."""

    rate: float

    def kept(self, shape: Shape) -> int:
        """Return the sizes of the mask and of the output."""
        return 2 * math.prod(shape)


@dataclass(frozen=True, slots=True)
class LinearSpec(LayerSpec):
    """Linear layer."""

    inputs: int
    outputs: int
    bias: bool

    @property
    def shapes(self) -> dict[str, Shape]:
        """`weight`, and `bias` where it has one."""
        bias: dict[str, Shape] = {"bias": (self.outputs,)} if self.bias else {}
        return {"weight": (self.outputs, self.inputs), **bias}

    @property
    def fan_in(self) -> int:
        """The inputs."""
        return self.inputs

    def output(self, shape: Shape) -> Shape:
        """Return the number of outputs."""
        del shape
        return (self.outputs,)

    def multiplications(self, shape: Shape) -> int:
        """Return the size of the weight."""
        del shape
        return self.inputs * self.outputs

    def kept(self, shape: Shape) -> int:
        """Return the number of outputs, which what follows reads or writes over."""
        del shape
        return self.outputs


@dataclass(frozen=True, slots=True)
class BatchNormSpec(LayerSpec):
    """Batch norm over the batch, `rectified` where a ReLU follows."""

    units: int
    rectified: bool = True

    @property
    def shapes(self) -> dict[str, Shape]:
        """`gamma` and `beta`."""
        return {"gamma": (self.units,), "beta": (self.units,)}

    @property
    def statistics(self) -> dict[str, Shape]:
        """Running `mean` and `variance`."""
        return {"mean": (self.units,), "variance": (self.units,)}

    def kept(self, shape: Shape) -> int:
        """Return the sizes of the normalised input and of the output."""
        return 2 * math.prod(shape)


@dataclass(frozen=True, slots=True)
class ConvSpec(LayerSpec):
    """Convolution of stride 1, padded to keep the resolution."""

    inputs: int
    outputs: int
    kernel: int
    bias: bool

    @property
    def shapes(self) -> dict[str, Shape]:
        """`weight`, and `bias` where it has one."""
        bias: dict[str, Shape] = {"bias": (self.outputs,)} if self.bias else {}
        return {"weight": (self.outputs, self.inputs, self.kernel, self.kernel), **bias}

    @property
    def fan_in(self) -> int:
        """The taps of a filter."""
        return self.inputs * self.kernel * self.kernel

    def output(self, shape: Shape) -> Shape:
        """Return as many maps as there are filters."""
        return (self.outputs, *shape[1:])

    def multiplications(self, shape: Shape) -> int:
        """Return the size of the weight times the positions."""
        return math.prod(self.shapes["weight"]) * math.prod(shape[1:])

    def kept(self, shape: Shape) -> int:
        """Return the size of the output."""
        return math.prod(self.output(shape))


@dataclass(frozen=True, slots=True)
class BatchNorm2dSpec(LayerSpec):
    """Batch norm over the batch and the positions, `rectified` where a ReLU follows."""

    channels: int
    rectified: bool = True

    @property
    def shapes(self) -> dict[str, Shape]:
        """`gamma` and `beta`."""
        return {"gamma": (self.channels,), "beta": (self.channels,)}

    @property
    def statistics(self) -> dict[str, Shape]:
        """Running `mean` and `variance`."""
        return {"mean": (self.channels,), "variance": (self.channels,)}

    def kept(self, shape: Shape) -> int:
        """Return the size of the output."""
        return math.prod(shape)


@dataclass(frozen=True, slots=True)
class PoolSpec(LayerSpec):
    """3 x 3 pooling of stride 2 and padding 1: the `maximum`, or the average (zeros counted)."""

    maximum: bool

    def output(self, shape: Shape) -> Shape:
        """Return half the resolution, rounded up."""
        return (shape[0], *((side + 1) // 2 for side in shape[1:]))

    def kept(self, shape: Shape) -> int:
        """Return the size of the output, and where the maxima were: as large as two numbers."""
        return math.prod(self.output(shape)) * (3 if self.maximum else 1)


@dataclass(frozen=True, slots=True)
class Blueprint:
    """Named layers one after another: `(name, layer)` pairs, bottom first."""

    parts: tuple[tuple[str, LayerSpec], ...]

    @property
    def shapes(self) -> dict[str, Shape]:
        """{name: shape} of all weights."""
        return {f"{name}.{key}": s for name, part in self.parts for key, s in part.shapes.items()}

    @property
    def statistics(self) -> dict[str, Shape]:
        """{name: shape} of all running statistics."""
        return {
            f"{name}.{key}": s for name, part in self.parts for key, s in part.statistics.items()
        }

    @property
    def fan_in(self) -> dict[str, int]:
        """{name: fan-in} of the weights and biases that are initialised by it."""
        return {
            f"{name}.{key}": part.fan_in
            for name, part in self.parts
            if part.fan_in is not None
            for key in part.shapes
        }

    @property
    def weights(self) -> int:
        """Number of weights."""
        return sum(map(math.prod, self.shapes.values()))

    def output(self, shape: Shape) -> Shape:
        """Return the shape of the output for an input of `shape`."""
        for _, part in self.parts:
            shape = part.output(shape)
        return shape

    def multiplications(self, shape: Shape) -> int:
        """Return the multiplications of the products of a forward pass on an input of `shape`."""
        return sum(part.multiplications(seen) for part, seen in self._walk(shape))

    def lowest_multiplications(self, shape: Shape) -> int:
        """Return those of the lowest product alone, 0 without any."""
        found = (part.multiplications(seen) for part, seen in self._walk(shape))
        return next(filter(None, found), 0)

    def kept(self, shape: Shape) -> int:
        """Return how many numbers a training pass makes of an input of `shape` for the pullback."""
        return sum(part.kept(seen) for part, seen in self._walk(shape))

    def products(self, shape: Shape) -> int:
        """Return how many numbers the products of a forward pass leave, of an input of `shape`."""
        return sum(
            math.prod(part.output(seen))
            for part, seen in self._walk(shape)
            if part.multiplications(seen)
        )

    def _walk(self, shape: Shape) -> Iterator[tuple[LayerSpec, Shape]]:
        """Yield each layer with the shape of its input."""
        for _, part in self.parts:
            yield part, shape
            shape = part.output(shape)


def sequence(*parts: tuple[str, LayerSpec]) -> Blueprint:
    """Return the blueprint of these layers, bottom first."""
    return Blueprint(parts)
