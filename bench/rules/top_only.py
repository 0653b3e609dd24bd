"""Top layer only: the true gradient trains the topmost hidden layer and the classifier.

The layers below keep their initial weights. It is no rule of the paper: it is what DNI has to beat,
for its topmost hidden layer has an M that learns from the true gradient, while all others learn
from predictions of predictions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Rule
from .backprop import objective

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import FeedForwardNetwork

__all__ = ["RULE", "objective", "step"]

RULE = Rule(
    name="top_only",
    label="top only",
    sentence="the topmost hidden layer learns from the true gradient, those below do not learn",
    color="#56b4e9",
    families=("feedforward",),
    version=1,
    source="ours, a control",
    frozen_below=-1,
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update: the topmost hidden layer's and the classifier's.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
    """
    *frozen, topmost = network.hidden
    h = x
    for layer in frozen:
        h, _ = layer(h)
    h, pullback = topmost(h)
    logits, pullback_top = network.classify(h)
    delta = pullback_top(network.loss_gradient(logits, network.encode(labels)))
    pullback(delta, need_input=False)
