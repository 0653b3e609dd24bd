"""Local prediction: a hidden layer learns from the loss of a linear classifier of its own.

The head is trained with its layer; no gradient leaves the layer, and the network's classifier
learns on top of what the layers became (`pred` of Nokland & Eidnes 2019, arXiv 1901.06656;
decoupled greedy learning with a linear head is the same, Belilovsky et al. 2019). The authors pool
convolutional maps before the head; here it sees all of h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import FeedForwardNetwork

RULE = Rule(
    name="local_pred",
    label="local pred",
    sentence="a hidden layer learns from the loss of a linear classifier on its own output",
    color="#882255",
    families=("feedforward",),
    version=1,
    source="arXiv 1901.06656",
    auxiliary=True,
    locking="forward",
    hidden_products=2,
    schedules=("unlocked",),
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update, the heads' too.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
    """
    one_hot = network.encode(labels)
    h = x
    for layer, head in zip(network.hidden, network.heads, strict=True):
        h, pullback = layer(h)
        logits, pull_head = head(h)
        pullback(pull_head(network.loss_gradient(logits, one_hot)), need_input=False)
    logits, pullback = network.classify(h)
    pullback(network.loss_gradient(logits, one_hot), need_input=False)
