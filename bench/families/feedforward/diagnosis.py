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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from .batches import Batches
    from .network import FeedForwardReplicas

MOST_BATCHES = 80
"""Most batches that are looked at: 20,480 examples in batches of 256. With far fewer a ridge
regression on some 250 numbers falls short of what it can reach."""
LEAST_BATCHES = 12
PENALTIES = tuple(10.0**exponent for exponent in range(-5, 4))
"""Penalties of the ridge regression, in units of the mean variance of what M sees."""


class Diagnosis(NamedTuple):
    """Two cosines of M: lists by replica, of a value for each hidden layer, bottom first.

    A value is NaN where the layer has no M.

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
    weights = [_Weights() for _ in network.models]
    parts = [[_Moments() for _ in range(3)] for _ in network.models]
    for number, index in enumerate(batches.sample(count)):
        part = (number >= 2 * count // 3) + (number >= 5 * count // 6)
        for i, seen, true in _gradients(network, batches, index, weights):
            if dense:
                parts[i][part].add(seen, true)
    found = _by_replica([one.cosine() for one in weights], network.frozen)
    if not dense:
        return Diagnosis(found, None)
    return Diagnosis(found, _by_replica([ridge_cosine(*three) for three in parts], network.frozen))


def _gradients(
    network: FeedForwardReplicas, batches: Batches, index: Tensor, sums: Sequence[_Weights]
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
        outputs, pullbacks = network.through_hidden(h)
        logits, pullback = network.classify(outputs[-1])
        delta: Tensor = pullback(network.loss_gradient(logits, one_hot))
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


def _zero() -> Tensor:
    return torch.zeros(())


@dataclass
class _Weights:
    """The gradients of a layer's weights, summed over the batches, [R, weights]."""

    said: Tensor = field(default_factory=_zero)  # by what M predicts
    true: Tensor = field(default_factory=_zero)

    def cosine(self) -> Tensor:
        """Return the cosine [R] of the two."""
        return torch.cosine_similarity(self.said.double(), self.true.double(), 1, eps=0)


@dataclass
class _Moments:
    """Second moments of regressors x and what is regressed, y, summed over batches, float64."""

    square: Tensor = field(default_factory=_zero)  # x x^T with a one joined to x, [R, d + 1, d + 1]
    product: Tensor = field(default_factory=_zero)  # x y^T, [R, d + 1, units]
    size: Tensor = field(default_factory=_zero)  # y^T y, [R]

    def add(self, seen: Tensor, true: Tensor) -> None:
        """Add the examples of x [R, d, B] and y [R, units, B]."""
        one = seen.new_ones((seen.shape[0], 1, seen.shape[2]))
        x = torch.cat([seen, one], 1)
        self.square = self.square + (x @ x.mT).double()
        self.product = self.product + (x @ true.mT).double()
        self.size = self.size + true.double().square().sum((1, 2))

    def cosine(self, fit: Tensor) -> Tensor:
        """Return the cosine [R] of y and what the coefficients `fit` make of x."""
        said = (fit * (self.square @ fit)).sum((1, 2))
        return (fit * self.product).sum((1, 2)) / (said * self.size).sqrt()


def ridge_cosine(fitted: _Moments, choosing: _Moments, held: _Moments) -> Tensor:
    """Return the cosine [R] on examples `held` of the penalty that is best on those `choosing`."""
    fits = torch.stack(ridge(fitted.square, fitted.product, PENALTIES))
    scores = torch.stack([choosing.cosine(fit) for fit in fits]).nan_to_num(-math.inf)
    best = fits[scores.argmax(0), torch.arange(scores.shape[1], device=scores.device)]
    return held.cosine(best)


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
    values, vectors = cast("tuple[Tensor, Tensor]", torch.linalg.eigh(covariance))
    turned, variance = vectors.mT @ mixed, values.mean(1).view(-1, 1, 1)
    found: list[Tensor] = []
    for penalty in penalties:
        slopes = vectors @ (turned / (values.clamp(min=0).unsqueeze(2) + penalty * variance))
        found.append(torch.cat([slopes, mean_y - mean_x.mT @ slopes], 1))
    return found


def _by_replica(layers: Sequence[Tensor], frozen: int) -> list[list[float]]:
    """Return values [R] of each layer above the frozen ones as a list per replica."""
    rows = cast("list[list[float]]", torch.stack(list(layers), 1).tolist())
    return [[math.nan] * frozen + row for row in rows]
