"""A picture as data: what `series` makes of records and `render` draws."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a picture shows, as a Drawing holds it, and in words what its intervals are of."""

    data: pd.DataFrame
    dots: pd.DataFrame | None = None
    bins: pd.DataFrame | None = None
    spread: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One picture: rows of panels that share their axes, and the words around them.

    `data` is tidy, a row for each point of each line:

        row, column    labels of the panel; ordered categoricals of every row and column there is
        line           label of the line; an ordered categorical of all lines
        rule           the learning rule, which gives the colour
        x, mean        the point
        low, high      its interval, NaN where one seed gives none
        paper          the paper's value there, NaN where it has none to show

    `shaded` tells whether lines are shades of their rule's colour, `ordered` whether they are
    steps of a quantity, coloured in a sequence (otherwise a line is a rule), `bars` whether
    intervals are bars rather than bands, `steps` whether y stays until the next point; `marks` are
    x positions to point out;
    `y_range` is what y's values lie between, None where they have no bounds.

    A population has `dots`, its networks (row, column, line, x, y), of which the lines are medians,
    and `bins`, the paper's medians (row, column, line, left, right, y).
    """

    name: str
    title: str
    legend: str
    x_label: str
    y_label: str
    x_log: bool
    y_log: bool
    steps: bool = False
    y_range: tuple[float, float] | None = None
    bars: bool
    shaded: bool
    ordered: bool = False
    dots: pd.DataFrame | None = None
    bins: pd.DataFrame | None = None
    marks: tuple[float, ...]
    mark_label: str
    paper_label: str
    data: pd.DataFrame
    notes: tuple[str, ...]
