"""The check of what a rule's layers wait for before they learn (`Rule.locking`)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .checks import Failed
from .harness import RuleHarness, differing, first_and_count, harness_of, restored
from .settings import Setting


def locking(setting: Setting) -> None:
    """A hidden layer learns without what the rule says that it does not wait for.

    Whatever errors layers pass down, no hidden layer's gradient changes; and where the rule waits
    for its input only, none changes with the weights of the layers above it either.
    """
    found = harness_of(setting)
    found.step(1)
    found.randomise()
    start, arguments = found.state(), found.draw()
    found.write(arguments)
    before = found.gradients()

    other = restored(setting, start)
    _garble_errors(other)
    other.write(arguments)
    unlike = differing(_hidden(before, len(found.network.hidden)), other.gradients())
    if unlike:
        raise Failed(
            f"the gradient of {first_and_count(unlike)} depends on an error that a layer above"
            " passed down: RULE.locking='backward'"
        )
    if setting.rule.locking != "forward":
        return
    for below in range(1, len(found.network.hidden) + 1):
        other = restored(setting, start)
        _change_above(other, below)
        other.write(arguments)
        unlike = differing(_hidden(before, below), other.gradients())
        if unlike:
            raise Failed(
                f"the gradient of {first_and_count(unlike)} depends on the weights of the layers"
                " above: RULE.locking is 'update', or 'backward'"
            )


def _hidden(gradients: dict[str, Tensor], count: int) -> dict[str, Tensor]:
    """Return the gradients of the lowest `count` hidden layers."""
    names = tuple(f"hidden{i}." for i in range(count))
    return {name: tensor for name, tensor in gradients.items() if name.startswith(names)}


def _garble_errors(found: RuleHarness) -> None:
    """Let every hidden layer and the classifier pass a wrong error down."""
    network = found.network
    network.hidden = [_garbling(layer) for layer in network.hidden]
    network.classify = _garbling(network.classify)


def _garbling(layer: Any) -> Any:
    """Return a layer as it is, but that the gradients at its input are wrong."""

    def call(x: Tensor) -> tuple[Tensor, Any]:
        h, pullback = layer(x)

        def pull(delta: Tensor, **options: Any) -> Tensor | None:
            below = pullback(delta, **options)
            return None if below is None else torch.cos(1e3 * below) + 1

        return h, pull

    return call


def _change_above(found: RuleHarness, below: int) -> None:
    """Give other weights to the classifier and to all but the lowest `below` hidden layers.

    What learns beside a layer (an M, a head, a map) is changed with it.
    """
    kept = tuple(f"{kind}{i}." for i in range(below) for kind in ("hidden", "sg", "head", "map"))
    for name, weights in found.program.weights.named.items():
        if not name.startswith(kept):
            weights.mul_(-1.5).add_(0.1)
