"""What it takes to train what was never trained: on two cores, by the speeds in our records.

The rates are those of `sgbench doctor` and `sgbench reproduce`; published timings, which were taken
on a machine that did nothing else, come before the speeds of records. Where a network was never
trained on a data set, it goes by its number of multiplications, at the speed of the same network on
other data.
"""

import functools
import statistics
from collections.abc import Sequence

from sgbench.reports.analysis.naming import duration
from sgbench.reproductions.exhibits import catalogue
from sgbench.reproductions.exhibits.exhibit import load
from sgbench.reproductions.exhibits.expansion import expand
from sgbench.reproductions.exhibits.where import Where
from sgbench.reproductions.running.plan import work
from sgbench.reproductions.running.rates import Rates

from . import other, sources
from .markers import MarkerError

CORES = 2
"""That the pages reckon with; programs run one a core."""
_DAY, _YEAR = 86400, 365 * 86400


def left(exhibit: str, scale: str = "paper", where: Sequence[str] = ()) -> str:
    """Return about how long the cells of `scale` that have no published record take, in words.

    FIELD=VALUE,… in `where` picks some of them, as `--where` does.
    """
    seconds = _seconds(exhibit, scale, sources.conditions(where))
    return in_words(seconds) if seconds else "nothing is left"


def all_left() -> str:
    """Return about how long what is left of the paper's protocol takes, in all exhibits."""
    seconds = sum(_seconds(name, "paper") for name in catalogue.names())
    return in_words(seconds) if seconds else "nothing is left"


def _seconds(exhibit: str, scale: str, where: Where | None = None) -> float:
    known = {record.key for record in sources.records() if record.status == "ok"}
    cells = expand(load(exhibit), scale, where=where)
    missing = [cell for cell in cells if cell.key not in known]
    if not missing:
        return 0
    rates = _rates()
    for cell in missing:
        if rates.basis(cell) is None:  # of no such network and data set is anything published
            rates.learn(cell, _per_multiplication(cell.network) * work(cell) / cell.iterations)
    seconds = rates.total(((cell, 0) for cell in missing), CORES)
    if seconds is None:
        raise MarkerError(f"{exhibit}: no published speed tells how long scale {scale} takes")
    return seconds


def in_words(seconds: float) -> str:
    """Return a time as a reader plans with it: `9 min 10 s`, `51 days`, `1.9 years`."""
    if seconds >= _YEAR:
        return f"{seconds / _YEAR:.1f} years"
    return f"{seconds / _DAY:,.0f} days" if seconds >= 3 * _DAY else duration(seconds)


@functools.cache
def _rates() -> Rates:
    rates = Rates(sources.records(), None)
    for timing in other.timings():
        rates.learn(timing.trained, 1 / timing.steps_per_second)
    return rates


@functools.cache
def _per_multiplication(network: str) -> float:
    """Return the median seconds of a multiplication in the published timings of a network."""
    found = [
        timing.trained.iterations / timing.steps_per_second / work(timing.trained)
        for timing in other.timings()
        if timing.trained.network == network
    ]
    if not found:
        raise MarkerError(f"no timing of the network {network} is published")
    return statistics.median(found)
