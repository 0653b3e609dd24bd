"""Deep supervision: backprop of the top loss and of a linear head's loss at every hidden layer.

The control for rules with local heads: it has their heads and their losses, and nothing is
detached, so it tells what the heads bring from what the missing backward pass costs. Every head
starts at zero. Ours; at head_weight=0 the network learns as by backprop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sgbench.bench.contract import Hyperparameter, Rule

if TYPE_CHECKING:
    from sgbench.bench.interfaces import FeedForwardNetwork
    from torch import Tensor

WEIGHT = Hyperparameter(
    name="head_weight",
    doc="weight of each local head's loss beside the top loss (deep_supervision)",
    default=1.0,
    min=0,
    max=1000,
)
RULE = Rule(
    name="deep_supervision",
    label="deep supervision",
    sentence="every layer learns from the top loss and the losses of all heads above it",
    color="#56b4e9",
    families=("feedforward",),
    version=1,
    source="ours",
    hyperparameters=(WEIGHT,),
    auxiliary=True,
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update, of the network and of every head."""
    one_hot, weight = network.encode(labels), network.hyperparameters["head_weight"]
    h, passed = x, []
    for layer, head in zip(network.hidden, network.heads, strict=True):
        h, pullback = layer(h)
        logits, from_head = head(h)
        passed.append((pullback, from_head(weight * network.loss_gradient(logits, one_hot))))
    logits, pullback = network.classify(h)
    delta = pullback(network.loss_gradient(logits, one_hot))
    for i, (pullback, local) in reversed(list(enumerate(passed))):
        delta = pullback(delta + local, need_input=i > 0)


def objective(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> Tensor:
    """Return the loss [R] whose gradient `step` writes."""
    one_hot, weight = network.encode(labels), network.hyperparameters["head_weight"]
    h, total = x, 0
    for layer, head in zip(network.hidden, network.heads, strict=True):
        h, _ = layer(h)
        total = total + weight * network.loss(head(h)[0], one_hot)
    return total + network.loss(network.classify(h)[0], one_hot)
