"""Interleaved timing: actions that take turns in rounds, and the machine's own rates."""

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from ..nn import products
from . import roofline
from .clock import Clock

TURN_SECONDS = 0.05  # a turn is as many steps as take this long, or one
TRIALS = 2  # to choose the steps of a turn
MOST_STEPS = 1000  # of a turn
SIDE = 1024  # of the square matrices whose product is the machine's rate
COPIED = 2**27  # bytes, to be more than caches hold

Action = Callable[[], object]


def nothing() -> None:
    """Begin a turn that needs no preparation."""


@dataclass(slots=True, kw_only=True)
class Turn:
    """One action that takes a turn in every round, and the seconds that it took."""

    do: Action
    begin: Action = nothing
    """Called before each turn; its time does not count."""
    steps: int = 1
    seconds: list[float] = field(default_factory=list[float])
    """A call, one for each turn."""

    def run(self, clock: Clock) -> None:
        """Take a turn."""
        self.begin()
        start = clock.mark()
        for _ in range(self.steps):
            self.do()
        self.seconds.append(clock.between(start, clock.mark()) / self.steps)

    def fill(self, clock: Clock, unit: int = 1) -> None:
        """Choose the steps of a turn, a multiple of `unit`; what is done for that is forgotten."""
        self.steps = unit
        for _ in range(TRIALS):
            self.run(clock)
        turns = math.ceil(TURN_SECONDS / max(min(self.seconds) * unit, 1e-9))
        self.seconds.clear()
        self.steps = unit * max(1, min(turns, MOST_STEPS // unit))


class MachineRates:
    """The machine's rates of multiplication and of copying."""

    def __init__(self, device: torch.device, back_end: str, clock: Clock) -> None:
        a, b, out = (torch.randn(SIDE, SIDE, device=device) for _ in range(3))
        source, target = (torch.zeros(COPIED // 4, device=device) for _ in range(2))

        def multiply() -> None:
            torch.mm(a, b, out=out)

        names = products.exact() if device.type == "cpu" else (back_end,)
        ways = [roofline.through(n, multiply, back_end) for n in names] if len(names) > 1 else []
        self._products = [Turn(do=do) for do in ways or [multiply]]
        self._copy = Turn(do=lambda: target.copy_(source))
        self.turns = [*self._products, self._copy]
        for turn in self.turns:
            turn.do()  # touches all for the first time
            turn.fill(clock)

    def matmul(self) -> list[float]:
        """Return the FLOP/s of each round through the best back-end."""
        best = min(self._products, key=lambda turn: statistics.median(turn.seconds))
        return [2 * SIDE**3 / seconds for seconds in best.seconds]

    def copy(self) -> list[float]:
        """Return the bytes a second of each round."""
        return [2 * COPIED / seconds for seconds in self._copy.seconds]
