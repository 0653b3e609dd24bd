"""DNI: every hidden layer updates at once with the gradient its model M predicts (Table 1).

Layer i computes h_i, M_i(h_i) gives a synthetic gradient, and layer i is updated with it. The same
synthetic gradient, pulled back through layer i alone, is what M_{i-1} should have predicted:
targets are bootstrapped, and the true gradient reaches the topmost M only. Every gradient is taken
at the weights before the step, so one optimiser call at its end equals updating layer by layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from ..network import Network

VERSION = 1
SYNTHETIC = True
CONDITIONED = False
TRAINS_HIDDEN = True


def step(network: Network, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update, of the network and of every M.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B]; an M sees them only where the rule is conditioned.
    """
    one_hot = network.encode(labels)
    h, learn_below = x, None
    for layer, model in zip(network.hidden, network.models, strict=True):
        h, pullback = layer(h)
        delta, learn = model(h, one_hot)
        if learn_below is None:
            pullback(delta, need_input=False)
        else:
            learn_below(pullback(delta))
        learn_below = learn
    logits, pullback = network.classify(h)
    target = pullback(network.loss_gradient(logits, one_hot))
    if learn_below is not None:
        learn_below(target)
