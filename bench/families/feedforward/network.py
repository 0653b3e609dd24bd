"""The feed-forward network that a program trains: the same for every rule, baselines included.

Hidden layers, a linear classifier, and what the rule asks for: a synthetic-gradient model M after
every hidden layer that learns, a linear head or map on every hidden layer, and where layers are
completely unlocked also a synthetic-input model I for the output of every hidden layer.
"""

import itertools
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ... import registry
from ...cell import Cell
from ...interfaces import Some
from ...nn.layers import LayerStack, Pullback, build
from ...nn.noise import Noise
from ...nn.parameters import Parameters
from ...nn.synthetic_gradient import SyntheticGradient, scale_of
from ..rule_state import hyperparameters, kept
from .alterations import FLIP, JITTER
from .blueprint import Architecture, architecture_of, blueprint, frozen_layers
from .losses import LOSSES


class Head:
    """A linear block on a layer's output h, whatever the layout of h.

    Args:
        architecture: knows the layout of h.
        replicas: R.
        sequence: the block, which takes [R, features, B].
    """

    def __init__(self, architecture: Architecture, replicas: int, sequence: LayerStack) -> None:
        self.architecture, self.replicas, self.sequence = architecture, replicas, sequence

    def __call__(self, h: Tensor) -> tuple[Tensor, Pullback]:
        """Return what the block makes of h, and the pullback to h."""
        shape, kind = h.shape, self.architecture
        out, pullback = self.sequence(kind.flatten(h, self.replicas))

        def pull(
            delta: Tensor, need_input: bool = True, feedback: Tensor | None = None
        ) -> Tensor | None:
            dx = pullback(delta, need_input=need_input, feedback=feedback)
            return kind.unflatten(dx, shape) if need_input else None

        return out, pull

    def evaluate(self, h: Tensor) -> Tensor:
        """Return what the block makes of h in evaluation mode."""
        return self.sequence.evaluate(self.architecture.flatten(h, self.replicas))


class FeedForwardReplicas:
    """R replicas of the network of `cells`, which differ in replica axes only.

    It is what a rule's `step` and `decoupled_step` see: a `interfaces.DecoupledNetwork`.

    Args:
        cells: one for each replica.
        image: shape [C, H, W] of an input.
        classes: number of classes.
        device: where the weights live.
    """

    def __init__(
        self, cells: Sequence[Cell], image: Sequence[int], classes: int, device: torch.device
    ) -> None:
        cell = cells[0]
        plan, rule = blueprint(cell, image, classes), registry.RULES.declared(cell.rule)
        self.architecture = architecture_of(cell)
        self.classes, self.replicas = classes, len(cells)
        self.frozen = frozen_layers(cell)
        self.hidden, self.hidden_shapes = list(map(build, plan.hidden)), plan.shapes
        self.classifier = build(plan.classifier)

        def spread(column: Tensor) -> Tensor:
            return self.architecture.per_replica(column, cell)

        self.hyperparameters = hyperparameters(cells, device, spread)
        self.models: list[SyntheticGradient] = []
        if plan.models:
            scale = scale_of(cells, device, spread)
            join = self.architecture.with_labels if rule.models_see_labels else None
            self.models = [SyntheticGradient(build(model), join, scale) for model in plan.models]
        self.heads = [self._on_flat(build(head)) for head in plan.heads]
        self._maps = list(map(build, plan.maps))
        square = rule.maps == "square"
        self.maps = self._maps if square else [self._on_flat(one) for one in self._maps]
        self.weight_shapes = plan.weight_shapes
        self.input_models = list(map(build, plan.input_models))
        self.decoupled = cell.decoupled is not None
        self.weights = Parameters(self.blocks(), cells, device)
        self.noise = Noise(cells, device, taken=(JITTER, FLIP))
        for block in self.blocks():
            block.listen(self.noise)
        self.top_loss = LOSSES[cell.chosen("loss_function")]
        self._scores = getattr(registry.RULES.module(cell.rule), "scores", None)
        self._eye = torch.eye(classes, dtype=self.weights.flat.dtype, device=device)
        self.kept = kept(self, cells, device)

    def blocks(self) -> list[LayerStack]:
        """Return all sequences with weights: hidden layers, classifier, Ms, Is, heads and maps."""
        models = [model.sequence for model in self.models]
        heads = [head.sequence for head in self.heads]
        return [*self.hidden, self.classifier, *models, *self.input_models, *heads, *self._maps]

    def trained(self) -> list[slice]:
        """Return the parts of the weights that the rule trains, each with a count of its updates.

        All above the frozen layers as one part, the classifier only, or where layers are decoupled
        each block by itself. A rule that predicts with scores of its own does not train the
        classifier.
        """
        spans, end = self.weights.spans, self.weights.flat.shape[1]
        starts = [spans[next(iter(block.blueprint.shapes))][0] for block in self.blocks()]
        if self.decoupled:
            return [slice(*part) for part in itertools.pairwise([*starts, end])]
        if self.frozen == len(self.hidden):
            return [slice(spans["classifier.weight"][0], spans["classifier.bias"][1])]
        lowest, top = starts[self.frozen], len(self.hidden)
        if not self.predicts_by_scores():
            return [slice(lowest, end)]
        above = starts[top + 1] if top + 1 < len(starts) else end
        return [
            part
            for part in (slice(lowest, starts[top]), slice(above, end))
            if part.stop > part.start
        ]

    def encode(self, labels: Tensor) -> Tensor:
        """Return labels [R, B] as one-hot [R, classes, B]."""
        return torch.embedding(self._eye, labels).mT

    def through_hidden(self, h: Tensor) -> tuple[list[Tensor], list[Pullback]]:
        """Return the output and the pullback of each hidden layer, bottom first; h is packed."""
        outputs: list[Tensor] = []
        pullbacks: list[Pullback] = []
        for layer in self.hidden:
            h, pullback = layer(h)
            outputs.append(h)
            pullbacks.append(pullback)
        return outputs, pullbacks

    def classify(self, h: Tensor) -> tuple[Tensor, Pullback]:
        """Return logits [R, classes, B] of the top hidden layer's h, and the pullback."""
        return self._on_flat(self.classifier)(h)

    def _on_flat(self, sequence: LayerStack) -> Head:
        return Head(self.architecture, self.replicas, sequence)

    def flatten(self, h: Tensor) -> Tensor:
        """Return h as [R, features, B]."""
        return self.architecture.flatten(h, self.replicas)

    def unflatten(self, flat: Tensor, shape: torch.Size) -> Tensor:
        """Return [R, features, B] in the shape `shape` of an h."""
        return self.architecture.unflatten(flat, shape)

    def loss_gradient(self, logits: Tensor, one_hot: Tensor) -> Tensor:
        """Return the gradient of the batch-mean loss at logits [R, K, B]."""
        return self.top_loss.gradient(logits, one_hot)

    def loss(self, logits: Tensor, one_hot: Tensor) -> Tensor:
        """Return the batch-mean loss [R] of logits [R, K, B], in nats."""
        return self.top_loss.of_examples(logits, one_hot).mean(1)

    def predicts_by_scores(self) -> bool:
        """Tell whether the rule predicts with scores of its own, not with the classifier."""
        return self._scores is not None

    def evaluate(self, x: Tensor) -> Tensor:
        """Return logits, or the rule's scores, [R, classes, B], by the running statistics."""
        if self._scores is not None:
            return self._scores(self, x)
        for layer in self.hidden:
            x = layer.evaluate(x)
        return self.classifier.evaluate(self.flatten(x))

    def run_for(
        self,
        block: LayerStack | SyntheticGradient,
        replicas: Some,
        x: Tensor,
        *more: Tensor,
    ) -> Any:
        """Run `block(x, *more)`, moving the running statistics of those replicas only."""
        if not isinstance(replicas, Tensor) and all(replicas):
            return block(x, *more)
        sequence = block.sequence if isinstance(block, SyntheticGradient) else block
        names = () if sequence.waits else sequence.blueprint.statistics
        statistics = [self.weights.statistics[name] for name in names]
        before = [tensor.clone() for tensor in statistics]
        with self.weights.moving_for(replicas):
            found = block(x, *more)
        if isinstance(replicas, Tensor):
            for tensor, earlier in zip(statistics, before, strict=True):
                runs = replicas.view(-1, *[1] * (tensor.dim() - 1))
                tensor.copy_(torch.where(runs, tensor, earlier))
            return found
        idle = [replica for replica, runs in enumerate(replicas) if not runs]
        for tensor, earlier in zip(statistics, before, strict=True):
            tensor[idle] = earlier[idle]
        return found

    @contextmanager
    def untracked(self) -> Generator[None]:
        """Leave the running statistics alone in the training passes inside."""
        for block in self.blocks():
            block.track = False
        try:
            yield
        finally:
            for block in self.blocks():
                block.track = True
