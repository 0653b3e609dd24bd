"""DNI+Aux: DNI whose core also predicts the synthetic gradients to come (Table 2).

At every step an auxiliary output predicts the synthetic gradient T steps ahead; that is known one
unroll later. So the unroll before is kept (2 T + 1 cores), and its auxiliary losses are pulled back
through it as it was, by the weights that are there now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import dni

if TYPE_CHECKING:
    from torch import Tensor

    from ..families.recurrent.network import RecurrentNetwork

VERSION = 1
SYNTHETIC = True
AUXILIARY = True


def unroll(network: RecurrentNetwork, inputs: Tensor, targets: Tensor) -> None:
    """Write the gradients of one update; the state is carried over to the next.

    Args:
        network: R replicas.
        inputs: codes [R, T, B].
        targets: classes [R, T, B], -1 where nothing counts.
    """
    before = network.before()
    tape = dni.learn_unroll(network, inputs, targets)
    if before is None:
        network.core.learn(tape)
    else:
        deltas = network.auxiliary_deltas(before, tape)
        network.core.pull(before, deltas, None, need_start=False)
        network.core.learn(tape, before)
