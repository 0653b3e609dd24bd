"""Local prediction and similarity matching: a weighted sum of both losses trains a hidden layer.

    loss = (1 - w) pred + w sim         w = 0.99

`predsim` of Nokland & Eidnes 2019 (arXiv 1901.06656); `local_pred` and `local_sim` have the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Hyperparameter, Rule
from .local_sim import pull_similarity

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import FeedForwardNetwork

RULE = Rule(
    name="local_predsim",
    label="local predsim",
    sentence=(
        "a hidden layer learns from a linear classifier on its own output, and to make examples as"
        " alike as their labels"
    ),
    color="#5b3a1a",
    families=("feedforward",),
    version=1,
    source="arXiv 1901.06656",
    hyperparameters=(
        Hyperparameter(
            name="sim_weight",
            doc="weight of similarity matching; that of the classifier is one less it"
            " (local_predsim)",
            default=0.99,  # the authors' code
            min=0,
            max=1,
            optional=True,
        ),
    ),
    auxiliary=True,
    maps="square",
    locking="forward",
    hidden_products=2,
    pair_products=2,  # as in local_sim
    label_leak="a hidden layer learns from how alike the labels of two examples are",
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update, the heads' and maps' too.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
    """
    from ._similarity import similarity

    one_hot = network.encode(labels)
    target, weight = similarity(one_hot), network.hyperparameters["sim_weight"]
    assert isinstance(weight, float)  # no replica axis
    h = x
    for layer, head, linear in zip(network.hidden, network.heads, network.maps, strict=True):
        h, pullback = layer(h)
        logits, pull_head = head(h)
        delta = pull_head(network.loss_gradient(logits, one_hot).mul_(1 - weight))
        delta = delta + pull_similarity(network, linear, h, target, weight)
        pullback(delta, need_input=False)
    logits, pullback = network.classify(h)
    pullback(network.loss_gradient(logits, one_hot), need_input=False)
