"""The network that a program trains: the same for every rule, baselines included.

Hidden layers, a linear classifier, and (for rules that have them) a synthetic-gradient model M
after every hidden layer; where layers are completely unlocked also a synthetic-input model I for
what every hidden layer gives.
"""

import itertools
from collections.abc import Generator
from collections.abc import Sequence as Seq
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from ... import networks, rules
from ...cell import Cell
from ...nn.layers import Linear, Sequence
from ...nn.parameters import Parameters
from ...nn.synthetic_gradient import SyntheticGradient, by_replica, scale_of


class Network:
    """R replicas of the network of `cells`, which differ in replica axes only.

    Args:
        cells: one for each replica.
        image: shape [C, H, W] of an input.
        classes: number of classes.
        device: where the weights live.
    """

    def __init__(
        self, cells: Seq[Cell], image: Seq[int], classes: int, device: torch.device
    ) -> None:
        cell = cells[0]
        self.kind: Any = networks.load(cell.network)
        self.classes, self.replicas = classes, len(cells)
        self.hidden: list[Sequence] = self.kind.hidden_layers(cell, image)
        top = Linear(self.kind.features(cell, image), classes, bias=True)
        self.classifier = Sequence(("classifier", top))
        rule = rules.load(cell.rule)

        def spread(column: Tensor) -> Tensor:
            return self.kind.per_replica(column, cell)

        lambdas = [c.bp_lambda or 0.0 for c in cells]
        self.bp_lambda = by_replica(lambdas, cell, device, spread)
        self.models: list[SyntheticGradient] = []
        if rule.SYNTHETIC:
            labels = classes if rule.CONDITIONED else 0
            scale = scale_of(cells, device, spread)
            self.models = [
                SyntheticGradient(
                    self.kind.synthetic_gradient(cell, i, labels),
                    self.kind.with_labels if rule.CONDITIONED else None,
                    scale,
                )
                for i in range(len(self.hidden))
            ]
        self.inputs: list[Sequence] = []
        if cell.decoupled == "both":
            self.inputs = [
                self.kind.synthetic_input(cell, i, image) for i in range(len(self.hidden))
            ]
        self.decoupled = cell.decoupled is not None
        self.weights = Parameters(self.blocks(), cells, device)
        self._eye = torch.eye(classes, dtype=self.weights.flat.dtype, device=device)

    def blocks(self) -> list[Sequence]:
        """Return all sequences that have weights: hidden layers, classifier, the Ms, the Is."""
        models = [model.sequence for model in self.models]
        return [*self.hidden, self.classifier, *models, *self.inputs]

    def trained(self, rule: str) -> list[slice]:
        """Return the parts of the weights that the rule trains, each with a count of its updates.

        All as one part, the classifier only, or where layers are decoupled each block by itself.
        """
        spans, end = self.weights.spans, self.weights.flat.shape[1]
        if self.decoupled:
            starts = [spans[next(iter(block.declare("shapes")))][0] for block in self.blocks()]
            return [slice(*part) for part in itertools.pairwise([*starts, end])]
        if not rules.load(rule).TRAINS_HIDDEN:
            return [slice(spans["classifier.weight"][0], spans["classifier.bias"][1])]
        return [slice(0, end)]

    def encode(self, labels: Tensor) -> Tensor:
        """Return labels [R, B] as one-hot [R, classes, B]."""
        return torch.embedding(self._eye, labels).mT

    def classify(self, h: Tensor) -> tuple[Tensor, Any]:
        """Return logits [R, classes, B] of the top hidden layer's h, and the pullback."""
        flat, shape = self.kind.flatten(h, self.replicas)
        logits, pullback = self.classifier(flat)

        def pull(delta: Tensor, need_input: bool = True) -> Tensor | None:
            dx = pullback(delta, need_input=need_input)
            return self.kind.unflatten(dx, shape) if need_input else None

        return logits, pull

    @staticmethod
    def loss_gradient(logits: Tensor, one_hot: Tensor) -> Tensor:
        """Return the gradient of the batch-mean softmax cross-entropy at logits [R, K, B]."""
        return torch.softmax(logits, 1).sub_(one_hot).div_(logits.shape[2])

    def evaluate(self, x: Tensor) -> Tensor:
        """Return logits [R, classes, B] with the running statistics of batch norm."""
        for layer in self.hidden:
            x = layer.evaluate(x)
        return self.classifier.evaluate(self.kind.flatten(x, self.replicas)[0])

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


def cross_entropy(logits: Tensor, one_hot: Tensor) -> Tensor:
    """Return each example's softmax cross-entropy in nats, [R, B]."""
    return torch.logsumexp(logits, 1) - (logits * one_hot).sum(1)
