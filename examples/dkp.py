"""Direct Kolen-Pollack: direct feedback alignment whose feedback matrices learn too.

    delta_i = f'(a_i) * (B_i e)                    e: the error at the logits
    B_i <- (1 - decay) B_i - rate h_i e^T

The classifier's weight W moves by -e h^T: the topmost feedback, which moves alike, comes to agree
with W^T (Webster, Choi and Ahn 2020, "Learning the connections in direct feedback alignment", after
Kolen and Pollack 1994). Rate and decay are ours: here W takes steps of Adam.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sgbench.bench.contract import Hyperparameter, Rule

if TYPE_CHECKING:
    from sgbench.bench.interfaces import Draw, FeedForwardNetwork
    from torch import Tensor

RATE = Hyperparameter(
    name="feedback_rate", doc="how fast feedback learns (dkp)", default=0.1, min=0, max=10
)
DECAY = 1e-4  # share of a feedback matrix that is lost at an update
RULE = Rule(
    name="dkp",
    label="DKP",
    sentence="a hidden layer learns from the top error, by a matrix that learns too",
    color="#a6761d",
    families=("feedforward",),
    version=1,
    source="Webster, Choi and Ahn 2020",
    hyperparameters=(RATE,),
    locking="update",
    hidden_products=2,
)


def setup(network: FeedForwardNetwork, draw: Draw) -> dict[str, Tensor]:
    """Return a feedback matrix [R, features of h, K] for each hidden layer."""
    sizes = [math.prod(shape) for shape in network.hidden_shapes]
    shapes = {f"feedback{i}": (size, network.classes) for i, size in enumerate(sizes)}
    return {name: draw.uniform(name, s, 1 / math.sqrt(s[0])) for name, s in shapes.items()}


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update; move the feedback matrices."""
    h, passed = x, []
    for layer in network.hidden:
        h, pullback = layer(h)
        passed.append((pullback, h))
    logits, pullback = network.classify(h)
    error = network.loss_gradient(logits, network.encode(labels))
    pullback(error, need_input=False)
    for feedback, (pullback, h) in zip(network.kept.values(), passed, strict=True):
        pullback(network.unflatten(feedback @ error, h.shape), need_input=False)
        taught = network.flatten(h) @ error.mT
        feedback.mul_(1 - DECAY).sub_(network.hyperparameters["feedback_rate"] * taught)
