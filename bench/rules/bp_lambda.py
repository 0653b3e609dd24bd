"""BP(lambda): a mixture of backprop and synthetic gradients (version 2 of the paper, supplement A).

    g_k = lambda g_{k+1} dh_{k+1}/dh_k + (1 - lambda) M_k(h_k)

g_k is what layer k is updated with, and g_{k+1} pulled back through layer k + 1 alone is what M_k
should have predicted. lambda = 1 is backprop (with models that are trained but not used), lambda =
0 is DNI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Hyperparameter, Rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from ..interfaces import FeedForwardNetwork, ForwardPass, Pullback

RULE = Rule(
    name="bp_lambda",
    label="BP(λ)",
    sentence=(
        "a hidden layer learns from λ times the gradient of the layer above, pulled back, and"
        " 1 - λ times what M predicts"
    ),
    color="#ca9161",
    families=("feedforward",),
    version=2,
    source="arXiv 1608.05343v2, supplementary A",
    hyperparameters=(
        Hyperparameter(
            name="bp_lambda",
            doc="lambda of BP(lambda): 0 trains by synthetic gradients alone, 1 by backprop"
            " (bp_lambda)",
            min=0,
            max=1,
            replica_axis=True,
            symbol="λ",
            about="0: synthetic gradients alone, 1: backprop",
        ),
    ),
    model="M",
    least_depth=3,
    expected_failures={
        "unlocked": "λ times the true gradient comes down from the labels of the same step",
        "zero_model": "λ times the true gradient comes down from the start",
    },
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update, of the network and of every M.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
    """
    one_hot, mixture = network.encode(labels), network.hyperparameters["bp_lambda"]
    h = x
    passed: list[tuple[Pullback, Tensor, Callable[[Tensor], None]]] = []
    for layer, model in zip(network.hidden, network.models, strict=True):
        h, pullback = layer(h)
        passed.append((pullback, *model(h, one_hot)))
    logits, pullback = network.classify(h)
    target = pullback(network.loss_gradient(logits, one_hot))
    for pullback, synthetic, learn in reversed(passed[1:]):
        learn(target)
        target = pullback(synthetic.lerp(target, mixture))  # exact at both ends
    pullback, synthetic, learn = passed[0]
    learn(target)
    pullback(synthetic.lerp(target, mixture), need_input=False)


def targets(network: FeedForwardNetwork, forward_pass: ForwardPass) -> list[Tensor]:
    """Return what each M should have predicted, bottom first."""
    mixture, found = network.hyperparameters["bp_lambda"], [forward_pass.top]
    above = zip(forward_pass.pullbacks[1:], forward_pass.synthetic[1:], strict=True)
    for pullback, synthetic in reversed(list(above)):
        found.insert(0, pullback(synthetic.lerp(found[0], mixture)))
    return found
