"""Decoupled layers, active or idle by a random mask: the paper's stochastic updates (Figures 5, 6).

At every step each layer, the top one included, is active with probability `p_update`,
independently of the others, and idle otherwise. An idle layer keeps its weights, and Adam its
moments and count.

`decoupled = update`: every layer runs forward always; an active layer updates with what M says.
`decoupled = both`, completely unlocked: an idle layer does not run forward either. The layer above
it then takes a synthetic input in place of its output: I, a model that reads the network's input x
and learns to say what the layer would. For two neighbours, layer i below and layer i + 1 above:

    i       i + 1   h_i comes from    updated                          learns
    active  active  layer i           layer i by M_i(h_i), layer i+1   I from h_i, M_i
    active  idle    layer i           layer i by M_i(h_i)              I from h_i
    idle    active  I(x)              layer i + 1                      M_i, at I(x)
    idle    idle    nothing runs      nothing                          nothing

M_i learns whenever layer i + 1 does its backward: the gradient that this sends down, at what layer
i + 1 took as its input, is what M_i should have said there. I learns whenever its layer runs: its
loss is the squared error, summed over units and averaged over the batch; it does not flow into h,
nor does anything that layer i + 1 learns flow into I. Every gradient is taken at the weights before
the step. (Without synthetic inputs the table is the same but for its second column.)
"""

from collections.abc import Callable
from collections.abc import Sequence as Seq
from typing import Any

import torch
from torch import Tensor

from ...cell import Cell
from ...nn.layers import Sequence
from ...nn.seeding import generator
from .network import Network

Which = tuple[bool, ...]
"""Of R replicas, those for which something holds."""


def step(network: Network, x: Tensor, labels: Tensor, mask: Seq[Seq[bool]]) -> None:
    """Write the gradients of one update of active layers; those of all else are left as they were.

    What no replica needs is not computed.

    Args:
        network: R replicas.
        x: inputs as the network packs them.
        labels: classes [R, B].
        mask: for each replica, whether each layer is active, bottom first.
    """
    one_hot = network.encode(labels)
    active: list[Which] = [tuple(some) for some in zip(*mask, strict=True)]
    always = (True,) * network.replicas
    h, pullback, learn_below = x, None, None
    for i, (layer, model) in enumerate(zip(network.hidden, network.models, strict=True)):
        below, runs = h, always if not network.inputs else active[i]
        if any(runs):
            h, pullback = _run(network, layer, runs, lambda run=layer, h=below: run(h))
        needed = tuple(a or b for a, b in zip(active[i], active[i + 1], strict=True))
        if not any(needed):
            learn_below = None
            continue
        if network.inputs:
            h = _given(network, network.inputs[i], (x, h), active[i], needed)
        synthetic, learn = _run(
            network, model.sequence, needed, lambda run=model, h=h: run(h, one_hot)
        )
        if any(active[i]):
            assert pullback is not None
            if learn_below is None:
                pullback(synthetic, need_input=False)
            else:
                learn_below(pullback(synthetic))
        learn_below = learn
    if any(active[-1]):
        logits, pullback = network.classify(h)
        assert learn_below is not None
        learn_below(pullback(network.loss_gradient(logits, one_hot)))


def _given(
    network: Network, model: Sequence, x_and_h: tuple[Tensor, Tensor], ran: Which, needed: Which
) -> Tensor:
    """Let I learn from h where its layer `ran`; return h there and I(x) elsewhere."""
    x, h = x_and_h
    guess, pullback = _run(network, model, needed, lambda: model(x))
    if not any(ran):
        return guess
    pullback((guess - h).mul_(2 / guess.shape[2]), need_input=False)
    if all(ran):
        return h
    return torch.where(torch.tensor(ran, device=h.device).view(-1, 1, 1), h, guess)


def _run(network: Network, block: Sequence, which: Which, forward: Callable[[], Any]) -> Any:
    """Run `forward`, which moves the running statistics of `block`, for the replicas `which`."""
    if all(which):
        return forward()
    statistics = [network.weights.statistics[name] for name in block.declare("statistics")]
    before = [tensor.clone() for tensor in statistics]
    found = forward()
    idle = [replica for replica, runs in enumerate(which) if not runs]
    for tensor, kept in zip(statistics, before, strict=True):
        tensor[idle] = kept[idle]
    return found


class UpdateMask:
    """The update masks of R replicas, each from a generator of its own.

    A replica's numbers depend on its seed alone: where a layer is active at one p_update, it is
    active at any greater one too.

    Args:
        cells: one for each replica.
        layers: how many layers the mask covers.
    """

    BLOCK = 256  # steps that are drawn at once

    def __init__(self, cells: Seq[Cell], layers: int) -> None:
        self.layers = layers
        self.p = [cell.p_update or 0.0 for cell in cells]
        self.generators = [generator(cell.seed, "coins") for cell in cells]
        self.drawn, self.position = torch.empty(len(cells), 0, layers, dtype=torch.float64), 0
        self._masks: list[list[list[bool]]] = []

    def draw(self) -> list[list[bool]]:
        """Return for each replica whether each layer is active at the next step, bottom first."""
        if self.position == self.drawn.shape[1]:
            make: dict[str, Any] = {"dtype": torch.float64}
            size = (self.BLOCK, self.layers)
            self.drawn = torch.stack(
                [torch.rand(size, generator=g, **make) for g in self.generators]
            )
            self.position, self._masks = 0, []
        if not self._masks:
            p = torch.tensor(self.p, dtype=torch.float64).view(-1, 1, 1)
            self._masks = (self.drawn < p).tolist()
        self.position += 1
        return [masks[self.position - 1] for masks in self._masks]

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs to go on with the same masks."""
        states = torch.stack([g.get_state() for g in self.generators])
        return {"generators": states, "drawn": self.drawn, "position": self.position}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the masks where `state` left them."""
        for held, saved in zip(self.generators, state["generators"], strict=True):
            held.set_state(saved.clone())  # torch crashes on a view that has an offset
        self.drawn, self.position, self._masks = state["drawn"], state["position"], []


def block_mask(network: Network, mask: Seq[Seq[bool]]) -> list[list[bool]]:
    """Return for each replica which of the network's blocks are updated, in their order."""
    inputs = bool(network.inputs)
    return [[*active, *active[1:], *(active[:-1] if inputs else ())] for active in mask]
