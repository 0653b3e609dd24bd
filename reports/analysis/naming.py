"""Names and amounts in words: cells by what tells them apart, counts, durations."""

import itertools
from collections.abc import Sequence
from typing import Any

from ...bench.cell import Cell
from ...bench.configuration import hyperparameters
from ...bench.errors import one_line
from ...results.record import Record

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_DIGITS = 8  # of an id: enough to tell a store's cells apart


def duration(seconds: float) -> str:
    """Return a time in one or two units: `8 s`, `1 min 50 s`, `2 h 5 min`, `3 d 4 h`."""
    for (size, name), (small, less) in itertools.pairwise(_UNITS):
        if round(seconds) >= size:
            whole, rest = divmod(round(seconds / small), size // small)
            return f"{whole} {name}" + (f" {rest} {less}" if rest else "")
    return f"{max(1, round(seconds))} s"


def count(number: int, word: str) -> str:
    """Return a number with its noun: `1 cell`, `1,200 cells`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def span(low: object, high: object) -> str:
    """Return `2 to 5`, or `5` where both ends are the same."""
    return f"{high}" if low == high else f"{low} to {high}"


def seeds_words(least: int, most: int) -> str:
    """Return `5 seeds`, or `2 to 5 seeds`."""
    return f"{span(least, most)} {'seed' if most == 1 else 'seeds'}"


def machine_words(machine_class: str) -> str:
    """Return a class of machines as a reader writes it; the class itself is a key."""
    return machine_class.replace(", 1 threads,", ", 1 thread,")


def short_id(id: str) -> str:  # noqa: A002
    """Return the first digits of a cell's id, enough for `sgbench show`."""
    return id[:_DIGITS]


def cell_names(cells: Sequence[Cell | Record], *, seeds: bool = True) -> list[str]:
    """Return a short name for each cell, with the fields that distinguish it from the others.

    Records stand for their cells, also where their rule is not registered. Without `seeds` the
    names are those of programs, whose seeds are left out.
    """
    names = [
        f"{_base_name(cell)} seed {cell.seed}" if seeds else _base_name(cell) for cell in cells
    ]
    first: dict[str, dict[str, Any]] = {}
    extra: dict[str, None] = {}
    for name, cell in zip(names, cells, strict=True):
        values = cell.to_dict() if isinstance(cell, Cell) else cell.configuration
        other = first.setdefault(name, values)
        if other is not values:
            extra |= {field: None for field in values if values[field] != other.get(field)}
    tails = (
        " ".join(_told(cell, field) for field in extra if cell.value(field) is not None)
        for cell in cells
    )
    return [one_line(f"{name} {tail}") for name, tail in zip(names, tails, strict=True)]


def _told(cell: Cell | Record, field: str) -> str:
    value = cell.value(field)
    return f"{field}={value:g}" if isinstance(value, float) else f"{field}={value}"


def _base_name(cell: Cell | Record) -> str:
    size = cell.depth if cell.T is None else f"T{cell.T}"
    words = [f"{cell.dataset} {cell.network} {size} {cell.rule}"]
    for name, value in dict(cell.hyperparameters).items():
        known = hyperparameters().get(name)
        if known is not None and known.symbol:
            words.append(f"{known.symbol}{' ' * (len(known.symbol) > 1)}{value:g}")
    if cell.sg_layers is not None:
        words.append(f"M{cell.sg_layers}")
    if cell.p_update is not None:
        words.append(f"{cell.decoupled} p{cell.p_update:g}")
    return " ".join(words)
