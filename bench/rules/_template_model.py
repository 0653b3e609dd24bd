"""my_rule: what it is, in a sentence, and where it was published.

As it stands it is DNI (arXiv 1608.05343v1, section 2): a model M after every hidden layer predicts
the gradient there, and the layer learns from the prediction at once. Edit it into your own, then

    sgbench check my_rule.py
    sgbench run table1 --rule-file my_rule.py --where rule=my_rule
    sgbench report table1 --rule-file my_rule.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sgbench.bench.contract import Hyperparameter, Rule

if TYPE_CHECKING:  # the declaration below is read without torch; import it in functions
    from sgbench.bench.interfaces import FeedForwardNetwork, ForwardPass
    from torch import Tensor

RULE = Rule(
    name="my_rule",  # the file's name
    label="my rule",  # in tables and legends
    sentence="a hidden layer learns from a share of the gradient that M predicts",  # no full stop
    color="#de8f05",  # in every figure
    families=("feedforward",),  # or recurrent, pair: then define unroll or cycle instead of step
    version=1,  # raise it when what the rule computes changes
    source="my own",  # where it was published
    hyperparameters=(  # numbers of its own: `--set share=0.5`
        Hyperparameter(
            name="share",
            doc="what the synthetic gradient is multiplied by (my_rule)",
            default=1.0,  # without one, `--set` or an exhibit must give it
            min=0,  # allowed itself; or above=0, which is not
            max=100,
            replica_axis=True,  # it changes no shape: cells that differ in it may train together
        ),
    ),
    model="M",  # a synthetic-gradient model per hidden layer; or "M with label", as cDNI's
    schedules=(),  # of networks in stages: the package's own rules only
    expected_failures={},  # checks of `sgbench check` that fail by design: {name: reason}
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradient of every weight, M's too, for one batch; the optimiser is not the rule's.

    There are R replicas of the network, R is the first dimension of logits and kept tensors.
    """
    one_hot = network.encode(labels)
    share = network.hyperparameters["share"]  # a number, or one a replica, on h's shape
    h, learn_below = x, None
    for layer, model in zip(network.hidden, network.models, strict=True):
        h, pullback = layer(h)  # pullback(gradient at h) writes this layer's gradients
        predicted, learn = model(
            h, one_hot
        )  # of h's shape; M sees the label in "M with label" only
        below = pullback(share * predicted)  # the gradient at the layer's input
        if learn_below is not None:
            learn_below(below)  # what the M below should have predicted: writes its gradients
        learn_below = learn
    logits, pullback = network.classify(h)  # [R, classes, B]
    top = pullback(network.loss_gradient(logits, one_hot))
    if learn_below is not None:
        learn_below(top)  # the topmost M alone is taught the true gradient


def targets(network: FeedForwardNetwork, forward_pass: ForwardPass) -> list[Tensor]:
    """Return what `step` teaches each M, bottom first: its loss and cosine are by this."""
    share = network.hyperparameters["share"]
    above = zip(forward_pass.pullbacks[1:], forward_pass.synthetic[1:], strict=True)
    return [*(pullback(share * predicted) for pullback, predicted in above), forward_pass.top]
