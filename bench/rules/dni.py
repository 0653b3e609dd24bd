"""DNI: what has been computed is updated at once, with the gradient that M predicts.

Feed-forward (Table 1): a layer does not wait for the layers above.

Layer i computes h_i, M_i(h_i) gives a synthetic gradient, and layer i is updated with it. The same
synthetic gradient, pulled back through layer i alone, is what M_{i-1} should have predicted:
targets are bootstrapped, and the true gradient reaches the topmost M only. Every gradient is taken
at the weights before the step, so one optimiser call at its end equals updating layer by layer.

With `frozen_below`, hidden layers below that number, counted from 0 at the bottom, keep their
initial weights and have no M (ours: it tells what the layers above do alone).

Recurrent (Table 2): an unroll of T steps does not wait for the steps that follow.

    theta <- theta - alpha (sum over the T steps of dL/dtheta + delta_T dh_T/dtheta)

delta_T, the synthetic gradient at the end of the unroll, stands for all that comes after. It is
multiplied by `sg_factor` there. What M should have predicted at the start of this unroll (the end
of the one before) is the gradient of its losses there, plus delta_T pulled back through it; the
factor is no part of that.

Two networks (Figure 8): A does not wait for B.

    theta_A <- theta_A - alpha (dL_A/dtheta + delta_m dm/dtheta)     every T steps

delta_m, the synthetic gradient of B's loss at A's message m, is multiplied by `sg_factor` there.
What M should have predicted at the T messages of a cycle is known when B has counted; M then
learns from all of them, while B learns from its loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract import Hyperparameter, Rule

if TYPE_CHECKING:
    from torch import Tensor

    from ..interfaces import (
        Cycle,
        DecoupledNetwork,
        FeedForwardNetwork,
        ForwardPass,
        Mask,
        NetworkPair,
        RecurrentNetwork,
        Unroll,
    )

FROZEN_BELOW = Hyperparameter(
    name="frozen_below",
    doc="hidden layers, from the bottom, that keep their initial weights and have no M"
    " (dni and cdni on fcn and cnn)",
    kind=int,
    default=0,
    min=0,
    max=998,
    optional=True,
    families=("feedforward",),
    symbol="frozen layers",
)

RULE = Rule(
    name="dni",
    label="DNI",
    sentence={
        "feedforward": (
            "a hidden layer learns from the gradient that its model M predicts from its output"
        ),
        "recurrent": "an unroll also learns from the gradient that M predicts at its end",
        "pair": "A also learns from the gradient that M predicts at its message",
    },
    color="#d55e00",
    families=("feedforward", "recurrent", "pair"),
    version=1,
    source="arXiv 1608.05343v1, sections 2 and 3",
    hyperparameters=(FROZEN_BELOW,),
    model="M",
    locking="forward",
    frozen_below="frozen_below",
    products_per_step=4,
    schedules=("unlocked", "completely_unlocked"),
)


def step(network: FeedForwardNetwork, x: Tensor, labels: Tensor) -> None:
    """Write the gradients of one update, of the network and of every M.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B]; an M sees them only in cDNI.
    """
    one_hot = network.encode(labels)
    h, learn_below = x, None
    for layer in network.hidden[: network.frozen]:
        h, _ = layer(h)
    for layer, model in zip(network.hidden[network.frozen :], network.models, strict=True):
        h, pullback = layer(h)
        delta, learn = model(h, one_hot)
        if learn_below is None:
            pullback(delta, need_input=False)
        else:
            learn_below(pullback(delta))
        learn_below = learn
    logits, pullback = network.classify(h)
    target = pullback(network.loss_gradient(logits, one_hot))
    if learn_below is not None:
        learn_below(target)


def targets(network: FeedForwardNetwork, forward_pass: ForwardPass) -> list[Tensor]:
    """Return what each M should have predicted, bottom first: bootstrapped but for the topmost."""
    pullbacks = forward_pass.pullbacks[network.frozen :]
    above = zip(pullbacks[1:], forward_pass.synthetic[1:], strict=True)
    return [*(pullback(synthetic) for pullback, synthetic in above), forward_pass.top]


def decoupled_step(network: DecoupledNetwork, x: Tensor, labels: Tensor, mask: Mask) -> None:
    """Write the gradients of one update of the active layers (Figures 5 and 6).

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
        mask: for each replica, whether each layer is active, bottom first.
    """
    from ._decoupled import step as decoupled

    decoupled(network, x, labels, mask)


def unroll(network: RecurrentNetwork, inputs: Tensor, targets: Tensor) -> None:
    """Write the gradients of one recurrent update; the state is carried over to the next.

    Args:
        network: R replicas.
        inputs: codes [R, T, B].
        targets: classes [R, T, B], -1 where nothing counts.
    """
    network.core.learn(learn_unroll(network, inputs, targets))


def learn_unroll(network: RecurrentNetwork, inputs: Tensor, targets: Tensor) -> Unroll:
    """Do all of `unroll` but the gradient of the core's weights; return the unroll.

    Its `delta` is the gradient at the gates, of the losses and the synthetic gradient.
    """
    tape, deltas = network.forward(inputs, targets)
    start, end = tape.state(0), tape.state(tape.steps)
    synthetic = network.synthetic_gradient(end)
    rest: Tensor | float = 0.0
    if network.factor != 1:  # first, since the last pull's delta is what the core learns from
        rest = (1 - network.factor) * network.core.pull(tape, None, synthetic)
    target = network.core.pull(tape, deltas, network.factor * synthetic) + rest
    network.learn_synthetic_gradient(start, target)
    return tape


def cycle(network: NetworkPair, digits: Tensor, odd: Tensor, threes: Tensor) -> Cycle:
    """Do one cycle of T * T steps of two networks; yield a part when its gradients are written.

    Args:
        network: R replicas.
        digits: inputs [R, T, T, pixels, B]: by window, by step.
        odd: how many digits of a window are odd, [R, T, B].
        threes: how many of the cycle are 3, [R, B].
    """
    messages: list[Tensor] = []
    for window in range(network.T):
        logits, message = network.run_a_window(digits[:, window])
        own = network.loss("a", logits, odd[:, window])
        delta = network.factor * network.synthetic_gradient(message)
        network.learn("a", [own, message], [None, delta])
        yield "a"
        messages.append(message.detach().requires_grad_())
        network.step_b(messages[-1], window)
    loss = network.loss("b", network.b_logits(), threes)
    true = network.learn("b", [loss], at=messages)
    network.learn_synthetic_gradient(messages, true)
    yield "b"
    yield "m"
