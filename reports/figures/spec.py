"""A figure as data: what `series` makes of records and `render` draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a figure shows, as a `Drawing` holds it, and what its lines and intervals are, in words.

    Attributes:
        early: the paper's values before the end of training.
        configurations: that it shows, as numbers of the selection's cells.
        ends: what its title can be about, a row for each seed (`ends.ends_of`).
    """

    data: pd.DataFrame
    seeds: pd.DataFrame | None = None
    dots: pd.DataFrame | None = None
    bins: pd.DataFrame | None = None
    early: pd.DataFrame | None = None
    configurations: Sequence[int]
    ends: pd.DataFrame
    spread: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One figure: rows of panels that share their axes, and the words around them.

    Attributes:
        name: of the file, without its suffix.
        title: what the figure shows, where its data support that; else the quantities.
        legend: what the lines differ in.
        x_label: of the x axis.
        y_label: of the y axis.
        x_log: whether x is logarithmic.
        y_log: whether y is logarithmic.
        y_range: bounds of y's values, None where they have none.
        steps: whether y keeps its value until the next point.
        bars: whether intervals are bars, rather than bands.
        shaded: whether the lines of a panel are shades of its rule's colour.
        ordered: whether lines are values of a quantity, coloured in sequence. A line that is
            neither shaded nor ordered has its rule's colour.
        marks: x positions to point out.
        mark_label: what they are.
        paper_label: what the paper's values are called.
        colors: of each rule, `#rrggbb`.
        data: a row for each point of each line; see below.
        seeds: single seeds where there are too few for an interval (row, column, line, rule, seed,
            x, y).
        references: results of other rules to compare with (row, column, line, rule, label, y); they
            do not depend on x.
        dots: the networks of a population (row, column, line, x, y), whose lines are medians.
        bins: the paper's medians of a population (row, column, line, left, right, y).
        early: the paper's values before the end of training (row, column, line, x, y, low, high);
            `low` and `high` bound what was read, infinite on a side that is open.
        notes: the caption, a sentence or more each.

    The columns of `data`:

        row, column    labels of the panel; ordered categoricals of all rows and all columns
        line           label of the line; an ordered categorical of all lines
        rule           name of the learning rule
        x, mean        the point
        low, high      its interval, NaN where there are too few seeds
        paper          the paper's value there, NaN where it has none
    """

    name: str
    title: str
    legend: str
    x_label: str
    y_label: str
    x_log: bool
    y_log: bool
    y_range: tuple[float, float] | None = None
    steps: bool = False
    bars: bool
    shaded: bool
    ordered: bool = False
    marks: tuple[float, ...] = ()
    mark_label: str = ""
    paper_label: str = ""
    colors: Mapping[str, str]
    data: pd.DataFrame
    seeds: pd.DataFrame | None = None
    references: pd.DataFrame | None = None
    dots: pd.DataFrame | None = None
    bins: pd.DataFrame | None = None
    early: pd.DataFrame | None = None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """What the records say of a claim at one place, as a row of a figure.

    Attributes:
        claim: in words.
        label: the place.
        unit: of the numbers.
        bound: what is claimed: to be above it, or below.
        above: which.
        around: whether it is to be within ± the bound.
        seeds: a number for each seed, none where there are enough for an interval.
        mean: of all seeds.
        low: lower end of its interval, None where there is none.
        high: upper end of it.
        paper: the same of the paper's numbers, None where it lacks one.
        verdict: one of those of claims.
        color: of the verdict, `#rrggbb`.
    """

    claim: str
    label: str
    unit: str
    bound: float
    above: bool
    around: bool = False
    seeds: tuple[float, ...]
    mean: float
    low: float | None
    high: float | None
    paper: float | None
    verdict: str
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsDrawing:
    """A figure of claims: a row for each place at which one is tested, a panel for each unit.

    Attributes:
        name: of the file, without its suffix.
        title: what the claims' verdicts are.
        rows: in order; those of one unit and one claim follow one another.
        notes: the caption, a sentence or more each.
    """

    name: str
    title: str
    rows: tuple[ClaimRow, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StagesDrawing:
    """A figure of networks in stages; what `data` holds depends on its kind.

    Attributes:
        name: of the file, without its suffix.
        title: what the figure shows.
        kind: `crossover` (panel, line, x, mean, low, high: seconds to an error by delay), `shares`
            (panel, line, kind, share: of a stage's time), `timeline` (panel, column, stage, kind,
            start, end) or `simulated` (panel, line, x, mean, dashed).
        y_label: of the y axis.
        colors: of each line, `#rrggbb`, in the order of the legend.
        data: see above.
        marks: crossovers that are pointed out (panel, x, low, high).
        notes: the caption, a sentence or more each.
    """

    name: str
    title: str
    kind: str
    y_label: str
    colors: Mapping[str, str]
    data: pd.DataFrame
    marks: pd.DataFrame | None = None
    notes: tuple[str, ...]


AnyDrawing = Drawing | ClaimsDrawing | StagesDrawing
