"""Direct feedback alignment: every layer gets the top error through a fixed random matrix.

    delta_i = f'(a_i) * (B_i e)            e: the error at the logits

B_i [features, classes] never learns (Nokland 2016, arXiv 1609.01596). It is drawn from
U(-1 / sqrt(n), 1 / sqrt(n)), n being the features of layer i, as in the author's code (dfa-torch).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..contract import Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import Draw, FeedForwardNetwork, Pullback

RULE = Rule(
    name="dfa",
    label="DFA",
    sentence="a layer learns from the top error, which reaches it by one fixed random matrix",
    color="#e7298a",
    families=("feedforward",),
    version=1,
    source="arXiv 1609.01596",
    locking="update",
    hidden_products=2,
    schedules=("unlocked",),
)


def setup(network: FeedForwardNetwork, draw: Draw) -> dict[str, Tensor]:
    """Return a feedback matrix [R, features, classes] for each hidden layer."""
    sizes = [math.prod(shape) for shape in network.hidden_shapes]
    return {
        f"feedback{i}": draw.uniform(f"feedback{i}", (size, network.classes), 1 / math.sqrt(size))
        for i, size in enumerate(sizes)
    }


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
    """
    passed: list[tuple[Pullback, Tensor]] = []
    h = x
    for layer in network.hidden:
        h, pullback = layer(h)
        passed.append((pullback, h))
    logits, pullback = network.classify(h)
    error = network.loss_gradient(logits, network.encode(labels))
    pullback(error, need_input=False)
    for i, (pullback, h) in enumerate(passed):
        delta = network.kept[f"feedback{i}"] @ error
        pullback(network.unflatten(delta, h.shape), need_input=False)
