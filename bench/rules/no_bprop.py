"""No backprop: no gradient reaches the hidden layers, only the classifier learns (Table 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Rule
from .backprop import objective

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import FeedForwardNetwork

__all__ = ["RULE", "objective", "step"]

RULE = Rule(
    name="no_bprop",
    label="no-bprop",
    sentence="only the classifier learns",
    color="#949494",
    families=("feedforward",),
    version=1,
    source="arXiv 1608.05343v1, Table 1",
    locking="forward",
    frozen_below="all",
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
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
