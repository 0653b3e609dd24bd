"""Early stopping: training ends where the validation error has not fallen for a while.

The last sixth of the training set is held out and decides. What counts is the network as it was at
its lowest validation error (the first of equals): there, and only there, the test set is looked at.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...cell import Cell

Errors = tuple[list[float], list[float]]
"""Each replica's error in percent and mean loss in nats."""


class EarlyStopping:
    """The lowest validation error of R replicas, and how long each has waited for a lower one.

    Args:
        cells: one for each replica, with `patience`.
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.patience: int = cells[0].need("patience")
        self._tests = cells[0].split == "test"
        self.lowest = [math.inf] * len(cells)
        self.waited = [0] * len(cells)
        self._final: Errors = ([math.nan] * len(cells), [math.nan] * len(cells))
        self._train: Errors = ([math.nan] * len(cells), [math.nan] * len(cells))

    def observe(self, validation: Errors, evaluate: Callable[[str], Errors]) -> list[int]:
        """Take in an evaluation; return the replicas that end here.

        Args:
            validation: on the examples that decide.
            evaluate: evaluates on some others: `test` where a replica has a new lowest error,
                `train` where one ends.
        """
        before = list(map(self.stopped, range(len(self.waited))))
        better = [
            error < lowest and not before[r]
            for r, (error, lowest) in enumerate(zip(validation[0], self.lowest, strict=True))
        ]
        found = evaluate("test") if self._tests and any(better) else validation
        for r, is_better in enumerate(better):
            if is_better:
                self.lowest[r], self.waited[r] = validation[0][r], 0
                _take(self._final, found, [r])
            elif not before[r]:
                self.waited[r] += 1
        ends = [r for r, ended in enumerate(before) if self.stopped(r) and not ended]
        if ends:
            _take(self._train, evaluate("train"), ends)
        return ends

    def stopped(self, replica: int) -> bool:
        """True once a replica has waited `patience` evaluations for a lower validation error."""
        return self.waited[replica] >= self.patience

    def train(self, evaluate: Callable[[str], Errors]) -> Errors:
        """Return each replica's errors on training examples where it ended, or else now."""
        open_ = [r for r in range(len(self.waited)) if not self.stopped(r)]
        if open_:
            _take(self._train, evaluate("train"), open_)
        return self._train

    @property
    def final(self) -> Errors:
        """Each replica's result: on the split, at its lowest validation error."""
        return self._final

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        found: dict[str, Any] = {"lowest": self.lowest, "waited": self.waited}
        found["error"], found["loss"] = self._final
        found["train_error"], found["train_loss"] = self._train
        return found

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` returned."""
        self.lowest, self.waited = list(state["lowest"]), list(state["waited"])
        self._final = (list(state["error"]), list(state["loss"]))
        self._train = (
            list(state.get("train_error", self._train[0])),
            list(state.get("train_loss", self._train[1])),
        )


def _take(kept: Errors, found: Errors, replicas: Sequence[int]) -> None:
    for values, others in zip(kept, found, strict=True):
        for r in replicas:
            values[r] = others[r]
