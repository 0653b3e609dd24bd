"""BP(lambda): a mixture of backprop and synthetic gradients (version 2 of the paper, supplement A).

    g_k = lambda g_{k+1} dh_{k+1}/dh_k + (1 - lambda) M_k(h_k)

g_k is what layer k is updated with, and g_{k+1} pulled back through layer k + 1 alone is what M_k
should have predicted. lambda = 1 is backprop (with models that only look on), lambda = 0 is DNI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from ..families.feedforward.network import Network
    from ..nn.layers import Pullback

VERSION = 2
SYNTHETIC = True
CONDITIONED = False
TRAINS_HIDDEN = True


def step(network: Network, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update, of the network and of every M.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
    """
    one_hot = network.encode(labels)
    h = x
    passed: list[tuple[Pullback, Tensor, Callable[[Tensor], None]]] = []
    for layer, model in zip(network.hidden, network.models, strict=True):
        h, pullback = layer(h)
        passed.append((pullback, *model(h, one_hot)))
    logits, pullback = network.classify(h)
    target = pullback(network.loss_gradient(logits, one_hot))
    for pullback, synthetic, learn in reversed(passed[1:]):
        learn(target)
        target = pullback(synthetic.lerp(target, network.bp_lambda))  # exact at both ends
    pullback, synthetic, learn = passed[0]
    learn(target)
    pullback(synthetic.lerp(target, network.bp_lambda), need_input=False)
