"""No feedback: A is updated every T steps from its own loss alone, and B makes of that what it can.

Nothing of what B learns reaches A (Figure 8); the layer that makes the message never learns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import Cycle, NetworkPair

RULE = Rule(
    name="no_feedback",
    label="no feedback",
    sentence="A learns from its own loss alone, every T steps",
    color="#949494",
    families=("pair",),
    version=1,
    source="arXiv 1608.05343v1, Figure 8",
)


def cycle(network: NetworkPair, digits: Tensor, odd: Tensor, threes: Tensor) -> Cycle:
    """Do one cycle of T * T steps; yield a part when its gradients are written.

    Args:
        network: R replicas.
        digits: inputs [R, T, T, pixels, B]: by window, by step.
        odd: how many digits of a window are odd, [R, T, B].
        threes: how many of the cycle are 3, [R, B].
    """
    for window in range(network.T):
        logits, message = network.run_a_window(digits[:, window])
        network.learn("a", [network.loss("a", logits, odd[:, window])])
        yield "a"
        network.step_b(message.detach(), window)
    network.learn("b", [network.loss("b", network.b_logits(), threes)])
    yield "b"
