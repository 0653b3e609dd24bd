"""Runs that stand in several exhibits, and processors that one report mixes.

A run may stand elsewhere under another name: BP(lambda) at 0 trains as DNI does and at 1 as
backprop (its M is trained and not used), and layers that are active with probability 1 are not
decoupled.
"""

import functools
from typing import Any

from ....bench.cell import Cell
from ....reproductions.exhibits import catalogue
from ....reproductions.exhibits.expansion import expand
from ..naming import count
from .select import Selection

_Training = frozenset[tuple[str, Any]]


def notes(selection: Selection) -> list[str]:
    """Return which of a report's runs stand elsewhere too, and which processors made them."""
    return [*_elsewhere(selection), *_processors(selection)]


def _elsewhere(selection: Selection) -> list[str]:
    there = set(selection.frame["configuration"].tolist())
    run = [training(cell) for n, cell in enumerate(selection.cells) if n in there]
    others = (name for name in catalogue.builtin_names() if name != selection.exhibit.name)
    theirs = {name: _trainings(name, selection.scale) for name in others}
    shared = {name: sum(one in some for one in run) for name, some in theirs.items()}
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
def _trainings(name: str, scale: str) -> frozenset[_Training]:
    """Return what is trained by an exhibit of the package at a scale; nothing if it has no such."""
    exhibit = catalogue.read(name)
    cells = expand(exhibit, scale, seeds=1) if scale in exhibit.scales else ()
    return frozenset(map(training, cells))


def training(cell: Cell) -> _Training:
    """Return the fields that decide a cell's result, by the names that Table 1 has for them.

    They are values, not a cell: what is left of one need not be valid by itself.
    """
    values = cell.to_dict()
    left_out: list[str] = []
    if cell.family == "feedforward" and not cell.patience:  # else evaluations choose the result
        left_out += ["evaluate_every", "evaluate_at"]
    mixture = values.get("bp_lambda")
    if mixture in (0, 1):
        values["rule"] = "backprop" if mixture else "dni"
        left_out.append("bp_lambda")
        left_out += [name for name in values if mixture and name.startswith("sg_")]
    if cell.p_update == 1:
        left_out += ["p_update", "decoupled"]
        left_out += [name for name in values if name.startswith("si_")]
    values |= {"drops": cell.drops, "evaluate_at": cell.evaluate_at}  # as tuples, to be hashed
    return frozenset((k, v) for k, v in values.items() if v is not None and k not in left_out)
