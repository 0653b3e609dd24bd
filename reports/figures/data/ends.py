"""Results at the end of training, seed by seed, by the rule and by what else cells differ in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ....bench.cell import Cell
from ....bench.configuration import FIELDS, hyperparameters
from ....reproductions.exhibits.schema import Figure
from ...analysis.selection.select import Selection
from . import words
from .panels import COMPUTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """What a figure's title can be about.

    Attributes:
        selection: what is reported.
        figure: the figure.
        cell: one of its cells.
        frame: a row for each seed, and each layer where the lines are layers: `subject` (the rule's
            label, or the line's where lines are rules), `configuration`, `seed`, `layer`, `y`, and
            a column for each of `fields`.
        subjects: in the figure's order.
        fields: those that all cells have and differ in, but the rule and the seed.
        along: the field, or `layer`, whose values are along x or are the lines; None where those
            are no numbers.
    """

    selection: Selection
    figure: Figure
    cell: Cell
    frame: pd.DataFrame
    subjects: tuple[str, ...]
    fields: tuple[str, ...]
    along: str | None

    @property
    def clear(self) -> bool:
        """Whether a subject is one configuration wherever all fields are alike."""
        each = [part["configuration"].nunique() for _, part in parts(self.frame, self._all)]
        return all(count == 1 for count in each)

    @property
    def _all(self) -> list[str]:
        return ["subject", *self.fields]

    def places(self) -> dict[tuple[Any, ...], dict[str, list[float]]]:
        """Return the values of all subjects wherever each has some, by the values of `fields`."""
        found = {at: values(part, "subject") for at, part in parts(self.frame, self.fields)}
        return {at: one for at, one in found.items() if len(one) == len(self.subjects)}

    def series(self, subject: str) -> list[dict[float, list[float]]]:
        """Return the values of a subject by those of `along`, for each of the other fields."""
        if self.along is None:
            return []
        mine = self.frame[self.frame["subject"] == subject]
        rest = [name for name in self.fields if name != self.along]
        by = self.along if self.along in mine else None
        return [values(part, by) for _, part in parts(mine, rest)] if by else []


def ends_of(selection: Selection, figure: Figure, frame: pd.DataFrame) -> Ends | None:
    """Return the ends of a figure; None where it has none.

    Args:
        selection: what is reported.
        figure: the figure.
        frame: a row for each seed and layer: `configuration`, `seed`, `layer`, `line`, `y`.
    """
    if frame.empty:
        return None
    cells = {n: selection.cells[n] for n in configurations(frame)}
    every = list(cells.values())
    fields = _differing(every)
    labels = {n: words.label(selection.exhibit, "rule", cell.rule) for n, cell in cells.items()}
    by_line = figure.lines == "rule"
    subject = frame["line"].astype(str) if by_line else frame["configuration"].map(labels)
    found = frame.assign(
        subject=subject,
        **{
            name: frame["configuration"].map({n: cell.value(name) for n, cell in cells.items()})
            for name in fields
        },
    )
    return Ends(
        selection=selection,
        figure=figure,
        cell=every[0],
        frame=found,
        subjects=tuple(dict.fromkeys(found["subject"])),
        fields=tuple(fields),
        along=_along(figure, every),
    )


def configurations(frame: pd.DataFrame) -> list[int]:
    """Return the numbers of the configurations that a frame is of, each once."""
    found: list[int] = frame["configuration"].tolist()
    return list(dict.fromkeys(found))


def parts(frame: pd.DataFrame, by: Sequence[str]) -> list[tuple[tuple[Any, ...], pd.DataFrame]]:
    """Return the parts of a frame that are alike in some columns; one part where there are none."""
    if not by:
        return [((), frame)]
    return [(tuple(at), part) for at, part in frame.groupby(list(by), sort=False)]


def values(frame: pd.DataFrame, by: str) -> dict[Any, list[float]]:
    """Return the values of y by a column, in its order."""
    return {at: part["y"].tolist() for at, part in frame.groupby(by)}


def _along(figure: Figure, cells: Sequence[Cell]) -> str | None:
    for name in [figure.lines, figure.panels] if figure.kind == "curves" else [figure.x]:
        if name == "layer" or (
            name not in COMPUTED and all(_is_number(cell.value(name)) for cell in cells)
        ):
            return name
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _differing(cells: Sequence[Cell]) -> list[str]:
    found: list[str] = []
    for name in (*FIELDS, *hyperparameters()):
        some = [cell.value(name) for cell in cells]
        if name not in ("rule", "seed") and None not in some and len(set(some)) > 1:
            found.append(name)
    return found
