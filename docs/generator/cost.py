"""What it takes to train what was never trained: hours of one core, from published speeds.

The rate of a program is that of `sgbench time` where it was timed, else that of records of the same
shape, as `sgbench run --dry-run` takes it; where there is neither, it goes by the number of
multiplications, at the speed of what is known of the same network.
"""

import functools
import statistics
from collections.abc import Iterable

from sgbench.bench.cell import Cell
from sgbench.reports.analysis.naming import duration
from sgbench.reproductions.exhibits.exhibit import load
from sgbench.reproductions.exhibits.expansion import expand
from sgbench.reproductions.running.plan import (
    EVALUATION_SHARE,
    make_plan,
    seconds_per_step,
    shape,
    work,
)

from . import other, sources

CORES = 2
"""That the pages reckon with; programs run one a core."""
_YEAR = 365 * 86400


def left(exhibit: str, scale: str = "paper") -> str:
    """Return about how long the cells of `scale` that have no published record take, in words."""
    plan = make_plan(expand(load(exhibit), scale), sources.records(), machine=None)
    missing = [plan.cells[index].cell for program in plan.programs for index in program]
    return in_words(sum(map(seconds, missing)) / CORES) if missing else "nothing is left"


def in_words(whole: float) -> str:
    """Return seconds as a reader plans with them: `9 min`, `22 days`, `5.1 years`."""
    if whole >= _YEAR:
        return f"{whole / _YEAR:.1f} years"
    return f"{whole / 86400:,.0f} days" if whole >= 3 * 86400 else duration(whole)


def seconds(cell: Cell) -> float:
    """Return about how long a core takes to train `cell`."""
    known = _rates()
    step = known.get(shape(cell))
    if step is None:
        step = work(cell) / cell.iterations * _per_multiplication(cell.dataset, cell.network)
    return step * cell.iterations * EVALUATION_SHARE


@functools.cache
def _rates() -> dict[str, float]:
    timed = ((shape(t.trained), 1 / t.steps_per_second) for t in other.timings())
    return {**seconds_per_step(sources.records(), None), **dict(timed)}


@functools.cache
def _per_multiplication(dataset: str, network: str) -> float:
    """Return seconds a multiplication, of the nearest networks whose speed is known."""
    known = {shape(cell): cell for cell in _cells()}
    of_step = {
        cell: rate / (work(cell) / cell.iterations)
        for name, rate in _rates().items()
        if (cell := known.get(name)) is not None
    }
    alike = [rate for c, rate in of_step.items() if (c.dataset, c.network) == (dataset, network)]
    alike = alike or [rate for c, rate in of_step.items() if c.network == network]
    return statistics.median(alike or of_step.values())


def _cells() -> Iterable[Cell]:
    yield from (record.cell for record in sources.records())
    yield from (timing.trained for timing in other.timings())
