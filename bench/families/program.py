"""A program: R cells that differ in replica axes only, trained together as one tensor program.

Its whole state is one dictionary of tensors and counters (`state`), so a run can stop anywhere and
go on bit for bit the same (`restore`). Each family's program is a subclass.

An iteration has two halves. `inputs` is the host's: it fetches the data that comes next. `learn` is
the device's: it reads nothing of the host's but those tensors, asks for no number back, and leaves
every tensor where the next iteration looks for it (`replaced`), so that on a GPU it is recorded
once and replayed (`training.graphs`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..nn.adam import Adam, rates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..cell import Cell
    from ..nn.parameters import Parameters
    from ..outcome import EvaluatedPoints, Solved

State = dict[str, Any]
"""Tensors, numbers, strings, lists and dictionaries of them: what a checkpoint holds.

The first dimension of tensors is the replicas', and a list has an entry for each
(`replica_state`)."""


@dataclass(frozen=True, slots=True)
class ProfiledAttribute:
    """An attribute of a program's network that belongs to a part of the step's profile.

    Attributes:
        owner: the object that has it.
        attribute: a layer, an M, a list of either, or a method.
        part: `forward`, `backward`, `m` or `update` (`profiling.step_profile`).
        pullback: the part of a layer's pullback; `part` itself if empty.
    """

    owner: Any
    attribute: str
    part: str
    pullback: str = ""


class Program(ABC):
    """The training state of R cells.

    Args:
        cells: one for each replica; they may differ in `configuration.replica_axes` only.
        device: where to train.
        clock: tells the seconds of training so far.

    Attributes:
        weights: the weights, gradients and running statistics.
        kept: the tensors that the rule keeps, [R, …] each.
        learn: does one iteration's work on the device, given what `inputs` returned.
        on_host: whether rates and masks are the host's numbers; on a GPU they are tensors there.
        iteration: updates done.
        progression: of each replica, the levels of its curriculum that it has solved.
    """

    weights: Parameters
    adam: Adam
    kept: dict[str, Tensor]
    learn: Callable[..., None]

    def __init__(
        self, cells: Sequence[Cell], device: torch.device, clock: Callable[[], float]
    ) -> None:
        self.cells, self.device, self.clock = tuple(cells), device, clock
        self.on_host = device.type == "cpu"
        self.iteration: int = 0
        self.progression: list[list[Solved]] = [[] for _ in cells]
        self._known_rates: list[float] = []
        self._rates = torch.zeros(len(cells), device=device)

    def stopped(self, replica: int) -> bool:
        """True once a replica stops before its iterations are done; others may still train."""
        return False

    @property
    def ended(self) -> bool:
        """True once all replicas have ended, though iterations remain."""
        return all(map(self.stopped, range(len(self.cells))))

    def rates(self) -> list[float]:
        """Return each replica's learning rate at the current iteration."""
        return rates(self.cells, self.iteration)

    def step(self) -> None:
        """Do one iteration on the data that comes next."""
        self.set_rates()
        self.learn(*self.inputs())
        self.advance()

    @abstractmethod
    def inputs(self) -> tuple[Any, ...]:
        """Return what the next iteration reads, on the device; it has then been taken."""

    def advance(self) -> None:
        """Count an iteration whose work has been given to the device."""
        self.iteration += 1

    def replaced(self) -> list[Tensor]:
        """Return the tensors that `learn` replaces by others, from one iteration to the next."""
        return []

    def replace(self, tensors: Sequence[Tensor]) -> None:
        """Go on with these in place of those that `replaced` returns."""
        del tensors

    @property
    def draws(self) -> bool:
        """True where `learn` uses random numbers; the host draws them at every step."""
        return False

    @property
    def phase(self) -> int:
        """Which of several memories the next `learn` works on, where it takes turns."""
        return 0

    def turn(self) -> None:
        """Take the turn that `learn` would have taken, had it run and not been replayed."""
        assert self.phase == 0, "a program whose memories take turns says how"

    def move(self, active: Any = None) -> None:
        """Update the weights with their gradients, each replica at its rate.

        `active` says for each replica which of Adam's parts move; None for all.
        """
        if self.weights.running is not None:
            self.weights.running.move()
        if self.on_host:
            self.adam.step(self.rates(), active)
            return
        one_rate = len(set(self._known_rates)) == 1
        self.adam.step_on_device(self._rates, active, one_rate=one_rate)

    def set_rates(self) -> None:
        """Put the current rates on the device, where they have changed."""
        if not self.on_host and self._known_rates != (now := self.rates()):
            self._known_rates = now
            self._rates.copy_(torch.tensor(now))

    @abstractmethod
    def evaluate_all(self) -> EvaluatedPoints:
        """Evaluate every replica: return the point of its curve, and when it diverged."""

    @abstractmethod
    def results(self) -> list[dict[str, Any]]:
        """Return the final numbers of every replica, by the names of `Outcome`'s fields.

        Those on held-out data are of the last `evaluate_all`.
        """

    @abstractmethod
    def profiled_attributes(self) -> list[ProfiledAttribute]:
        """Return what the parts of a step's profile are."""

    def moments(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return Adam's first and second moments by the names of the weights."""
        return self.weights.views(self.adam.first), self.weights.views(self.adam.second)

    def state(self) -> State:
        """Return the whole state: tensors (not copied) and counters."""
        return {
            "iteration": self.iteration,
            "weights": self.weights.flat,
            "statistics": self.weights.statistics,
            "adam": self.adam.state(),
            "kept": self.kept,
            "own": self._own_state(),
        }

    def restore(self, state: State) -> None:
        """Take up the state of a program of the same cells."""
        self.iteration = state["iteration"]
        self.weights.flat.copy_(state["weights"])
        for held, saved in (
            (self.weights.statistics, state["statistics"]),
            (self.adam.state(), state["adam"]),
            (self.kept, state["kept"]),
        ):
            for name, tensor in held.items():
                tensor.copy_(saved[name])
        self._restore_own(state["own"])

    @abstractmethod
    def _own_state(self) -> State:
        """Return what a family's program has on top."""

    @abstractmethod
    def _restore_own(self, state: State) -> None:
        """Take up what `_own_state` returned."""
