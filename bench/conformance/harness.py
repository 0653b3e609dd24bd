"""The harness: a small program of the rule that is checked, opened up for the checks.

It hands the rule's function its arguments and lets it write gradients without an optimiser,
and it can give the rule other labels than the loss sees.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from .. import registry
from ..cell import Cell
from ..families.program import State
from .settings import Setting, data

WARM_UP = 64
"""Steps of a stream before a harness begins: an episode begins with what is only read."""
Arguments = tuple[Tensor, ...]
"""What the rule's function takes besides the network."""


class RuleHarness(ABC):
    """A program of a rule.

    Args:
        setting: the rule, on a network and a kind of data.
        cells: one for each replica.
    """

    def __init__(self, setting: Setting, cells: Sequence[Cell]) -> None:
        self.setting, self.rule = setting, registry.RULES.module(setting.rule.name)
        cpu = torch.device("cpu")
        self.program: Any = setting.family.program(cells, data(setting.kind), cpu)
        self.network: Any = self.program.network

    @abstractmethod
    def draw(self) -> Arguments:
        """Return the arguments of the rule's function for the data that comes next."""

    @abstractmethod
    def write(self, arguments: Arguments) -> None:
        """Call the rule's function: it writes gradients, no weight moves."""

    @abstractmethod
    def relabelled(self, arguments: Arguments) -> Arguments:
        """Return the arguments with other labels."""

    @abstractmethod
    def remember_labels(self) -> Callable[[], None]:
        """Note the labels that the loss, and an M that sees labels, are given from now on.

        Returns what lets them see the same labels once more, whatever they are given.
        """

    def step(self, count: int) -> None:
        """Do `count` updates."""
        for _ in range(count):
            self.program.step()

    def tensors(self) -> dict[str, Tensor]:
        """Return copies [R, …] of all that a step may change, by words that name them."""
        weights = self.program.weights
        first, second = self.program.moments()
        kinds: dict[str, dict[str, Tensor]] = {
            "weight": weights.named,
            "running statistic": weights.statistics,
            "first moment of": first,
            "second moment of": second,
            "kept tensor": self.program.kept,
            "updates of": {"the optimiser": self.program.adam.steps},
        }
        return {
            f"{kind} {name}": tensor.clone()
            for kind, named in kinds.items()
            for name, tensor in named.items()
        }

    def gradients(self) -> dict[str, Tensor]:
        """Return copies of the gradients [R, …] by the names of the weights."""
        weights = self.program.weights
        return {name: view.clone() for name, view in weights.views(weights.grads).items()}

    def forget_gradients(self) -> None:
        """Fill the gradients with NaN, so that one that is not written shows."""
        self.program.weights.grads.fill_(torch.nan)

    def state(self) -> State:
        """Return a copy of the program's whole state."""
        return copied(self.program.state())

    def randomise(self) -> None:
        """Move every weight off its initial value, where some are zero."""
        source = torch.Generator().manual_seed(1)
        for view in self.program.weights.named.values():
            noise = torch.empty(view.shape[1:], dtype=torch.float64)
            view.add_(noise.normal_(0, 0.2, generator=source))


class FeedForwardHarness(RuleHarness):
    """The harness of a rule's `step`."""

    def draw(self) -> Arguments:
        """Return x and labels."""
        images, labels = self.program.batches.take(self.program.batches.next())
        return self.network.architecture.pack(images), labels

    def write(self, arguments: Arguments) -> None:
        """Call `step`."""
        self.rule.step(self.network, *arguments)

    def relabelled(self, arguments: Arguments) -> Arguments:
        """Return the arguments with the next class for each label."""
        x, labels = arguments
        return x, (labels + 1) % self.network.classes

    def remember_labels(self) -> Callable[[], None]:
        """Note the one-hot labels of the loss and of every M that sees them."""
        network = self.network
        replays = [_Replay(network.loss_gradient, "one_hot")]
        network.loss_gradient = replays[0]
        if self.setting.rule.models_see_labels:
            network.models = [_Replay(model, "one_hot") for model in network.models]
            replays += network.models

        def start() -> None:
            for replay in replays:
                replay.start()

        return start


class RecurrentHarness(RuleHarness):
    """The harness of a rule's `unroll`; its streams are under way, so that some targets count."""

    def __init__(self, setting: Setting, cells: Sequence[Cell]) -> None:
        super().__init__(setting, cells)
        self.program.stream.advance(WARM_UP)

    def draw(self) -> Arguments:
        """Return inputs and targets."""
        program = self.program
        inputs, targets = program.stream.peek(program.T, program.streams)
        program.stream.advance(program.T)
        return inputs, targets

    def write(self, arguments: Arguments) -> None:
        """Call `unroll`."""
        self.rule.unroll(self.network, *arguments)

    def relabelled(self, arguments: Arguments) -> Arguments:
        """Return the arguments with the next class for each target that counts."""
        inputs, targets = arguments
        other = (targets + 1) % self.network.classes
        return inputs, torch.where(targets < 0, targets, other)

    def remember_labels(self) -> Callable[[], None]:
        """Note the targets of the losses."""
        self.network.forward = _Replay(self.network.forward, "targets")
        return self.network.forward.start


class PairHarness(RuleHarness):
    """The harness of a rule's `cycle`."""

    def draw(self) -> Arguments:
        """Return digits and counts."""
        program = self.program
        found = program.streams.training(program.iteration)
        return tuple(found)

    def write(self, arguments: Arguments) -> None:
        """Run `cycle` to its end."""
        self.parts(arguments)

    def parts(self, arguments: Arguments) -> list[str]:
        """Run `cycle` to its end; return the parts that it yields."""
        with torch.enable_grad():
            return list(self.rule.cycle(self.network, *arguments))

    def relabelled(self, arguments: Arguments) -> Arguments:
        """Return the arguments with other counts."""
        digits, odd, threes = arguments
        T = self.network.T
        return digits, (odd + 1) % (T + 1), (threes + 1) % (T * T + 1)

    def remember_labels(self) -> Callable[[], None]:
        """Note the counts of the losses."""
        self.network.loss = _Replay(self.network.loss, "counts")
        return self.network.loss.start


HARNESSES = {"feedforward": FeedForwardHarness, "recurrent": RecurrentHarness, "pair": PairHarness}


def harness_of(setting: Setting, *cells: Cell) -> RuleHarness:
    """Return a harness of `cells`; of one small cell where none are given."""
    return HARNESSES[setting.family.name](setting, cells or (setting.cell(),))


def restored(setting: Setting, state: State, *cells: Cell) -> RuleHarness:
    """Return a new harness of the cells in the state of another."""
    found = harness_of(setting, *cells)
    found.program.restore(copied(state))
    return found


def copied(state: Any) -> Any:
    """Return a copy of a program's state, its tensors too."""
    if isinstance(state, Tensor):
        return state.clone()
    if isinstance(state, dict):
        return {name: copied(value) for name, value in cast("dict[str, Any]", state).items()}
    if isinstance(state, (list, tuple)):
        many = cast("Sequence[Any]", state)
        return type(many)(map(copied, many))  # pyright: ignore[reportCallIssue]
    return state


def differing(one: dict[str, Tensor], other: dict[str, Tensor]) -> list[str]:
    """Return the names in both whose tensors are not the same, bit for bit (NaN equals NaN)."""
    return [
        name
        for name, tensor in one.items()
        if name in other and not torch.allclose(tensor, other[name], 0, 0, equal_nan=True)
    ]


def first_and_count(names: Sequence[str]) -> str:
    """Return the first of some names, with how many more there are."""
    return names[0] + (f" (and {len(names) - 1} more)" if len(names) > 1 else "")


class _Replay:
    """A function whose label argument is noted at each call, and given again once `start`ed."""

    def __init__(self, function: Callable[..., Any], label: str) -> None:
        self.function, self.label = function, label
        self.signature = inspect.signature(function)
        self.seen: list[Any] = []
        self.replays = False

    def start(self) -> None:
        self.replays = True

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        given = self.signature.bind(*arguments, **more)
        if self.replays:
            given.arguments[self.label] = self.seen.pop(0)
        else:
            self.seen.append(given.arguments[self.label])
        return self.function(*given.args, **given.kwargs)
