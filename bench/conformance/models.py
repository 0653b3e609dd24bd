"""Checks of what labels and synthetic-gradient models M do to the gradients of one update."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..interfaces import ForwardPass
from .checks import Failed
from .harness import Arguments, RuleHarness, differing, first_and_count, harness_of, restored
from .settings import Setting


def labels(setting: Setting) -> None:
    """Labels reach the loss, and an M that sees the label, and nothing else.

    With the labels that those see held as they are, other labels change no gradient, no running
    statistic and no kept tensor.
    """
    found, arguments = _ready(setting)
    start = found.state()
    replay = found.remember_labels()
    found.write(arguments)
    before = {**found.gradients(), **_own(found)}
    found.program.restore(start)
    replay()
    found.write(found.relabelled(arguments))
    unlike = differing(before, {**found.gradients(), **_own(found)})
    if unlike:
        raise Failed(
            f"the labels reach {first_and_count(unlike)} by another way than the loss"
            " (network.loss_gradient) or an M that sees them; say why in RULE.label_leak"
        )


def unlocked(setting: Setting) -> None:
    """What is below the labels learns without waiting for them, but for an M that sees them."""
    part = "a." if setting.family.name == "pair" else "hidden"
    found, arguments = _ready(setting)
    start = found.state()
    replay = found.remember_labels()
    found.write(arguments)
    before = {n: g for n, g in found.gradients().items() if n.startswith(part)}
    other = restored(setting, start)
    if setting.rule.models_see_labels:
        found.program.restore(start)
        replay()
        found.network.loss_gradient = other.network.loss_gradient
        other = found
    changed = list(other.relabelled(arguments))
    if setting.family.name == "pair":
        changed[1] = arguments[1]  # A has a loss of its own; B's labels come later
    other.write(tuple(changed))
    unlike = differing(before, other.gradients())
    if unlike:
        raise Failed(
            f"the gradient of {first_and_count(unlike)} depends on labels of the same update"
        )


def zero_model(setting: Setting) -> None:
    """While M says zero, as it does at first, nothing is learned through it."""
    if setting.family.name == "feedforward":
        found = harness_of(setting)
        found.write(found.draw())
        moved = [n for n, g in found.gradients().items() if n.startswith("hidden") and g.any()]
        if moved:
            raise Failed(
                f"{first_and_count(moved)} has a gradient that is not zero on the first update"
            )
        return
    used, unused = (harness_of(setting, setting.cell(sg_factor=factor)) for factor in (1.0, 0.0))
    for some in (used, unused):
        some.write(some.draw())
    unlike = [n for n in differing(unused.gradients(), used.gradients()) if not n.startswith("sg")]
    if unlike:
        words = "changes with sg_factor although M is zero"
        raise Failed(f"the first update of {first_and_count(unlike)} {words}")


def targets(setting: Setting) -> None:
    """`targets` returns what the update teaches each M, in the shape of its layer's h."""
    found, arguments = _ready(setting)
    network, taught = found.network, dict[int, Tensor]()
    forward_pass = _forward_pass(found, arguments)
    told = found.rule.targets(network, forward_pass)
    count = len(network.models)
    if len(told) != count:
        raise Failed(f"targets returns {len(told)} tensors for {count} models")
    network.models = [_listening(m, i, taught) for i, m in enumerate(network.models)]
    found.write(arguments)
    for i, target in enumerate(told):
        if target.shape != forward_pass.synthetic[i].shape:
            shapes = f"{list(target.shape)} for h of {list(forward_pass.synthetic[i].shape)}"
            raise Failed(f"targets: that of M after hidden layer {i + 1} has the shape {shapes}")
        if i in taught and not torch.allclose(target, taught[i], 1e-10, 1e-10):
            raise Failed(f"targets: M after hidden layer {i + 1} is taught another target by step")


def _ready(setting: Setting) -> tuple[RuleHarness, Arguments]:
    """Return a harness whose weights are random, M's last layer too, and arguments."""
    found = harness_of(setting)
    found.step(1)
    found.randomise()
    return found, found.draw()


def _own(found: RuleHarness) -> dict[str, Tensor]:
    """Return copies of the running statistics and kept tensors."""
    return {n: t for n, t in found.tensors().items() if n.startswith(("running", "kept"))}


def _forward_pass(found: RuleHarness, arguments: Arguments) -> ForwardPass:
    """Return one forward pass, as the diagnosis of M does it."""
    network = found.network
    (h, labels_), pullbacks, synthetic = arguments, list[Any](), list[Tensor]()
    one_hot = network.encode(labels_)
    with network.untracked():
        for layer, model in zip(network.hidden, network.models, strict=True):
            h, pullback = layer(h)
            pullbacks.append(pullback)
            synthetic.append(model(h, one_hot)[0])
        logits, pullback = network.classify(h)
        top = pullback(network.loss_gradient(logits, one_hot))
    return ForwardPass(pullbacks=pullbacks, synthetic=synthetic, top=top)


def _listening(model: Any, number: int, taught: dict[int, Tensor]) -> Callable[..., Any]:
    """Return an M as it is, which notes what it is taught."""

    def call(h: Tensor, one_hot: Tensor) -> tuple[Tensor, Callable[[Tensor], None]]:
        synthetic, learn = model(h, one_hot)

        def listen(target: Tensor) -> None:
            taught[number] = target.clone()
            learn(target)

        return synthetic, listen

    return call
