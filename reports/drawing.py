"""A picture as data: what `series` makes of records and `figures` draws."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: `low` and `high` are None where one seed gives no interval.

    `index` of `count` is its place in the order of the lines (its colour); `paper` is the paper's
    final value, where the scale is the paper's.
    """

    label: str
    index: int
    count: int
    x: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    paper: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Axes with lines; `marks` are x positions to point out."""

    title: str
    lines: tuple[Line, ...]
    marks: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One picture: rows of panels that share their axes, and the words around them.

    `bars` tells whether intervals are bars rather than bands.
    """

    name: str
    title: str
    legend: str
    x_label: str
    y_label: str
    x_log: bool
    y_log: bool
    bars: bool
    mark_label: str
    rows: tuple[tuple[Panel, ...], ...]
    notes: tuple[str, ...]
