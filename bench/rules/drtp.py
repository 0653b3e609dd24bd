"""Direct random target projection: a layer learns from the label alone, by a fixed random matrix.

    delta_i = f'(a_i) * (B_i y)            y: the one-hot label

B_i [features, classes] never learns, and nothing waits for the network's output (Frenkel et al.
2021, doi 10.3389/fnins.2021.629892). It is drawn from U(-sqrt(6 / n), sqrt(6 / n)), n being the
features of layer i, as in the authors' code (DirectRandomTargetProjection). The gradient is that of
a batch mean, as everywhere here (theirs is that of a sum).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..contract import Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import Draw, FeedForwardNetwork

RULE = Rule(
    name="drtp",
    label="DRTP",
    sentence="a hidden layer learns from the label, which reaches it by one fixed random matrix",
    color="#66a61e",
    families=("feedforward",),
    version=1,
    source="Frenkel et al. 2021, doi 10.3389/fnins.2021.629892",
    locking="forward",
    hidden_products=2,
    label_leak="a hidden layer learns from the label itself",
)


def setup(network: FeedForwardNetwork, draw: Draw) -> dict[str, Tensor]:
    """Return a projection matrix [R, features, classes] for each hidden layer."""
    sizes = [math.prod(shape) for shape in network.hidden_shapes]
    return {
        f"feedback{i}": draw.uniform(f"feedback{i}", (size, network.classes), math.sqrt(6 / size))
        for i, size in enumerate(sizes)
    }


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
    """
    one_hot = network.encode(labels)
    target = one_hot / one_hot.shape[2]
    h = x
    for i, layer in enumerate(network.hidden):
        h, pullback = layer(h)
        delta = network.kept[f"feedback{i}"] @ target
        pullback(network.unflatten(delta, h.shape), need_input=False)
    logits, pullback = network.classify(h)
    pullback(network.loss_gradient(logits, one_hot), need_input=False)
