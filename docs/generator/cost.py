"""What it takes to train what has no published record, as reports have it, in words."""

import functools
from collections.abc import Sequence

from sgbench.reports.analysis.costs.remaining import Costs, in_words
from sgbench.reproductions.exhibits.exhibit import load

from . import other, sources
from .markers import MarkerError


def left(exhibit: str, scale: str = "paper", where: Sequence[str] = ()) -> str:
    """Return about how long the cells of `scale` that have no published record take, in words.

    FIELD=VALUE,… in `where` picks some of them, as `--where` does.
    """
    return in_words(seconds(exhibit, scale, where))


def all_left() -> str:
    """Return about how long what is left of the paper's protocol takes, in all exhibits."""
    return in_words(sum(seconds(name) for name in sources.of_the_paper()))


def left_without_claims() -> str:
    """Return the same of the exhibits that make no claim, which README's table leaves out."""
    return in_words(sum(seconds(name) for name in sources.of_the_paper() if not load(name).claims))


def seconds(exhibit: str, scale: str = "paper", where: Sequence[str] = ()) -> float:
    """Return the same in seconds. Raises MarkerError where no published speed tells it."""
    found = _costs().left(sources.whole(exhibit, scale).narrowed(sources.conditions(where)))
    if found is None:
        raise MarkerError(f"{exhibit}: no published speed tells how long scale {scale} takes")
    return found


@functools.cache
def _costs() -> Costs:
    return Costs(sources.records(), other.timings())
