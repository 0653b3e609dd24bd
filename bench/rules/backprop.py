"""Backprop: every layer waits for the true gradient of the whole loss. The baseline of Table 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import FeedForwardNetwork, Pullback

RULE = Rule(
    name="backprop",
    label="bprop",
    sentence="every layer learns from the true gradient",
    color="#0173b2",
    families=("feedforward",),
    version=1,
    source="arXiv 1608.05343v1, Table 1",
    baseline=True,
    schedules=("locked", "gpipe", "1f1b", "data_parallel", "stale"),
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
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


def objective(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> Tensor:
    """Return the loss [R] whose gradient `step` writes: the batch mean at the top."""
    h = x
    for layer in network.hidden:
        h, _ = layer(h)
    logits, _ = network.classify(h)
    return network.loss(logits, network.encode(labels))
