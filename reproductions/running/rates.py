"""How long cells take: from records of this machine, of others, or by their work.

Free of torch, and nothing is timed for it.
"""

import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Literal

from ...bench.cell import Cell
from ...results.record import Record
from .plan import EVALUATION_SHARE, seconds_per_step, shape, work

Basis = Literal["measured", "elsewhere", "work"]
"""measured: alike cells were trained on this class of machine; elsewhere: on another; work: other
cells of the network were, on the same data where there are such, and the time is taken to grow with
the multiplications."""


class Rates:
    """Seconds that cells take on a machine.

    Args:
        records: of any machine, such as the store's and the published ones.
        machine: the machine class, or several; None where it is not known.
        others: whether records of other machines count, as they do between CPUs.
    """

    def __init__(
        self,
        records: Iterable[Record],
        machine: str | Collection[str] | None,
        *,
        others: bool = True,
    ) -> None:
        records = [record for record in records if record.known]
        self._here = {} if machine is None else seconds_per_step(records, machine)
        self._elsewhere = seconds_per_step(records, None) if others else {}
        known = {**self._elsewhere, **self._here}
        ratios: dict[tuple[str, str | None], list[float]] = defaultdict(list)
        for name, cell in {shape(record.cell): record.cell for record in records}.items():
            if name in known:
                for dataset in (cell.dataset, None):
                    ratio = known[name] / _multiplications(cell)
                    ratios[cell.network, dataset].append(ratio)
        self._per_work = {which: statistics.median(some) for which, some in ratios.items()}

    def seconds(self, cell: Cell, done: int = 0) -> float | None:
        """Return about how long a cell takes from its `done`th update on; None where unknown."""
        per_step, _ = self._rate(cell)
        if per_step is None:
            return None
        return per_step * max(0, cell.iterations - done) * EVALUATION_SHARE

    def basis(self, cell: Cell) -> Basis | None:
        """Return what the time of a cell is known from; None where it is not known."""
        return self._rate(cell)[1]

    def learn(self, cell: Cell, per_step: float) -> None:
        """Take note of the seconds that an update of a cell took here."""
        self._here[shape(cell)] = per_step
        ratio = per_step / _multiplications(cell)
        self._per_work.setdefault((cell.network, cell.dataset), ratio)

    def _rate(self, cell: Cell) -> tuple[float | None, Basis | None]:
        name = shape(cell)
        if name in self._here:
            return self._here[name], "measured"
        if name in self._elsewhere:
            return self._elsewhere[name], "elsewhere"
        for dataset in (cell.dataset, None):
            if (cell.network, dataset) in self._per_work:
                return self._per_work[cell.network, dataset] * _multiplications(cell), "work"
        return None, None


def _multiplications(cell: Cell) -> float:
    """Return about how many an update takes."""
    return work(cell) / cell.iterations
