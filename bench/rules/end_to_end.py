"""End to end: backprop through both networks, one update every T * T steps. The pair's baseline.

    theta <- theta - alpha d(sum of A's T losses + B's loss)/dtheta

The paper gives the two losses no weights; summed, a cycle has the objective of T updates of A.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from ..families.pair.program import CountingProgram

VERSION = 1
SYNTHETIC = False


def cycle(program: CountingProgram, digits: Tensor, odd: Tensor, threes: Tensor) -> None:
    """Do one cycle of T * T steps.

    Args:
        program: R replicas.
        digits: inputs [R, T, T, pixels, B]: by window, by step.
        odd: how many digits of a window are odd, [R, T, B].
        threes: how many of the cycle are 3, [R, B].
    """
    network, losses = program.network, list["Tensor"]()
    for window in range(network.T):
        logits, message = network.window(digits[:, window])
        losses.append(network.loss("a", logits, odd[:, window]))
        network.tick(message, window)
    losses.append(network.loss("b", network.count(), threes))
    network.learn("ab", losses)
    program.move("a")
    program.move("b")
