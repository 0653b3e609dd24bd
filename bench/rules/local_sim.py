"""Local similarity matching: a layer makes examples as alike as their labels are.

A hidden layer h, and its map V, learn from the mean squared difference of two matrices: how alike
the examples of the batch are in V h, and how alike their labels are (`_similarity`). No gradient
leaves the layer, and the network's classifier learns on top of what the layers became (`sim` of
Nokland & Eidnes 2019, arXiv 1901.06656).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import FeedForwardNetwork, Layer

RULE = Rule(
    name="local_sim",
    label="local sim",
    sentence="a hidden layer learns to make examples as alike as their labels",
    color="#9467ff",
    families=("feedforward",),
    version=1,
    source="arXiv 1901.06656",
    maps="square",
    locking="forward",
    hidden_products=2,
    pair_products=2,  # how alike the examples are, and the gradient of that
    label_leak="a hidden layer learns from how alike the labels of two examples are",
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update, the maps' too.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
    """
    from ._similarity import similarity

    one_hot = network.encode(labels)
    target = similarity(one_hot)
    h = x
    for layer, linear in zip(network.hidden, network.maps, strict=True):
        h, pullback = layer(h)
        pullback(pull_similarity(network, linear, h, target), need_input=False)
    logits, pullback = network.classify(h)
    pullback(network.loss_gradient(logits, one_hot), need_input=False)


def pull_similarity(
    network: FeedForwardNetwork, linear: Layer, h: Tensor, target: Tensor, weight: float = 1.0
) -> Tensor:
    """Write the gradient of a layer's map; return that at h of `weight` times the loss.

    Args:
        network: R replicas.
        linear: the map V.
        h: the layer's output.
        target: how alike the labels are, [R, B, B].
        weight: of the loss.
    """
    from ._similarity import loss_gradient, of_maps, pull_to_maps

    z, pullback = linear(h)
    if z.dim() == 3:  # [R, F, B]
        return pullback(loss_gradient(z, target).mul_(weight))
    delta = loss_gradient(of_maps(z, network.replicas), target).mul_(weight)
    return pullback(pull_to_maps(z, delta))
