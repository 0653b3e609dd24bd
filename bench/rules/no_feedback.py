"""No feedback: A is updated every T steps from its own loss alone, and B makes of that what it can.

Nothing of what B learns reaches A (Figure 8); the layer that makes the message never learns.
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
    network = program.network
    for window in range(network.T):
        logits, message = network.window(digits[:, window])
        network.learn("a", [network.loss("a", logits, odd[:, window])])
        program.move("a")
        network.tick(message.detach(), window)
    network.learn("b", [network.loss("b", network.count(), threes)])
    program.move("b")
