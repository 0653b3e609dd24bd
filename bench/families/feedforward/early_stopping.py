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

    def observe(self, validation: Errors, test: Callable[[], Errors]) -> None:
        """Take in an evaluation.

        Args:
            validation: on the examples that decide.
            test: evaluates on the test set; called where a replica has a new lowest error.
        """
        better = [
            error < lowest and not self._stopped(r)
            for r, (error, lowest) in enumerate(zip(validation[0], self.lowest, strict=True))
        ]
        found = test() if self._tests and any(better) else validation
        for r, is_better in enumerate(better):
            if is_better:
                self.lowest[r], self.waited[r] = validation[0][r], 0
                for kept, value in zip(self._final, found, strict=True):
                    kept[r] = value[r]
            elif not self._stopped(r):
                self.waited[r] += 1

    @property
    def ended(self) -> bool:
        """True once every replica has waited for as many evaluations as the cells allow."""
        return all(map(self._stopped, range(len(self.waited))))

    @property
    def final(self) -> Errors:
        """Each replica's result: on the split, at its lowest validation error."""
        return self._final

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs."""
        error, loss = self._final
        return {"lowest": self.lowest, "waited": self.waited, "error": error, "loss": loss}

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what `state` returned."""
        self.lowest, self.waited = list(state["lowest"]), list(state["waited"])
        self._final = (list(state["error"]), list(state["loss"]))

    def _stopped(self, replica: int) -> bool:
        return self.waited[replica] >= self.patience
