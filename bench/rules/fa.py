"""Feedback alignment: backprop whose errors come down through fixed random matrices.

    delta_i = f'(a_i) * (B_{i+1}^T delta_{i+1})          in place of W_{i+1}^T

B_{i+1} has the shape of W_{i+1} and never learns; the weights come to agree with it (Lillicrap et
al. 2016). It is drawn from U(-1 / sqrt(n), 1 / sqrt(n)), n being the inputs of a unit of layer
i + 1, as the authors of direct feedback alignment do (their code, dfa-torch).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..contract import Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import Draw, FeedForwardNetwork, Pullback

RULE = Rule(
    name="fa",
    label="FA",
    sentence="a layer learns from the top error, which comes down through fixed random matrices",
    color="#b2182b",
    families=("feedforward",),
    version=1,
    source="Lillicrap et al. 2016, doi 10.1038/ncomms13276",
)


def setup(network: FeedForwardNetwork, draw: Draw) -> dict[str, Tensor]:
    """Return a feedback matrix [R, *shape of the weight] for each layer but the lowest."""
    return {
        f"feedback{i}": draw.uniform(f"feedback{i}", shape, 1 / math.sqrt(math.prod(shape[1:])))
        for i, shape in enumerate(network.weight_shapes)
        if i > 0
    }


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
    pullbacks.append(pullback)
    delta = network.loss_gradient(logits, network.encode(labels))
    for i in reversed(range(1, len(pullbacks))):
        delta = pullbacks[i](delta, feedback=network.kept[f"feedback{i}"])
    pullbacks[0](delta, need_input=False)
