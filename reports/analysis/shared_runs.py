"""Runs that stand in several exhibits, and processors that one report mixes."""

import functools

from ...bench.cell import Cell
from ...reproductions.exhibits import catalogue
from ...reproductions.exhibits.expansion import expand
from .naming import count
from .select import Selection


def notes(selection: Selection) -> list[str]:
    """Return which of a report's runs stand elsewhere too, and which processors made them."""
    return [*_elsewhere(selection), *_processors(selection)]


def _elsewhere(selection: Selection) -> list[str]:
    there = set(selection.frame["configuration"].tolist())
    run = {cell for n, cell in enumerate(selection.cells) if n in there}
    others = (name for name in catalogue.builtin_names() if name != selection.exhibit.name)
    shared = {name: len(run & _cells(name, selection.scale)) for name in others}
    found = [f"{name} ({count(n, 'configuration')})" for name, n in shared.items() if n]
    if not found:
        return []
    return [f"The same runs, no further evidence, stand in {', '.join(found)} too."]


def _processors(selection: Selection) -> list[str]:
    cells = selection.frame["device"].value_counts()
    if len(cells) < 2:
        return []
    some = ", ".join(f"{device} ({count(int(n), 'cell')})" for device, n in cells.items())
    return [f"Processors are mixed: {some}."]


@functools.cache
def _cells(name: str, scale: str) -> frozenset[Cell]:
    """Return the configurations of an exhibit of the package at a scale, none if it has no such."""
    exhibit = catalogue.read(name)
    return frozenset(expand(exhibit, scale, seeds=1) if scale in exhibit.scales else ())
