"""Bits per character of a text, as a recurrent network predicts it."""

import math
from typing import TYPE_CHECKING, cast

import torch

from .estimates import STEPS, STREAMS, WARM_UP
from .network import RecurrentReplicas, softmax_loss

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def bits_per_character(
    network: RecurrentReplicas,
    text: "NDArray[np.uint8]",
    *,
    places: int = STREAMS,
    warm_up: int = WARM_UP,
) -> list[float]:
    """Return each replica's mean cross-entropy in bits over all characters but the first.

    The text [N] is read from the start to the end, in parts at once; a part's first state comes
    from reading the `warm_up` characters before it, those of the first from the text's end. There
    are as many parts as `places`, fewer of a short text.
    """
    codes = torch.as_tensor(text).to(network.state.device).long()
    streams = max(1, min(places, (len(codes) - 1) // warm_up))
    part = -(-(len(codes) - 1) // streams)
    begin = torch.arange(streams, device=codes.device) * part
    tape = network.core.tape(STEPS, streams)
    state = network.state.new_zeros(network.replicas, network.core.blueprint.state_size, streams)
    total = torch.zeros(network.replicas, dtype=torch.float64, device=codes.device)
    for start in range(-warm_up, part, STEPS):
        ahead = start + torch.arange(STEPS, device=codes.device).unsqueeze(1)
        at = begin + ahead
        counted = (ahead >= 0) & (ahead < part) & (at < len(codes) - 1)
        targets = torch.where(counted, codes[(at + 1) % len(codes)], -1)
        spread = codes[at % len(codes)].expand(network.replicas, -1, -1)
        network.core.forward(tape, spread, state)
        state = tape.state(STEPS)
        logits = network.readout.evaluate(tape.outputs.flatten(2))
        loss, _ = softmax_loss(logits, targets.flatten().expand(network.replicas, -1))
        total += loss.double()
    return cast("list[float]", (total / (len(codes) - 1) / math.log(2)).tolist())
