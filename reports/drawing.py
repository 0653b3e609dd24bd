"""A picture as data: what `series` makes of records and `figures` draws."""

from dataclasses import dataclass

import pandas as pd


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

    `shaded` tells whether lines are shades of their rule's colour (otherwise a line is a rule),
    `bars` whether intervals are bars rather than bands, `steps` whether y stays until the next
    point; `marks` are x positions to point out;
    `y_range` is what y's values lie between, None where they have no bounds.
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
    marks: tuple[float, ...]
    mark_label: str
    paper_label: str
    data: pd.DataFrame
    notes: tuple[str, ...]
