"""The blueprint of a feed-forward network: everything that has weights, free of torch.

Hidden layers, a linear classifier, and what the rule asks for: a synthetic-gradient model M after
every hidden layer that learns, a linear head or map on every hidden layer, and where layers are
completely unlocked also a synthetic-input model I for the output of every hidden layer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from ... import registry
from ...nn.blueprint import Blueprint, LinearSpec, Shape, sequence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Size, Tensor

    from ...cell import Cell


class Architecture(Protocol):
    """The functions of a module of `networks` for feed-forward networks."""

    def hidden_layers(self, cell: Cell, image: Sequence[int]) -> list[Blueprint]:
        """Return the depth - 1 hidden layers for images [C, H, W]."""
        ...

    def synthetic_gradient(self, cell: Cell, layer: int, labels: int) -> Blueprint:
        """Return M after hidden layer `layer`; it reads h and `labels` more channels."""
        ...

    def synthetic_input(self, cell: Cell, layer: int, image: Sequence[int]) -> Blueprint:
        """Return I, which predicts the output of hidden layer `layer` from the images."""
        ...

    def classifier(self, cell: Cell, inputs: int, classes: int) -> Blueprint:
        """Return the layer on top, which reads so many features."""
        ...

    def square_map(self, cell: Cell, layer: int) -> Blueprint:
        """Return the linear map of h of hidden layer `layer` to something of its shape."""
        ...

    def pack(self, images: Tensor) -> Tensor:
        """Lay images [R, B, C, H, W] out as the first layer takes them."""
        ...

    def with_labels(self, h: Tensor, one_hot: Tensor) -> Tensor:
        """Join one-hot labels [R, K, B] to h."""
        ...

    def per_replica(self, values: Tensor, cell: Cell) -> Tensor:
        """Return values [R] in the shape that broadcasts on h."""
        ...

    def flatten(self, h: Tensor, replicas: int) -> Tensor:
        """Return h as [R, features, B]."""
        ...

    def unflatten(self, flat: Tensor, shape: Size) -> Tensor:
        """Undo `flatten`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedForwardBlueprint:
    """What has weights in a feed-forward network.

    Attributes:
        hidden: the hidden layers, bottom first.
        shapes: of each one's output.
        classifier: the layer on top.
        models: an M a hidden layer that learns; none where the rule asks for none.
        input_models: an I a hidden layer; none where every layer waits for its input.
        heads: a linear classifier a hidden layer; none where the rule asks for none.
        maps: a linear map a hidden layer (`Rule.maps`); none where the rule asks for none.
    """

    hidden: tuple[Blueprint, ...]
    shapes: tuple[Shape, ...]
    classifier: Blueprint
    models: tuple[Blueprint, ...]
    input_models: tuple[Blueprint, ...]
    heads: tuple[Blueprint, ...]
    maps: tuple[Blueprint, ...]

    @property
    def blocks(self) -> tuple[Blueprint, ...]:
        """Return all of them, in the order in which their weights lie."""
        beside = (*self.models, *self.input_models, *self.heads, *self.maps)
        return (*self.hidden, self.classifier, *beside)

    @property
    def weight_shapes(self) -> tuple[Shape, ...]:
        """Return the shape of each hidden layer's weight, bottom first, then the classifier's."""
        layers = (*self.hidden, self.classifier)
        return tuple(
            next(s for name, s in layer.shapes.items() if name.endswith(".weight"))
            for layer in layers
        )


def architecture_of(cell: Cell) -> Architecture:
    """Return the module of the cell's network."""
    return cast("Architecture", registry.network_module(cell.network))


def frozen_layers(cell: Cell) -> int:
    """Return how many hidden layers, from the bottom, keep their initial weights."""
    rule = registry.RULES.declared(cell.rule)
    return rule.frozen(cell.need("depth") - 1, dict(cell.hyperparameters))


def blueprint(cell: Cell, image: Sequence[int], classes: int) -> FeedForwardBlueprint:
    """Return the blueprint of a cell's network for images [C, H, W] of so many classes."""
    kind, rule = architecture_of(cell), registry.RULES.declared(cell.rule)
    hidden = tuple(kind.hidden_layers(cell, image))
    shapes: list[Shape] = []
    for layer in hidden:
        shapes.append(layer.output(shapes[-1] if shapes else tuple(image)))
    sizes, numbers = [math.prod(shape) for shape in shapes], range(len(hidden))
    labels = classes if rule.models_see_labels else 0
    synthetic_inputs = cell.decoupled == "both" or cell.schedule == "completely_unlocked"
    learning = numbers[frozen_layers(cell) if rule.has_models else len(hidden) :]
    return FeedForwardBlueprint(
        hidden=hidden,
        shapes=tuple(shapes),
        classifier=kind.classifier(cell, sizes[-1], classes),
        models=tuple(kind.synthetic_gradient(cell, i, labels) for i in learning),
        input_models=tuple(
            kind.synthetic_input(cell, i, image) for i in numbers if synthetic_inputs
        ),
        heads=tuple(
            _linear(f"head{i}.output", sizes[i], classes, bias=True)
            for i in numbers
            if rule.auxiliary
        ),
        maps=tuple(_map(cell, kind, i, sizes[i], classes) for i in numbers if rule.maps != "none"),
    )


def _map(cell: Cell, kind: Architecture, layer: int, inputs: int, classes: int) -> Blueprint:
    """Return the trained linear map of hidden layer `layer`, which gives so many numbers."""
    if registry.RULES.declared(cell.rule).maps == "square":
        return kind.square_map(cell, layer)
    return _linear(f"map{layer}", inputs, classes, bias=False)


def _linear(name: str, inputs: int, outputs: int, *, bias: bool) -> Blueprint:
    return sequence((name, LinearSpec(inputs, outputs, bias=bias)))
