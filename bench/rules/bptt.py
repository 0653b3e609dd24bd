"""BPTT: backprop through the T steps of an unroll, and no further. The recurrent baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from ..families.recurrent.network import RecurrentNetwork

VERSION = 1
SYNTHETIC = False
AUXILIARY = False


def unroll(network: RecurrentNetwork, inputs: Tensor, targets: Tensor) -> None:
    """Write the gradients of one update; the state is carried over to the next.

    Args:
        network: R replicas.
        inputs: codes [R, T, B].
        targets: classes [R, T, B], -1 where nothing counts.
    """
    tape, deltas = network.forward(inputs, targets)
    network.core.pull(tape, deltas, None, need_start=False)
    network.core.learn(tape)
