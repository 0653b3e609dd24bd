"""Layouts of tables that have a place for every cell."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from .schema import Layout

Point = Mapping[str, Any]
"""Fields of a cell and their values; a field that does not apply is absent."""


def extended(layout: Layout | None, points: Sequence[Point]) -> Layout | None:
    """Return the layout with as many more rows as it takes to give each point its own place."""
    if layout is None:
        return None
    shown = [*layout.rows, *layout.columns]
    more: list[str] = []
    for name in dict.fromkeys(name for point in points for name in point):
        if tells_apart([*shown, *more], points):
            break
        if name not in shown:
            more.append(name)
    return dataclasses.replace(layout, rows=(*layout.rows, *more))


def tells_apart(fields: Sequence[str], points: Sequence[Point]) -> bool:
    """Tell whether no two of the points have the same values of `fields`."""
    return len({tuple(point.get(name) for name in fields) for point in points}) == len(points)
