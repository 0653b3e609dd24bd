"""Mono-Forward: a hidden layer learns from class scores that a matrix of its own makes of it.

    loss_i = cross-entropy of M_i h_i

M_i [classes, units], without bias, is trained with its layer, and no gradient leaves the layer. The
network predicts by the topmost layer's scores, or with `mf_sum` = 1 by the sum of all layers'; its
classifier has no part in it. (The rule as arXiv 2511.01061 and its code, BeyondBackpropagation,
have it; there the input has an M too, which teaches no layer.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Hyperparameter, Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import FeedForwardNetwork

RULE = Rule(
    name="mono_forward",
    label="Mono-Forward",
    sentence="a hidden layer learns from class scores that a trained matrix makes of its output",
    color="#999933",
    families=("feedforward",),
    networks=("fcn",),
    version=1,
    source="arXiv 2511.01061",
    hyperparameters=(
        Hyperparameter(
            name="mf_sum",
            doc="1: predict by the sum of all layers' scores, 0: by the topmost's (mono_forward)",
            kind=int,
            default=0,
            min=0,
            max=1,
            optional=True,
        ),
    ),
    maps="classes",
    locking="forward",
    hidden_products=2,
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update, those of every M too.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
    """
    one_hot = network.encode(labels)
    h = x
    for layer, matrix in zip(network.hidden, network.maps, strict=True):
        h, pullback = layer(h)
        logits, pull_scores = matrix(h)
        pullback(pull_scores(network.loss_gradient(logits, one_hot)), need_input=False)


def scores(network: FeedForwardNetwork, x: Tensor) -> Tensor:
    """Return the class scores [R, K, B] of inputs x, in evaluation mode."""
    every: list[Tensor] = []
    for layer, matrix in zip(network.hidden, network.maps, strict=True):
        x = layer.evaluate(x)
        every.append(matrix.evaluate(x))
    return sum(every[1:], every[0]) if network.hyperparameters["mf_sum"] else every[-1]
