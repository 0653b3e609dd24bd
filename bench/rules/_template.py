"""my_rule: what it is, in a sentence, and where it was published.

As it stands, the error at the top comes down to each hidden layer by a fixed random matrix (direct
feedback alignment, arXiv 1609.01596). Edit it into your own, then

    sgbench check my_rule.py
    sgbench run table1 --rule-file my_rule.py --where rule=my_rule
    sgbench report table1 --rule-file my_rule.py
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sgbench.bench.contract import Hyperparameter, Rule

if TYPE_CHECKING:  # the declaration below is read without torch; import it in functions
    from sgbench.bench.interfaces import Draw, FeedForwardNetwork, Pullback
    from torch import Tensor

RULE = Rule(
    name="my_rule",  # the file's name
    label="my rule",  # in tables and legends
    sentence="a hidden layer learns from the top error, by a fixed random matrix",  # no full stop
    color="#de8f05",  # in every figure
    families=("feedforward",),  # or recurrent, pair: then define unroll or cycle instead of step
    version=1,  # raise it when what the rule computes changes
    source="my own",  # where it was published
    networks=(),  # of these families' networks those that it trains; all of them if empty
    hyperparameters=(  # numbers of its own: `--set feedback_scale=2`
        Hyperparameter(
            name="feedback_scale",
            doc="what the random feedback is multiplied by (my_rule)",
            default=1.0,  # without one, `--set` or an exhibit must give it
            min=0,  # allowed itself; or above=0, which is not
            max=100,
            replica_axis=True,  # it changes no shape: cells that differ in it may train together
        ),
    ),
    model="none",  # or "M", a synthetic-gradient model per layer; or "M with label"
    auxiliary=False,  # True gives network.heads: a linear classifier on each hidden layer
    maps="none",  # network.maps, a linear map on each hidden layer: "square", or to "classes"
    locking="update",  # a hidden layer waits for the output; its input: "forward"; else "backward"
    frozen_below=0,  # hidden layers, from the bottom, that never learn; -1: all but one; or "all"
    baseline=False,  # True: others' times are given as multiples of this rule's
    label_leak="",  # why labels reach gradients by another way than the loss or M
    least_depth=2,  # fewest layers with weights, the classifier among them
    hidden_products=2,  # feedforward: products with a hidden layer's weights, for the work estimate
    pair_products=0,  # feedforward: products between all examples of a batch, for the same
    images_per_example=1,  # feedforward: images that it makes of an example and trains on
    products_per_step=3,  # recurrent: products with the core's weights, for the work estimate
    unrolls_in_memory=1,  # recurrent: unrolls kept at once, for the memory estimate
    whole_cycle=False,  # pair: a cycle is differentiated as one
    schedules=(),  # of networks in stages: the package's own rules only
    expected_failures={},  # checks of `sgbench check` that fail by design: {name: reason}
)


def setup(network: FeedForwardNetwork, draw: Draw) -> dict[str, Tensor]:
    """Return the tensors that the rule keeps, [R, …] each: here a feedback matrix per layer.

    `draw` gives values that depend on the seed and a name alone. They are in network.kept from then
    on; step may change them, and they are saved and resumed. A rule that keeps nothing has no
    setup.
    """
    kept: dict[str, Tensor] = {}
    for i, shape in enumerate(network.hidden_shapes):  # (units,) or (filters, height, width)
        size = (math.prod(shape), network.classes)
        kept[f"feedback{i}"] = draw.uniform(f"feedback{i}", size, 1 / math.sqrt(network.classes))
    return kept


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradient of every weight, for one batch; the optimiser is not the rule's.

    There are R replicas of the network, R is the first dimension of logits and kept tensors.
    """
    h = x
    passed: list[tuple[Pullback, Tensor]] = []
    for layer in network.hidden:
        h, pullback = layer(h)  # pullback(gradient at h) writes this layer's gradients
        passed.append((pullback, h))
    logits, pullback = network.classify(h)  # [R, classes, B]
    error = network.loss_gradient(logits, network.encode(labels))
    pullback(error, need_input=False)  # without need_input=False it returns the gradient below
    scale = network.hyperparameters["feedback_scale"]  # a number, or one a replica, on h's shape
    for i, (pullback, h) in enumerate(passed):
        delta = network.kept[f"feedback{i}"] @ error  # [R, features of h, B]
        pullback(scale * network.unflatten(delta, h.shape), need_input=False)
