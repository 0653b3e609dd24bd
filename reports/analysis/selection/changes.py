"""What `--set` changed in the cells of the scale `custom`, beside the scale that they come from."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, cast

from ....bench.cell import Cell
from ....reproductions.exhibits.expansion import derived_sg_scale, expand
from ....reproductions.exhibits.schema import CUSTOM
from ..wording import NONE, number
from .select import Selection

_MOST_VALUES = 4  # of a field, that are listed one by one


def changes(selection: Selection) -> list[str]:
    """Return a sentence for each scale that cells of `custom` come from: fields and their values.

    A record does not say what was changed, so a cell comes from the scale that has the nearest: the
    one that differs in the fewest fields.
    """
    exhibit = selection.exhibit
    known = [
        (name, cell.to_dict())
        for name in exhibit.scales
        if name != CUSTOM
        for cell in expand(exhibit, name, seeds=1)
    ]
    values: dict[str, dict[str, list[tuple[Any, Any]]]] = defaultdict(lambda: defaultdict(list))
    number_of: dict[str, int] = defaultdict(int)
    for cell in selection.cells:
        scale, fields = _nearest(cell, known)
        number_of[scale] += 1
        for field, pair in fields.items():
            values[scale][field].append(pair)
    return [
        f"{_configurations(count)} of scale {scale}, changed by --set: "
        + "; ".join(_changed(field, pairs) for field, pairs in values[scale].items())
        + "."
        for scale, count in number_of.items()
    ]


def _nearest(
    cell: Cell, known: Sequence[tuple[str, dict[str, Any]]]
) -> tuple[str, dict[str, tuple[Any, Any]]]:
    """Return the scale with the nearest cell, and each field that differs: here, there."""
    mine = cell.to_dict()
    found: list[tuple[str, dict[str, tuple[Any, Any]]]] = []
    for scale, other in known:
        pairs = {name: (mine.get(name), other.get(name)) for name in {**mine, **other}}
        if all(map(_follows_rate, (mine, other))):
            del pairs["sg_scale"]
        found.append((scale, {name: (a, b) for name, (a, b) in pairs.items() if a != b}))
    return min(found, key=lambda one: len(one[1]))


def _follows_rate(cell: dict[str, Any]) -> bool:
    """Tell whether a cell's sg_scale is what exhibits derive from its learning rate."""
    return cell.get("sg_scale") == derived_sg_scale(cell["learning_rate"])


def _changed(field: str, pairs: Sequence[tuple[Any, Any]]) -> str:
    here, there = (_listed([pair[side] for pair in pairs]) for side in (0, 1))
    return f"{field} {here} (there {there})"


def _listed(values: Sequence[Any]) -> str:
    """Return distinct values: one by one where they are few, else their number and range."""
    distinct: list[Any] = []
    distinct.extend(value for value in values if value not in distinct)
    if len(distinct) > _MOST_VALUES and all(isinstance(v, int | float) for v in distinct):
        return f"{len(distinct)} values from {number(min(distinct))} to {number(max(distinct))}"
    return ", ".join(_written(value) for value in distinct)


def _written(value: Any) -> str:
    if value is None:
        return NONE
    return number(tuple(cast("list[Any]", value)) if isinstance(value, list) else value)


def _configurations(count: int) -> str:
    return "1 configuration" if count == 1 else f"{count} configurations"
