"""No backprop: no gradient reaches the hidden layers, only the classifier learns (paper.md, 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from ..families.feedforward.network import Network

VERSION = 1
SYNTHETIC = False
CONDITIONED = False
TRAINS_HIDDEN = False


def step(network: Network, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update: the classifier's.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
    """
    h = x
    for layer in network.hidden:
        h, _ = layer(h)
    logits, pullback = network.classify(h)
    pullback(network.loss_gradient(logits, network.encode(labels)), need_input=False)
