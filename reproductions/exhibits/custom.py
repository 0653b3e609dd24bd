"""The scale `custom` of an exhibit: the stored cells that `--set` changed, as one more scale.

    exhibit = with_custom(load("table1"), store.scan())
    cells = expand(exhibit, CUSTOM)

No exhibit declares this scale: its grid is what the store has. Free of torch.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from ...bench.cell import Cell
from ...bench.configuration import applicable
from ...results.record import Record
from .layout import extended
from .schema import CUSTOM, Exhibit, Layout, Override, Scale

_ALWAYS = ("dataset", "network", "rule")

Values = Mapping[str, Any]
"""The fields of a cell that are not None, without its seed."""


def with_custom(exhibit: Exhibit, records: Iterable[Record]) -> Exhibit:
    """Return `exhibit` with a scale `custom`, for a report; as it is where no such cell is stored.

    The axes of the scale's grid are dataset, network, rule and each field that differs between its
    cells; what is common to them is its protocol. The layout gains the fields that are needed to
    tell the cells apart. The paper's claims and the models that its protocol fixes are left out:
    both are about the protocol as it was.

    Args:
        exhibit: the exhibit.
        records: what the store has, of any exhibit and scale, in any order. What does not belong
            into the report (other cells than `--where` picks) is to be left out by the caller.
    """
    custom = (r for r in records if r.exhibit == exhibit.name and r.scale == CUSTOM)
    mine = (record.cell for record in custom if record.known)
    cells = list({cell.key: cell for cell in mine}.values())
    if not cells:
        return exhibit
    scale = _scale(exhibit, cells)
    points = list(scale.points())
    return dataclasses.replace(
        exhibit,
        scales={**exhibit.scales, CUSTOM: scale},
        layout=_with_models(extended(exhibit.layout, points), points),
        fixed={},
        claims=(),
    )


def _with_models(layout: Layout | None, points: Sequence[Values]) -> Layout | None:
    """Return the layout with a column for each M, where a rule has several and no row tells."""
    if layout is None or "sg_layers" in (*layout.rows, *layout.columns):
        return layout
    models = {(point["rule"], point["sg_layers"]) for point in points if "sg_layers" in point}
    if len(models) == len({rule for rule, _ in models}):
        return layout
    return dataclasses.replace(layout, columns=(*layout.columns, "sg_layers"))


def _scale(exhibit: Exhibit, cells: Sequence[Cell]) -> Scale:
    distinct = {frozenset(values.items()): values for values in map(_values, cells)}
    found = list(distinct.values())
    fits = [applicable(values) for values in found]
    names = dict.fromkeys(name for values in found for name in values)
    common: dict[str, Any] = {}
    for name in names:
        having = (v.get(name) for v, fit in zip(found, fits, strict=True) if fit.get(name, True))
        first, *others = set(having)
        if not others and name not in _ALWAYS:
            common[name] = first
    axes = [name for name in _in_order(exhibit, names) if name not in common]
    points = [{name: values[name] for name in axes if name in values} for values in found]
    ranks = {name: _rank(exhibit, name, points) for name in axes}
    points.sort(key=lambda point: [ranks[name](point.get(name)) for name in axes])
    return Scale(
        name=CUSTOM,
        description="stored cells that --set changed",
        seeds=1 + max(cell.seed for cell in cells),
        overrides=(Override(when={}, protocol=common),),
        blocks=tuple({name: (value,) for name, value in point.items()} for point in points),
    )


def _values(cell: Cell) -> dict[str, Any]:
    """Return the cell's fields that apply, lists as tuples, without the seed."""
    return {
        name: tuple(cast("list[Any]", value)) if isinstance(value, list) else value
        for name, value in cell.to_dict().items()
        if value is not None and name != "seed"
    }


def _in_order(exhibit: Exhibit, names: Iterable[str]) -> list[str]:
    """Return the fields in the order of the exhibit's axes, those that are no axis last."""
    scales = exhibit.scales.values()
    axes = dict.fromkeys(name for scale in scales for block in scale.blocks for name in block)
    known = list(axes)
    return sorted(names, key=lambda name: known.index(name) if name in axes else len(known))


def _rank(exhibit: Exhibit, name: str, points: Sequence[Values]) -> Callable[[Any], Any]:
    """Return the sort key of a field's values: numbers ascend, words are as in the exhibit."""
    if all(isinstance(point[name], (int, float)) for point in points if name in point):
        return lambda value: (value is not None, value or 0)
    known = [value for scale in exhibit.scales.values() for value in scale.values(name)]
    return lambda value: (
        value is not None,
        known.index(value) if value in known else len(known),
        str(value),
    )
