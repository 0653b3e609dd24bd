"""Backprop: every layer waits for the true gradient of the whole loss. The baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from ..families.feedforward.network import Network
    from ..nn.layers import Pullback

VERSION = 1
SYNTHETIC = False
CONDITIONED = False
TRAINS_HIDDEN = True


def step(network: Network, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
    """
    pullbacks: list[Pullback] = []
    h = x
    for layer in network.hidden:
        h, pullback = layer(h)
        pullbacks.append(pullback)
    logits, pullback = network.classify(h)
    delta = pullback(network.loss_gradient(logits, network.encode(labels)))
    for pullback in reversed(pullbacks[1:]):
        delta = pullback(delta)
    pullbacks[0](delta, need_input=False)
