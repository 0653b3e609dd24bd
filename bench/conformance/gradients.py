"""Checks of gradients: finite differences, and an M that is right, against the true gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ..families.feedforward.blueprint import frozen_layers
from .checks import Failed
from .harness import Arguments, RuleHarness, harness_of, restored
from .settings import Setting

STEP = 1e-6
TOLERANCE = 1e-5  # of a slope by central differences in float64, relative

Loss = Callable[[RuleHarness, Arguments], Tensor]
"""Returns a loss [R] at the weights of a harness."""


def objective(setting: Setting) -> None:
    """The gradients are those of the rule's `objective`, but for M's."""
    found = harness_of(setting)
    found.randomise()
    state, arguments = found.state(), found.draw()
    found.write(arguments)
    written = {n: g for n, g in found.gradients().items() if _claimed(setting, n)}

    def loss(at: RuleHarness, given: Arguments) -> Tensor:
        return at.rule.objective(at.network, *given)

    compare(setting, state, arguments, written, loss)


def exact_model(setting: Setting) -> None:
    """An exact M, which says the true gradient: the network learns from the true gradient."""
    if setting.family.name == "feedforward":
        _exact_models_of_layers(setting)
    else:
        _exact_model_of_an_unroll(setting)


def _exact_models_of_layers(setting: Setting) -> None:
    found, backprop = harness_of(setting), harness_of(setting.baseline())
    found.randomise()
    for name, view in backprop.program.weights.named.items():
        view.copy_(found.program.weights.named[name])
    arguments = found.draw()
    backprop.write(arguments)
    true = _true_gradients(backprop, arguments)
    found.network.models = [_says(gradient) for gradient in true]
    found.write(arguments)
    written = found.gradients()
    for name, want in backprop.gradients().items():
        distance = float((written[name] - want).abs().max())
        if not distance <= 1e-10 * max(1.0, float(want.abs().max())):
            raise Failed(f"the gradient of {name} is {distance:.1g} from the baseline's")


def _says(gradient: Tensor) -> Callable[..., object]:
    """Return an M that says one gradient, whatever it sees, and learns nothing."""

    def learn(target: Tensor) -> None:
        del target

    def model(h: Tensor, one_hot: Tensor) -> tuple[Tensor, Callable[[Tensor], None]]:
        del h, one_hot
        return gradient, learn

    return model


def _true_gradients(found: RuleHarness, arguments: Arguments) -> list[Tensor]:
    """Return the gradient of the loss at each hidden layer's h, bottom first."""
    network = found.network
    (h, labels), pullbacks = arguments, list[Callable[..., Tensor]]()
    with network.untracked():
        for layer in network.hidden:
            h, pullback = layer(h)
            pullbacks.append(pullback)
        logits, pullback = network.classify(h)
        true = [pullback(network.loss_gradient(logits, network.encode(labels)))]
        for pullback in reversed(pullbacks[1:]):
            true.insert(0, pullback(true[0]))
    return true


def _exact_model_of_an_unroll(setting: Setting) -> None:
    """Hold the gradients against the slopes of the unroll's loss plus <what M says, the state>."""
    found, factor = harness_of(setting), setting.cell().need("sg_factor")
    found.randomise()
    state, arguments = found.state(), found.draw()
    said = torch.empty_like(found.network.state)
    said.normal_(generator=torch.Generator().manual_seed(2))

    def says(state: Tensor) -> Tensor:
        del state
        return said

    found.network.synthetic_gradient = says
    found.write(arguments)
    core = {n: g for n, g in found.gradients().items() if not n.startswith(("sg", "aux"))}

    def loss(at: RuleHarness, given: Arguments) -> Tensor:
        at.network.forward(*given)
        rest = (said * at.network.state).sum((1, 2))
        return at.network.loss / at.network.streams + factor * rest

    compare(setting, state, arguments, core, loss)


def compare(
    setting: Setting,
    state: dict[str, object],
    arguments: Arguments,
    written: Mapping[str, Tensor],
    loss: Loss,
) -> None:
    """Hold written gradients against the slopes of a loss by central differences.

    Args:
        setting: what is checked.
        state: of the program, with the weights at which the gradients were written.
        arguments: what they were written for.
        written: gradients [1, …] by the names of the weights.
        loss: the loss.

    Raises Failed with the weight whose gradient is another.
    """

    def at(name: str, offset: Tensor) -> float:
        moved = restored(setting, state)
        moved.program.weights.named[name].add_(offset)
        found = loss(moved, arguments)
        if found.shape != (1,):
            raise Failed(f"objective returns {list(found.shape)} for one replica; it returns [R]")
        return float(found[0])

    def slopes(name: str, gradient: Tensor) -> tuple[float, float]:
        direction = torch.empty(gradient.shape, dtype=torch.float64).normal_(generator=source)
        direction.mul_(1 / float(direction.square().sum()) ** 0.5)
        rise = at(name, STEP * direction) - at(name, -STEP * direction)
        return float(torch.sum(gradient * direction)), rise / (2 * STEP)

    source = torch.Generator().manual_seed(3)
    for name, gradient in written.items():
        near = TOLERANCE * float(gradient.square().sum()) ** 0.5 + 1e-8
        got, slope = slopes(name, gradient)
        if abs(got - slope) > near:  # once more: a kink of a ReLU may lie between the two points
            got, slope = slopes(name, gradient)
        if not abs(got - slope) <= near:
            raise Failed(
                f"{name}: along a random direction the gradient that is written is {got:.6g}, and"
                f" the loss rises by {slope:.6g}"
            )


def _claimed(setting: Setting, name: str) -> bool:
    """Tell whether a weight's gradient is that of the objective: M has a loss of its own."""
    frozen = frozen_layers(setting.cell()) if setting.family.name == "feedforward" else 0
    return not name.startswith(("sg", *(f"hidden{i}." for i in range(frozen))))
