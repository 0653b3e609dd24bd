"""A stage's part of a network: some of its layers, what they learn from, and the optimiser."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from .. import registry
from ..contract import UNREPEATABLE
from ..families.feedforward.blueprint import architecture_of, blueprint
from ..families.feedforward.losses import Softmax, cross_entropy
from ..families.feedforward.network import Head
from ..families.feedforward.stages import ERRORS, learns_from
from ..families.rule_state import kept
from ..nn.adam import Adam, rates
from ..nn.layers import build
from ..nn.parameters import Parameters
from ..nn.synthetic_gradient import SyntheticGradient, scale_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from ..cell import Cell
    from ..interfaces import Pullback
    from ..nn.blueprint import Shape
    from ..nn.layers import LayerStack

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shapes:
    """The whole network as a rule's `setup` sees it."""

    classes: int
    hidden_shapes: Sequence[Shape]
    weight_shapes: Sequence[Shape]


class Part:
    """Layers `first` to `last - 1` of a cell's network, the classifier being layer depth - 1.

    The initial weights are those of the whole network with the same seed.

    Args:
        cell: the cell.
        image: the shape [C, H, W] of an input.
        classes: the number of classes.
        first: the lowest layer of the part.
        last: the layer above the topmost one of the part.

    Attributes:
        bottom: whether it has the lowest layer of the network.
        top: whether it has the classifier.
        learns_from: of an unlocked part, as `families.feedforward.stages.learns_from`; None of one
            that waits for gradients.
        hidden: its hidden layers, bottom first.
        models: an M for each, or for the topmost only (`sg_at`); none where none is asked for.
        heads: a linear classifier for each hidden layer; none where the rule asks for none.
        feedback: the fixed matrix [1, units, classes] of each hidden layer, which the error at the
            logits comes through; none where the rule learns from something else.
        input_model: the model I of its input; None where it waits for that.
        input_shape: of what comes from below, or of a packed batch: [1, units, B].
        output_shape: of what goes up; of logits where it is the top.
        error_shape: of what comes down to every part where that is the error at the logits: [1,
            classes, B]; None where it is a gradient at what goes up.
    """

    def __init__(
        self, cell: Cell, image: Sequence[int], classes: int, first: int, last: int
    ) -> None:
        plan, rule = blueprint(cell, image, classes), registry.RULES.declared(cell.rule)
        depth: int = cell.need("depth")
        self.cell, self.architecture = cell, architecture_of(cell)
        self.bottom, self.top = first == 0, last == depth
        self.learns_from = learns_from(cell.rule) if cell.schedule in UNREPEATABLE else None
        span = range(first, min(last, depth - 1))
        self.hidden = [build(plan.hidden[i]) for i in span]
        self.classifier = build(plan.classifier) if self.top else None
        self.models: list[SyntheticGradient] = []
        if plan.models:

            def spread(column: Tensor) -> Tensor:
                return self.architecture.per_replica(column, cell)

            join = self.architecture.with_labels if rule.models_see_labels else None
            scale = scale_of([cell], CPU, spread)
            alone = cell.sg_at == "stages"  # at the top of the part, and the classifier has none
            at = span[-1:] if alone and not self.top else () if alone else span
            self.models = [SyntheticGradient(build(plan.models[i]), join, scale) for i in at]
        heads = [build(plan.heads[i]) for i in span if plan.heads]
        self.heads = [Head(self.architecture, 1, head) for head in heads]
        self.feedback: list[Tensor] = []
        self.error_shape: tuple[int, int, int] | None = None
        if self.learns_from == ERRORS:
            self.error_shape = (1, classes, cell.batch_size)
            whole = _Shapes(
                classes=classes, hidden_shapes=plan.shapes, weight_shapes=plan.weight_shapes
            )
            drawn = kept(whole, [cell], CPU)
            self.feedback = [drawn[f"feedback{i}"] for i in span]
        self.input_model: LayerStack | None = None
        if plan.input_models and not self.bottom:
            self.input_model = build(plan.input_models[first - 1])
        sizes = [plan.shapes[first - 1] if first else (math.prod(image),)]
        sizes += [plan.shapes[i] for i in span] + ([(classes,)] if self.top else [])
        self.input_shape = (1, *sizes[0], cell.batch_size)
        self.output_shape = (1, *sizes[-1], cell.batch_size)
        self._pixels = math.prod(image)
        self.weights = Parameters(self.blocks(), [cell], CPU)
        self.adam = Adam(self.weights.flat, self.weights.grads, self._parts())
        self._eye = torch.eye(classes, dtype=self.weights.flat.dtype)
        self.iteration = 0

    def image_shape(self, batch: int) -> tuple[int, int, int]:
        """Return the shape of a packed batch of images."""
        return (1, self._pixels, batch)

    @property
    def waits_for_target(self) -> bool:
        """Whether the target of its topmost M comes from the stage above."""
        return bool(self.models) and not self.top

    def blocks(self) -> list[LayerStack]:
        """Return all stacks of layers with weights, those that learn by themselves last."""
        classifier = [] if self.classifier is None else [self.classifier]
        inputs = [] if self.input_model is None else [self.input_model]
        heads = [head.sequence for head in self.heads]
        models = [model.sequence for model in self.models]
        return [*self.hidden, *classifier, *heads, *models, *inputs]

    def _parts(self) -> list[slice]:
        """Return the columns that are updated together: all else, the topmost M, the model I."""
        starts = [self._start(block) for block in self.blocks()]
        end = self.weights.flat.shape[1]
        cuts = [0]
        alone = int(self.waits_for_target) + int(self.input_model is not None)
        cuts += starts[len(starts) - alone :] if alone else []
        return [slice(*part) for part in itertools.pairwise([*cuts, end])]

    def _start(self, block: LayerStack) -> int:
        return self.weights.spans[next(iter(block.blueprint.shapes))][0]

    def encode(self, labels: Tensor) -> Tensor:
        """Return labels [1, B] as one-hot [1, classes, B]."""
        return torch.embedding(self._eye, labels).mT

    def forward(self, x: Tensor) -> tuple[Tensor, list[Pullback]]:
        """Run all layers; return the output, logits at the top, and the pullbacks bottom first."""
        pullbacks: list[Pullback] = []
        for layer in self.hidden:
            x, pullback = layer(x)
            pullbacks.append(pullback)
        if self.classifier is not None:
            x, pullback = self.classify(x)
            pullbacks.append(pullback)
        return x, pullbacks

    def classify(self, h: Tensor) -> tuple[Tensor, Pullback]:
        """Return logits [1, classes, B] of the topmost h, and the pullback."""
        assert self.classifier is not None
        return Head(self.architecture, 1, self.classifier)(h)

    def backward(self, pullbacks: Sequence[Pullback], delta: Tensor) -> Tensor | None:
        """Write the gradients of all layers; return that at the input, None at the bottom."""
        for pullback in reversed(pullbacks[1:]):
            delta = pullback(delta)
        return pullbacks[0](delta, need_input=not self.bottom)

    def learn_from_error(self, pullbacks: Sequence[Pullback], error: Tensor) -> None:
        """Write the gradients of all layers from the error at the logits [1, classes, B].

        A hidden layer gets it through its own fixed matrix, and nothing of the layers above it.
        """
        hidden = len(self.hidden)
        for pullback, feedback in zip(pullbacks[:hidden], self.feedback, strict=True):
            pullback(feedback @ error, need_input=False)
        for pullback in pullbacks[hidden:]:  # the classifier's
            pullback(error, need_input=False)

    @staticmethod
    def loss_gradient(logits: Tensor, one_hot: Tensor) -> Tensor:
        """Return the gradient of the batch-mean softmax cross-entropy at logits [1, K, B]."""
        return Softmax.gradient(logits, one_hot)

    @staticmethod
    def loss(logits: Tensor, one_hot: Tensor) -> float:
        """Return the batch-mean softmax cross-entropy of logits [1, K, B], in nats."""
        return float(cross_entropy(logits, one_hot).mean())

    def update(self, target: bool = True, inputs: bool = True, at: int | None = None) -> None:
        """Let the optimiser update the weights.

        Args:
            at: the batch by which the learning rate drops; the number of this update if None.
            target: whether the topmost M has learned, where its target comes from above.
            inputs: whether the model I has.
        """
        active = [True]
        active += [target] if self.waits_for_target else []
        active += [inputs] if self.input_model is not None else []
        self.adam.step(rates([self.cell], self.iteration if at is None else at), [active])
        self.iteration += 1

    def evaluate(self, x: Tensor) -> Tensor:
        """Run all layers with the running statistics of batch norm."""
        for layer in self.hidden:
            x = layer.evaluate(x)
        return x if self.classifier is None else self.classifier.evaluate(x)

    def snapshot(self) -> tuple[Tensor, dict[str, Tensor]]:
        """Return copies of the weights and of the running statistics."""
        statistics = {name: one.clone() for name, one in self.weights.statistics.items()}
        return self.weights.flat.clone(), statistics

    def restore(self, snapshot: tuple[Tensor, dict[str, Tensor]]) -> None:
        """Take up the weights and statistics of `snapshot`."""
        self.weights.flat.copy_(snapshot[0])
        for name, one in self.weights.statistics.items():
            one.copy_(snapshot[1][name])
