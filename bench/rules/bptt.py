"""BPTT: backprop through the T steps of an unroll, and no further. The recurrent baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import RecurrentNetwork

RULE = Rule(
    name="bptt",
    label="BPTT",
    sentence="backprop through the T steps of an unroll",
    color="#0173b2",
    families=("recurrent",),
    version=1,
    source="arXiv 1608.05343v1, Table 2",
    baseline=True,
)


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


def objective(network: RecurrentNetwork, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return the loss [R] whose gradient `unroll` writes: summed over T steps, from this state."""
    network.forward(inputs, targets)
    return network.loss / network.streams
