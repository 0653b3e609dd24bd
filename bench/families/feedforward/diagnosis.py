"""Diagnosis of the models M of a trained network, on many training examples.

The cosine that a program's probe gives is per example: it says how far M knows what a single
example asks for. Two numbers beside it say what that means for training:

    weight cosine   of the gradients that the layer's weights get, summed over all examples, from
                    what M predicts and from the true gradient: what averages out over examples
                    plays no part
    ridge cosine    that a ridge regression of the true gradient on what M sees reaches on examples
                    that it was not fitted on: how far the true gradient can be told, linearly, by
                    what M sees

The true gradient is backprop's, through all layers above, in training mode, batch by batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from .batches import Batches
    from .network import FeedForwardReplicas

MOST_BATCHES = 80
"""Of 256 examples 20,480: with fewer, a ridge regression of some 250 numbers falls well short."""
LEAST_BATCHES = 12
PENALTIES = tuple(10.0**exponent for exponent in range(-5, 4))
"""Of the ridge regression, relative to the mean variance of what M sees."""


class Diagnosis(NamedTuple):
    """Of each replica a value a hidden layer, bottom first; NaN where there is none.

    Attributes:
        weight_cosine: see the module.
        ridge_cosine: see the module; None for convolutional layers, whose M sees neighbourhoods.
    """

    weight_cosine: list[list[float]]
    ridge_cosine: list[list[float]] | None


def diagnose(network: FeedForwardReplicas, batches: Batches) -> Diagnosis | None:
    """Return the diagnosis of a network's models; None without M, or with too few examples.

    Nothing of the network changes but the gradients that are written.

    Args:
        network: R replicas.
        batches: the data that they were trained on.
    """
    count = min(batches.available, MOST_BATCHES)
    if not network.models or count < LEAST_BATCHES:
        return None
    dense = len(network.hidden_shapes[0]) == 1
    fitted, chosen = 2 * count // 3, 5 * count // 6
    sums = [_Sums() for _ in network.models]
    rest: list[list[tuple[Tensor, Tensor]]] = [[] for _ in network.models]
    for number, index in enumerate(batches.sample(count)):
        for i, seen, true in _gradients(network, batches, index, sums):
            if dense and number < fitted:
                sums[i].add(seen, true)
            elif dense:
                rest[i].append((seen, true))
    weight = [one.weight_cosine() for one in sums]
    ridge = None
    if dense:
        ridge = [
            one.ridge_cosine(held[: chosen - fitted], held[chosen - fitted :])
            for one, held in zip(sums, rest, strict=True)
        ]
    frozen = network.frozen
    return Diagnosis(_by_replica(weight, frozen), ridge and _by_replica(ridge, frozen))


def _gradients(
    network: FeedForwardReplicas, batches: Batches, index: Tensor, sums: Sequence[_Sums]
) -> list[tuple[int, Tensor, Tensor]]:
    """Add the weights' gradients of a batch [R, B] to the sums of each layer with an M.

    Returns of each the number, what M sees [R, d, B], and the true gradient [R, units, B].
    """
    images, labels = batches.take(index)
    one_hot, h = network.encode(labels), network.architecture.pack(images)
    written = network.weights.views(network.weights.grads)
    layers = list(enumerate(network.models, network.frozen))
    found: list[tuple[int, Tensor, Tensor]] = []
    with network.untracked():
        outputs: list[Tensor] = []
        pullbacks = []
        for layer in network.hidden:
            h, pullback = layer(h)
            outputs.append(h)
            pullbacks.append(pullback)
        logits, pullback = network.classify(h)
        delta = pullback(network.loss_gradient(logits, one_hot))
        for i, model in reversed(layers):
            weight, below = written[f"hidden{i}.weight"], i > network.frozen
            synthetic = model(outputs[i], one_hot)[0]
            seen = network.flatten(outputs[i])
            if model.with_labels is not None:
                seen = torch.cat([seen, one_hot], 1)
            found.append((i - network.frozen, seen, network.flatten(delta)))
            of_layer = sums[i - network.frozen]
            pullbacks[i](synthetic, need_input=False)
            of_layer.said = of_layer.said + weight.flatten(1)
            delta = pullbacks[i](delta, need_input=below)
            of_layer.true = of_layer.true + weight.flatten(1)
    return found


@dataclass
class _Sums:
    """Sums over the batches of a layer, of R replicas; those of the regression in float64."""

    said: Tensor | float = 0.0  # the gradient of the weights by M, [R, weights]
    true: Tensor | float = 0.0  # the true one
    square: Tensor | float = 0.0  # of what M sees, with a one joined to it, [R, d + 1, d + 1]
    product: Tensor | float = 0.0  # of that and the true gradient at h, [R, d + 1, units]

    def add(self, seen: Tensor, true: Tensor) -> None:
        x = _with_one(seen)
        self.square = self.square + (x @ x.mT).double()
        self.product = self.product + (x @ true.mT).double()

    def weight_cosine(self) -> Tensor:
        assert not isinstance(self.said, float)
        assert not isinstance(self.true, float)
        return torch.cosine_similarity(self.said.double(), self.true.double(), 1, eps=0)

    def ridge_cosine(
        self, choosing: Sequence[tuple[Tensor, Tensor]], held: Sequence[tuple[Tensor, Tensor]]
    ) -> Tensor:
        """Return the cosine [R] on the batches `held`, of the penalty best on those `choosing`."""
        assert not isinstance(self.square, float)
        assert not isinstance(self.product, float)
        fits = ridge(self.square, self.product, PENALTIES)
        scores = torch.stack([_cosine(fit, choosing) for fit in fits]).nan_to_num(-math.inf)
        best, at = scores.argmax(0), torch.arange(scores.shape[1], device=scores.device)
        return _cosine(torch.stack(list(fits))[best, at], held)


def ridge(square: Tensor, product: Tensor, penalties: Sequence[float]) -> list[Tensor]:
    """Return the coefficients of a ridge regression with an intercept, for several penalties.

    Args:
        square: X X^T of regressors X [R, d + 1, N] whose last row is one, [R, d + 1, d + 1].
        product: X Y^T of regressors and what is regressed, [R, d + 1, units].
        penalties: on the squared coefficients, the intercept's apart, relative to the mean variance
            of a regressor.

    Returns of each penalty the coefficients [R, d + 1, units], the intercepts last.
    """
    count = square[:, -1:, -1:]
    mean_x, mean_y = square[:, :-1, -1:] / count, product[:, -1:] / count
    covariance = square[:, :-1, :-1] / count - mean_x @ mean_x.mT
    mixed = product[:, :-1] / count - mean_x @ mean_y
    values, vectors = torch.linalg.eigh(covariance)
    turned, variance = vectors.mT @ mixed, values.mean(1).view(-1, 1, 1)
    found: list[Tensor] = []
    for penalty in penalties:
        slopes = vectors @ (turned / (values.clamp(min=0).unsqueeze(2) + penalty * variance))
        found.append(torch.cat([slopes, mean_y - mean_x.mT @ slopes], 1))
    return found


def _cosine(coefficients: Tensor, batches: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Return the cosine [R] of what is predicted on the batches and the true gradient."""
    by = coefficients.mT.to(batches[0][0].dtype)
    said = torch.cat([by @ _with_one(seen) for seen, _ in batches], 2).double().flatten(1)
    true = torch.cat([true for _, true in batches], 2).double().flatten(1)
    return torch.cosine_similarity(said, true, 1, eps=0)


def _with_one(seen: Tensor) -> Tensor:
    """Return values [R, d, B] with a last row of ones."""
    return torch.cat([seen, seen.new_ones((seen.shape[0], 1, seen.shape[2]))], 1)


def _by_replica(layers: Sequence[Tensor], frozen: int) -> list[list[float]]:
    """Return values [R] of each layer above the frozen ones as a list a replica."""
    return [[math.nan] * frozen + row for row in torch.stack(list(layers), 1).tolist()]
