"""What it takes to train what was never trained: on two cores, by the speeds that are stored.

The rates are those of `sgbench doctor` and `sgbench reproduce`; timings, which are taken on a
machine that does nothing else, come before the speeds of records. Cells that were trained together,
or on a GPU, tell nothing of a core, and are left out. Where a network was never trained
on a data set, it goes by its number of multiplications, at the speed of the same network on other
data.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence

from ....bench.cell import Cell
from ....reproductions.running.backend import GPU
from ....reproductions.running.plan import shape, work
from ....reproductions.running.rates import Rates
from ....results.record import Record
from ....results.timings import Timing
from ..naming import duration
from ..selection.select import Selection

CORES = 2
"""That costs are reckoned with; programs run one a core."""
_DAY, _YEAR = 86400, 365 * 86400


class Costs:
    """The time that cells take.

    Args:
        records: whose speeds count, of any processor.
        timings: likewise.
    """

    def __init__(self, records: Iterable[Record], timings: Iterable[Timing] = ()) -> None:
        self._rates = Rates(filter(_on_a_core, records), None)
        timed: dict[str, list[Timing]] = defaultdict(list)
        for timing in filter(_on_a_core, timings):
            timed[shape(timing.trained)].append(timing)
        ratios: dict[str, list[float]] = defaultdict(list)
        for _, some in sorted(timed.items()):  # the same in whatever order they come
            cell = some[0].trained
            per_step = statistics.median(1 / timing.steps_per_second for timing in some)
            self._rates.learn(cell, per_step)
            ratios[cell.network].append(per_step / _multiplications(cell))
        self._ratios = {network: statistics.median(found) for network, found in ratios.items()}

    def seconds(self, cells: Sequence[Cell]) -> float | None:
        """Return about how long cells take on two cores; None where nothing tells it of one."""
        for cell in cells:
            if self._rates.basis(cell) is None and cell.network in self._ratios:
                self._rates.learn(cell, self._ratios[cell.network] * _multiplications(cell))
        return self._rates.total(((cell, 0) for cell in cells), CORES)

    def left(self, selection: Selection) -> float | None:
        """Return about how long a selection's cells without a record of a whole run take."""
        return self.seconds(missing(selection))


def missing(selection: Selection) -> list[Cell]:
    """Return the cells of a selection that have no record of a whole training run."""
    whole = selection.frame[~selection.in_part]
    there = set(zip(whole["configuration"].tolist(), whole["seed"].tolist(), strict=True))
    return [
        cell.with_seed(seed)
        for n, cell in enumerate(selection.cells)
        for seed in selection.own_seeds
        if (n, seed) not in there
    ]


def in_words(seconds: float | None) -> str:
    """Return a time as a reader plans with it: `9 min 10 s`, `51 days`, `1.9 years`."""
    if seconds is None:
        return "unknown"
    if not seconds:
        return "nothing is left"
    if seconds >= _YEAR:
        return f"{seconds / _YEAR:.1f} years"
    return f"{seconds / _DAY:,.0f} days" if seconds >= 3 * _DAY else duration(seconds)


def _on_a_core(one: Record | Timing) -> bool:
    """Tell whether a cell was trained, or timed, by itself and on a processor."""
    return one.replicas == 1 and one.matmul != GPU[0]


def _multiplications(cell: Cell) -> float:
    return work(cell) / cell.iterations
