"""Layers as pairs: a forward pass, and a pullback written out.

`h, pullback = layer(x)` runs a layer; `dx = pullback(delta)` writes the gradients of its weights
into `grads` and returns the gradient at its input, as the paper thinks of a layer: given a delta,
true or synthetic, it can update at once. Nothing is left for autograd to rebuild.

R replicas run as one. Dense activations are [R, features, batch]: the batch lies innermost, so
that batch norm over the batch is one contiguous layer norm. Convolutional activations are
[batch, R * channels, height, width] in channels-last memory, each replica a group.
A pullback may be called again; with `need_input=False` it does not compute (nor return) dx. With
`feedback`, shaped as the layer's weight, dx goes through that in place of the weight.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from . import blueprint
from .arithmetic import Arithmetic
from .blueprint import Blueprint
from .convolution import BatchNorm2d, Conv, Pool
from .dense import Activation, BatchNorm, Dropout, Linear, Pullback, ReLU
from .noise import Noise
from .running_statistics import RunningStatistics

Tensors = dict[str, Tensor]


class Weighted(Protocol):
    """A part that has weights, as its blueprint says."""

    @property
    def blueprint(self) -> blueprint.LayerSpec:
        """The shapes of its weights and running statistics."""
        ...

    def bind(self, weights: Tensors, grads: Tensors, stats: Tensors) -> None:
        """Take the tensors [R, *shape] of the names in the blueprint to work on."""
        ...


class RunningLayer(Weighted, Protocol):
    """A layer of a `LayerStack`."""

    def __call__(self, x: Tensor, track: bool) -> tuple[Tensor, Pullback]:
        """Run in training mode; `track` moves the running statistics."""
        ...

    def evaluate(self, x: Tensor) -> Tensor:
        """Run with the running statistics."""
        ...


@runtime_checkable
class Multiplies(Protocol):
    """A part with products, computed by its `arithmetic`."""

    arithmetic: Arithmetic


class Block:
    """Named parts that have weights: `(name, part)` pairs, bottom first."""

    def __init__(self, *parts: tuple[str, Weighted]) -> None:
        self.blueprint = Blueprint(tuple((name, part.blueprint) for name, part in parts))
        self._weighted = parts
        self.waits = False
        """True where no layer updates its running statistics before a step ends (`wait`)."""

    def bind(self, weights: Tensors, grads: Tensors, stats: Tensors) -> None:
        """Hand each part its tensors, by the names of the blueprint."""
        for name, part in self._weighted:
            shapes, statistics = part.blueprint.shapes, part.blueprint.statistics
            part.bind(
                {key: weights[f"{name}.{key}"] for key in shapes},
                {key: grads[f"{name}.{key}"] for key in shapes},
                {key: stats[f"{name}.{key}"] for key in statistics},
            )

    def take(self, arithmetic: Arithmetic) -> None:
        """Let all products be computed by `arithmetic`."""
        for _, part in self._weighted:
            if isinstance(part, Multiplies):
                part.arithmetic = arithmetic

    def wait(self, running: RunningStatistics) -> None:
        """Let the running statistics of batch norms wait for the end of a step.

        Those of maps do not: the kernel that normalises moves them.
        """
        self.waits = not any(isinstance(part, BatchNorm2d) for _, part in self._weighted)
        for _, part in self._weighted:
            if isinstance(part, BatchNorm):
                part.running = running

    def listen(self, noise: Noise) -> None:
        """Let dropout be drawn from `noise`, each from a stream of its own."""
        for name, part in self._weighted:
            if isinstance(part, Dropout):
                part.draw = functools.partial(noise.uniform, f"dropout/{name}")


class LayerStack(Block):
    """Named layers run one after another, itself a layer: `(name, layer)` pairs, bottom first."""

    def __init__(self, *parts: tuple[str, RunningLayer]) -> None:
        super().__init__(*parts)
        self.parts = parts
        with_weights = (i for i, (_, part) in enumerate(parts) if isinstance(part, Multiplies))
        self._product = next(with_weights, 0)  # what lies below it has no weights
        self.track = True
        """Whether training passes move the running statistics."""

    def __call__(self, x: Tensor) -> tuple[Tensor, Pullback]:
        """Run in training mode; return the output and the pullback through all parts."""
        pullbacks: list[Pullback] = []
        for _, part in self.parts:
            x, pullback = part(x, self.track)
            pullbacks.append(pullback)
        shape, first = x.shape, self._product

        def pull(
            delta: Tensor, need_input: bool = True, feedback: Tensor | None = None
        ) -> Tensor | None:
            if delta.shape != shape:  # it would be broadcast
                given, wanted = list(delta.shape), list(shape)
                raise ValueError(f"the gradient has shape {given}, the layer's output {wanted}")
            for pullback in reversed(pullbacks[first + 1 :]):
                delta = pullback(delta)
            if feedback is None:
                delta = pullbacks[first](delta, need_input=need_input)
            else:
                delta = pullbacks[first](delta, need_input=need_input, feedback=feedback)
            if not need_input:
                return None
            for pullback in reversed(pullbacks[:first]):
                delta = pullback(delta)
            return delta

        return x, pull

    def evaluate(self, x: Tensor) -> Tensor:
        """Run with the running statistics."""
        for _, part in self.parts:
            x = part.evaluate(x)
        return x


def build(plan: Blueprint) -> LayerStack:
    """Return the running layers of a blueprint, without tensors yet (`LayerStack.bind`)."""
    return LayerStack(*((name, _layer(part)) for name, part in plan.parts))


_LAYERS: dict[type[blueprint.LayerSpec], Callable[[Any], RunningLayer]] = {
    blueprint.LinearSpec: Linear,
    blueprint.BatchNormSpec: BatchNorm,
    blueprint.ReLUSpec: ReLU,
    blueprint.ActivationSpec: Activation,
    blueprint.DropoutSpec: Dropout,
    blueprint.ConvSpec: Conv,
    blueprint.BatchNorm2dSpec: BatchNorm2d,
    blueprint.PoolSpec: Pool,
}


def _layer(plan: blueprint.LayerSpec) -> RunningLayer:
    kind = _LAYERS.get(type(plan))
    if kind is None:
        raise TypeError(f"no running layer for {plan}")
    return kind(plan)


def bound(fan_in: int) -> float:
    """Return b of the initial weights' U(-b, b): torch's default, which the paper does not give."""
    return 1 / math.sqrt(fan_in)
