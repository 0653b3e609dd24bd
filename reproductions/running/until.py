"""How far to train: a number of updates or a share of each cell's, up to an evaluation.

A schedule's first part, trained so, is the protocol itself up to there: the learning rate does not
know where training will stop.
"""

import re
from dataclasses import dataclass

from ...bench.cell import Cell


@dataclass(frozen=True, slots=True)
class Until:
    """How far to train: `updates`, or the `share` of a cell's iterations, whichever is given."""

    updates: int | None = None
    share: float | None = None

    def of(self, cell: Cell) -> int:
        """Return the number of updates that a cell is trained for: on to its next evaluation."""
        wanted = self.updates if self.share is None else round(self.share * cell.iterations)
        if wanted is None or wanted >= cell.iterations:
            return cell.iterations
        return cell.next_evaluation(max(0, wanted - 1))

    def __str__(self) -> str:
        return f"{self.updates}" if self.share is None else f"{100 * self.share:g}%"


def read_until(text: str) -> Until:
    """Return the meaning of `5000`, `5_000` or `1%`; ValueError where it has none."""
    number = text.strip().replace("_", "").replace(",", "")
    if re.fullmatch(r"[1-9][0-9]*", number):
        return Until(updates=int(number))
    percent = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?%", number)
    if percent and 0 < float(percent[1]) <= 100:
        return Until(share=float(percent[1]) / 100)
    raise ValueError(f"{text!r} is neither a number of updates, as 5000, nor a share, as 1%")
