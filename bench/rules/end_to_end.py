"""End to end: backprop through both networks, one update every T * T steps. The pair's baseline.

    theta <- theta - alpha d(sum of A's T losses + B's loss)/dtheta

The paper gives the two losses no weights; summed, a cycle has the objective of T updates of A.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import Cycle, NetworkPair

RULE = Rule(
    name="end_to_end",
    label="end to end",
    sentence="both networks learn from both losses, once in T x T steps",
    color="#0173b2",
    families=("pair",),
    version=1,
    source="arXiv 1608.05343v1, Figure 8",
    baseline=True,
    whole_cycle=True,
)


def cycle(network: NetworkPair, digits: Tensor, odd: Tensor, threes: Tensor) -> Cycle:
    """Do one cycle of T * T steps; yield a part when its gradients are written.

    Args:
        network: R replicas.
        digits: inputs [R, T, T, pixels, B]: by window, by step.
        odd: how many digits of a window are odd, [R, T, B].
        threes: how many of the cycle are 3, [R, B].
    """
    network.learn("ab", _losses(network, digits, odd, threes))
    yield "a"
    yield "b"


def objective(network: NetworkPair, digits: Tensor, odd: Tensor, threes: Tensor) -> Tensor:
    """Return the loss [R] whose gradient `cycle` writes: A's T losses and B's, summed."""
    first, *others = _losses(network, digits, odd, threes)
    return sum(others, first)


def _losses(network: NetworkPair, digits: Tensor, odd: Tensor, threes: Tensor) -> list[Tensor]:
    """Run a cycle; return A's loss [R] of every window, then B's."""
    losses: list[Tensor] = []
    for window in range(network.T):
        logits, message = network.run_a_window(digits[:, window])
        losses.append(network.loss("a", logits, odd[:, window]))
        network.step_b(message, window)
    return [*losses, network.loss("b", network.b_logits(), threes)]
