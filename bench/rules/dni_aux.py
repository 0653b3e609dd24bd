"""DNI+Aux: DNI whose core also predicts the synthetic gradients to come (Table 2).

At every step an auxiliary output predicts the synthetic gradient T steps ahead; that is known one
unroll later. So the unroll before is kept (2 T + 1 cores), and its auxiliary losses are pulled back
through it as it was, by the weights that are there now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Hyperparameter, Rule
from . import dni

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import RecurrentNetwork

RULE = Rule(
    name="dni_aux",
    label="DNI+Aux",
    sentence="as DNI, and the core also predicts what M will predict",
    color="#cc78bc",
    families=("recurrent",),
    version=1,
    source="arXiv 1608.05343v1, section 3.1 and Table 2",
    hyperparameters=(
        Hyperparameter(
            name="aux_weight",
            doc="weight of the auxiliary loss (dni_aux)",
            min=0,
            max=1e6,
        ),
    ),
    model="M",
    auxiliary=True,
    products_per_step=6,
    unrolls_in_memory=2,
)


def unroll(network: RecurrentNetwork, inputs: Tensor, targets: Tensor) -> None:
    """Write the gradients of one update; the state is carried over to the next.

    Args:
        network: R replicas.
        inputs: codes [R, T, B].
        targets: classes [R, T, B], -1 where nothing counts.
    """
    before = network.previous_unroll()
    tape = dni.learn_unroll(network, inputs, targets)
    if before is None:
        network.core.learn(tape)
    else:
        weight = network.hyperparameters["aux_weight"]
        deltas = network.auxiliary_deltas(before, tape, weight)
        network.core.pull(before, deltas, None, need_start=False)
        network.core.learn(tape, before)
