"""Direct feedback alignment: the error at the top comes down by fixed random matrices.

Nøkland 2016 (arXiv 1609.01596): each hidden layer learns from p - y, the gradient at the logits,
multiplied by a random matrix of its own, then pulled back through its own nonlinearity.

Evidence: the rule and the matrices' range, uniform in ±1/sqrt(classes), are read in the author's
code (dfa-torch). The rest is ours: networks with batch norm, softmax cross-entropy, Adam, initial
weights that are not zero and convolutions; his are tanh networks without batch norm on sigmoid
outputs, trained by RMSprop. So this is his rule on this bench, and no reproduction of his table.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sgbench.bench.contract import Rule

if TYPE_CHECKING:
    from sgbench.bench.interfaces import Draw, FeedForwardNetwork
    from torch import Tensor

RULE = Rule(
    name="dfa",
    label="DFA",
    sentence="a hidden layer learns from the top error, by a fixed random matrix",
    color="#de8f05",
    families=("feedforward",),
    version=1,
    source="arXiv 1609.01596 (Nøkland 2016)",
)


def setup(network: FeedForwardNetwork, draw: Draw) -> dict[str, Tensor]:
    """Return a feedback matrix [R, features of h, K] for each hidden layer."""
    bound = 1 / math.sqrt(network.classes)
    shapes = [(math.prod(shape), network.classes) for shape in network.hidden_shapes]
    return {f"feedback{i}": draw.uniform(f"feedback{i}", s, bound) for i, s in enumerate(shapes)}


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update."""
    h, passed = x, []
    for layer in network.hidden:
        h, pullback = layer(h)
        passed.append((pullback, h.shape))
    logits, pullback = network.classify(h)
    error = network.loss_gradient(logits, network.encode(labels))
    pullback(error, need_input=False)
    for i, (pullback, shape) in enumerate(passed):
        delta = network.kept[f"feedback{i}"] @ error
        pullback(network.unflatten(delta, shape), need_input=False)
