"""Deep supervision: backprop of the losses of a linear classifier on every layer, nothing detached.

    loss = top_weight L_top + sum over hidden layers of L_i

It is the control that papers of local learning mostly leave out: the same heads, and the backward
pass kept. With `top_weight` = 0 the hidden layers are trained by the heads alone, jointly, which
parts what the heads do from what giving up the backward pass costs. The classifier learns from the
whole of L_top. The rule as such is Lee et al. 2015, arXiv 1409.5185; its place here is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Hyperparameter, Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import FeedForwardNetwork, Pullback

RULE = Rule(
    name="deep_supervision",
    label="deep supervision",
    sentence="a layer learns from the true gradient of the top loss and of a classifier per layer",
    color="#332288",
    families=("feedforward",),
    version=1,
    source="arXiv 1409.5185; ours as a control",
    hyperparameters=(
        Hyperparameter(
            name="top_weight",
            doc="weight of the top loss in what hidden layers learn from; 0: the heads' losses"
            " alone (deep_supervision)",
            default=1.0,
            min=0,
            max=1,
            optional=True,
            symbol="top weight",
        ),
    ),
    auxiliary=True,
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
    passed: list[tuple[Pullback, Tensor]] = []
    for layer, head in zip(network.hidden, network.heads, strict=True):
        h, pullback = layer(h)
        logits, pull_head = head(h)
        passed.append((pullback, pull_head(network.loss_gradient(logits, one_hot))))
    logits, pullback = network.classify(h)
    below = pullback(network.loss_gradient(logits, one_hot))
    delta = network.hyperparameters["top_weight"] * below
    for pullback, own in reversed(passed[1:]):
        delta = pullback(delta + own)
    pullback, own = passed[0]
    pullback(delta + own, need_input=False)


def objective(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> Tensor:
    """Return the loss [R] whose gradient `step` writes at `top_weight` = 1, where there is one."""
    one_hot = network.encode(labels)
    total, h = 0, x
    for layer, head in zip(network.hidden, network.heads, strict=True):
        h, _ = layer(h)
        total = total + network.loss(head(h)[0], one_hot)
    return total + network.loss(network.classify(h)[0], one_hot)
