"""DNI whose models M learn the true gradient: the control that tells what bootstrapping costs.

Hidden layers learn from what M predicts, as in DNI (arXiv 1608.05343v1, section 2). M, though, is
taught the gradient of the whole loss, where DNI's is taught what the M above predicts, pulled back
through one layer. It waits for a backward pass, so nothing is decoupled: a control, not a method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sgbench.bench.contract import Rule

if TYPE_CHECKING:
    from sgbench.bench.interfaces import FeedForwardNetwork, ForwardPass
    from torch import Tensor

RULE = Rule(
    name="dni_true_targets",
    label="DNI, true targets",
    sentence="a hidden layer learns from M's prediction, and M from the true gradient",
    color="#fbafe4",
    families=("feedforward",),
    version=1,
    source="ours, after arXiv 1608.05343v1",
    model="M",
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update, of the network and of every M."""
    one_hot = network.encode(labels)
    h, passed = x, []
    for layer, model in zip(network.hidden, network.models, strict=True):
        h, pullback = layer(h)
        synthetic, learn = model(h, one_hot)
        passed.append((pullback, synthetic, learn))
    logits, pullback = network.classify(h)
    true = pullback(network.loss_gradient(logits, one_hot))
    for i, (pullback, synthetic, learn) in reversed(list(enumerate(passed))):
        learn(true)
        if i > 0:
            true = pullback(true)
        pullback(synthetic, need_input=False)  # last, so that its gradients are those that stay


def targets(network: FeedForwardNetwork, forward_pass: ForwardPass) -> list[Tensor]:
    """Return what each M should have predicted, bottom first: the true gradients."""
    found = [forward_pass.top]
    for pullback in reversed(forward_pass.pullbacks[1:]):
        found.insert(0, pullback(found[0]))
    return found
