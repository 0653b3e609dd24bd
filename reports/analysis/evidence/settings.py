"""The protocol of a report's cells in words, and the command that trains one of them again."""

import shlex
from collections.abc import Sequence
from typing import Any, cast

from ....bench.cell import Cell
from ....bench.configuration import hyperparameters
from ....reproductions.exhibits.field_text import format_value
from ....reproductions.exhibits.schema import CUSTOM
from ..selection.select import Selection
from ..wording import heading, number
from .runs import Run


def shared_settings(selection: Selection) -> list[tuple[str, str]]:
    """Return the fields of the protocol that all of the report's cells have alike: name, value."""
    values = [_values(cell) for cell in selection.cells]
    differ = varied(selection)
    common = values[0] if values else {}
    return [(heading(name), _text(v)) for name, v in common.items() if name not in differ]


def own_settings(selection: Selection, cell: Cell, differ: set[str]) -> list[tuple[str, str]]:
    """Return what a cell's protocol has of `varied`, without what names the cell: name, value."""
    named = axes(selection)
    values = _values(cell).items()
    return [(heading(n), _text(v)) for n, v in values if n in differ and n not in named]


def axes(selection: Selection) -> list[str]:
    """Return the fields that the scale's grid varies, and what always names a cell."""
    blocks = selection.exhibit.scale(selection.scale).blocks
    return list(dict.fromkeys(("dataset", "network", *(n for block in blocks for n in block))))


def _values(cell: Cell) -> dict[str, Any]:
    """Return the fields of a cell's protocol that apply, without its seed."""
    values = {name: cell.value(name) for name in (*cell.to_dict(), *dict(hyperparameters()))}
    return {name: v for name, v in values.items() if v is not None and name != "seed"}


def varied(selection: Selection) -> set[str]:
    """Return the fields in which the cells of a selection differ; one that some lack is one."""
    values = [_values(cell) for cell in selection.cells]
    first: dict[str, Any] = values[0] if values else {}
    return {n for some in values for n in {**first, **some} if some.get(n) != first.get(n)}


def _text(value: Any) -> str:
    return number(tuple(cast("list[Any]", value)) if isinstance(value, list) else value)


def command(
    selection: Selection, cell: Cell, runs: Sequence[Run], until: int | None = None
) -> str | None:
    """Return the command that trains a configuration; None for one that `--set` changed.

    A record does not say which scale its cell was changed from. `until` is a number of updates that
    is enough.
    """
    if selection.scale == CUSTOM:
        return None
    scale = selection.exhibit.scale(selection.scale)
    names = [n for n in axes(selection) if len({*scale.values(n), cell.value(n)}) > 1]
    alike = [c for c in selection.cells if all(c.value(n) == cell.value(n) for n in names)]
    names += [n for n in axes(selection) if any(c.value(n) != cell.value(n) for c in alike)]
    words = ["sgbench", "run", selection.exhibit.name, "--scale", selection.scale]
    conditions = [f"{name}={format_value(name, cell.value(name))}" for name in names]
    words += ["--where", ",".join(conditions)] if conditions else []
    words += ["--until", str(until)] if until is not None else []
    seeds = max((run.seed + 1 for run in runs), default=0)
    words += ["--seeds", str(seeds)] if seeds > selection.whole.seeds else []
    return shlex.join(words)
