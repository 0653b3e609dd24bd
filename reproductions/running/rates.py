"""How long cells take: from records of this machine, of others, or by their work.

Free of torch, but for what `time_unknown` times.
"""

import functools
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Literal

from ...bench.cell import Cell
from ...bench.families.feedforward.stages import START_SECONDS, waiting_seconds, whole_network
from ...bench.registry import DATASETS, RULES
from ...results.record import Record
from ...results.store import published
from ...results.store.store import Store
from .backend import kept_backend, measured_backend
from .plan import EVALUATION_SHARE, Speed, seconds_per_step, shape, speeds, work

Basis = Literal["measured", "elsewhere", "work"]
"""measured: alike cells were trained on this class of machine; elsewhere: on another; work: other
cells of the network and dataset were, or one was timed, and the time is taken to grow with the
multiplications."""


Timed = dict[tuple[str, str], tuple[Cell, float]]
"""By network and dataset, a cell and the seconds of its update, timed for want of a record."""
TIMING_SECONDS = 0.3  # of updates, for each


class Rates:
    """Seconds that cells take on a machine.

    Args:
        records: of any machine, such as the store's and the published ones.
        machine: the machine class, or several; None where it is not known.
        others: whether records of other machines count, as they do between CPUs.
        further: speeds of more records.
    """

    def __init__(
        self,
        records: Iterable[Record],
        machine: str | Collection[str] | None,
        *,
        others: bool = True,
        further: Iterable[Speed] = (),
    ) -> None:
        found = (*speeds(records), *further)
        self._here = {} if machine is None else seconds_per_step(found, machine)
        self._elsewhere = seconds_per_step(found, None) if others else {}
        known = {**self._elsewhere, **self._here}
        ratios: dict[tuple[str, str], list[float]] = defaultdict(list)
        for name, cell in {one.shape: one.cell for one in found}.items():
            if name in known:
                computing = max(0.0, known[name] - waiting_seconds(cell.to_dict()))
                ratio = computing / _multiplications(cell)
                ratios[cell.network, cell.dataset].append(ratio)
        self._per_work = {which: statistics.median(some) for which, some in ratios.items()}

    def seconds(self, cell: Cell, done: int = 0) -> float | None:
        """Return about how long a cell takes from its `done`th update on; None where unknown."""
        per_step, _ = self._rate(cell)
        if per_step is None:
            return None
        start = START_SECONDS if cell.stages is not None else 0.0
        return per_step * max(0, cell.iterations - done) * EVALUATION_SHARE + start

    def basis(self, cell: Cell) -> Basis | None:
        """Return what the time of a cell is known from; None where it is not known."""
        return self._rate(cell)[1]

    def total(self, cells: Iterable[tuple[Cell, int]], workers: int) -> float | None:
        """Return about how long cells take, each from an update on; None where one is unknown."""
        total = longest = staged = 0.0
        for cell, done in cells:
            taken = self.seconds(cell, done)
            if taken is None:
                return None
            if cell.stages is not None:  # one at a time, whatever the workers
                staged += taken
            else:
                total, longest = total + taken, max(longest, taken)
        return max(total / max(1, workers), longest) + staged

    def learn(self, cell: Cell, per_step: float) -> None:
        """Take note of the seconds that an update of a cell computed here."""
        self._here[shape(cell)] = per_step + waiting_seconds(cell.to_dict())
        ratio = per_step / _multiplications(cell)
        self._per_work.setdefault((cell.network, cell.dataset), ratio)

    def _rate(self, cell: Cell) -> tuple[float | None, Basis | None]:
        name = shape(cell)
        if name in self._here:
            return self._here[name], "measured"
        if name in self._elsewhere:
            return self._elsewhere[name], "elsewhere"
        key = cell.network, cell.dataset
        if key in self._per_work:
            waits = waiting_seconds(cell.to_dict())
            return self._per_work[key] * _multiplications(cell) + waits, "work"
        return None, None


def rates_for(
    records: Iterable[Record], machine: str | Collection[str] | None, device: str
) -> Rates:
    """Return the rates on a machine by its own records and, on a CPU, the published ones."""
    on_cpu = device == "cpu"
    further: tuple[Speed, ...] = ()
    if on_cpu:
        further = _published(published.PUBLISHED, RULES.generation + DATASETS.generation)
    return Rates(records, machine, others=on_cpu, further=further)


@functools.lru_cache(maxsize=2)
def _published(folder: Path, generation: int) -> tuple[Speed, ...]:
    """Return the speeds of the published records: each pass of a reproduction asks for them."""
    del folder, generation  # the package stays as it is, what is registered may not
    return speeds(published.open_published().scan())


def time_unknown(
    store: Store, cells: Iterable[Cell], device: str, rates: Rates, timed: Timed
) -> None:
    """Time one cell, of middling size, of each network and dataset that the rates do not know.

    Args:
        store: has the back-end that was chosen here, if one was.
        cells: those whose networks are to be known.
        device: `cpu` or `cuda:i`.
        rates: of this machine.
        timed: what was timed before, which is not timed again; what is timed is added.
    """
    unknown: dict[tuple[str, str], dict[str, Cell]] = defaultdict(dict)
    for cell in cells:
        key = cell.network, cell.dataset
        if key not in timed and rates.basis(cell) is None:
            unknown[key].setdefault(shape(cell), cell)
    if unknown:
        from ...bench.profiling.synthetic_data import step_seconds

        backend = kept_backend(store, device)
        matmul = measured_backend()["matmul"] if backend is None else backend[0]
        for key, some in unknown.items():
            cell = sorted(some.values(), key=_multiplications)[len(some) // 2]
            timed[key] = cell, step_seconds(whole_network(cell), device, matmul, TIMING_SECONDS)
    for cell, per_step in timed.values():
        rates.learn(cell, per_step)


def may_end_early(cells: Iterable[Cell]) -> bool:
    """Tell whether any cell has early stopping: an estimate of the time is then an upper bound."""
    return any(cell.patience for cell in cells)


def _multiplications(cell: Cell) -> float:
    """Return about how many an update takes."""
    return work(cell) / cell.iterations
