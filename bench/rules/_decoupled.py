"""DNI where each layer is active at random steps only: stochastic updates (Figures 5 and 6).

At every step each layer, the classifier included, is active with probability `p_update`,
independently of the others, and idle otherwise. An idle layer keeps its weights, and Adam its
moments and count.

`decoupled = update`: every layer runs forward always; an active layer is updated with what M
predicts. `decoupled = both`, completely unlocked: an idle layer does not run forward either. The
layer above it then takes a synthetic input in place of its output: I, a model that reads the
network's input x and learns to predict the layer's output. For two neighbours, layer i below and
layer i + 1 above:

    i       i + 1   h_i comes from    updated                          learns
    active  active  layer i           layer i by M_i(h_i), layer i+1   I from h_i, M_i
    active  idle    layer i           layer i by M_i(h_i)              I from h_i
    idle    active  I(x)              layer i + 1                      M_i, at I(x)
    idle    idle    nothing runs      nothing                          nothing

M_i learns whenever layer i + 1 is updated: the gradient that this sends down, at what layer i + 1
took as its input, is M_i's target there. I learns whenever its layer runs: its loss is the squared
error, summed over units and averaged over the batch; it does not flow into h, nor does anything
that layer i + 1 learns flow into I. Every gradient is taken at the weights before the step.
(Without synthetic inputs the table is the same but for its second column.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from ..interfaces import DecoupledNetwork, Layer, Mask, Some


def step(network: DecoupledNetwork, x: Tensor, labels: Tensor, mask: Mask) -> None:
    """Write the gradients of one update of the active layers; all others' mean nothing.

    What no replica needs is not computed, where that is known without waiting for a GPU.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
        mask: for each replica, whether each layer is active, bottom first.
    """
    one_hot = network.encode(labels)
    active = _by_layer(mask)
    always = (True,) * network.replicas
    h, pullback, learn_below = x, None, None
    for i, (layer, model) in enumerate(zip(network.hidden, network.models, strict=True)):
        below, runs = h, always if not network.input_models else active[i]
        if _any(runs):
            h, pullback = network.run_for(layer, runs, below)
        needed = _either(active[i], active[i + 1])
        if not _any(needed):
            learn_below = None
            continue
        if network.input_models:
            h = _given(network, network.input_models[i], (x, h), active[i], needed)
        synthetic, learn = network.run_for(model, needed, h, one_hot)
        if _any(active[i]):
            assert pullback is not None
            if learn_below is None:
                pullback(synthetic, need_input=False)
            else:
                learn_below(pullback(synthetic))
        learn_below = learn
    if _any(active[-1]):
        logits, pullback = network.classify(h)
        assert learn_below is not None
        learn_below(pullback(network.loss_gradient(logits, one_hot)))


def _given(
    network: DecoupledNetwork,
    model: Layer,
    x_and_h: tuple[Tensor, Tensor],
    ran: Some,
    needed: Some,
) -> Tensor:
    """Let I learn from h where its layer `ran`; return h there and I(x) elsewhere."""
    x, h = x_and_h
    guess, pullback = network.run_for(model, needed, x)
    if not _any(ran):
        return guess
    pullback((guess - h).mul_(2 / guess.shape[2]), need_input=False)
    if not isinstance(ran, Tensor):
        if all(ran):
            return h
        ran = torch.tensor(ran, device=h.device)
    return torch.where(ran.view(-1, 1, 1), h, guess)


def _by_layer(mask: Mask) -> list[Some]:
    """Return for each layer, bottom first, the replicas in which it is active."""
    if isinstance(mask, Tensor):
        return list(mask.unbind(1))
    return [tuple(some) for some in zip(*mask, strict=True)]


def _any(some: Some) -> bool:
    """Tell whether it may hold for a replica."""
    return isinstance(some, Tensor) or any(some)


def _either(one: Some, other: Some) -> Some:
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        return torch.logical_or(torch.as_tensor(one), torch.as_tensor(other))
    return tuple(a or b for a, b in zip(one, other, strict=True))
