"""What a figure shows, as numbers: lines of means and intervals over seeds. Draws nothing.

A figure of an exhibit becomes one drawing for each dataset and network, with a column of panels for
each value of its `panels` field and, where `panels` and `lines` leave the rule open, a row a rule.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..reproductions.exhibit import derived_sg_scale
from ..reproductions.model import Figure
from ..results import stats
from ..results.record import Record
from .drawing import Drawing, Line, Panel
from .gather import Gathered, Group
from .protocol import difference

CONFIDENCE = 0.95
MOST_POINTS = 60

WORDS = {
    "depth": "layers",
    "error": "{split} error (%)",
    "iteration": "iterations",
    "layer": "hidden layer",
    "sg_cosine": "cosine",
    "sg_layers": "hidden layers of M",
    "sg_loss": "M's regression loss",
    "sg_scale": "S: scale of M's target (1 is the plain gradient)",
    "test_error": "test error (%)",
    "validation_error": "validation error (%)",
}
MARKS = {"curves": "the learning rate drops", "sweep": "S = rate / 3e-5, the paper's ratio"}


def drawings(gathered: Gathered) -> list[Drawing]:
    """Return the drawings that have at least one line, in the exhibit's order of figures."""
    made: list[Drawing] = []
    for figure in gathered.exhibit.figures:
        places: dict[tuple[str, str], list[Group]] = {}
        for group in gathered.groups:
            if figure.kind == "sweep" or gathered.fixed(group):
                places.setdefault((group.cell.dataset, group.cell.network), []).append(group)
        found = (_drawing(gathered, figure, groups) for groups in places.values())
        made.extend(drawing for drawing in found if drawing is not None)
    return made


def _drawing(gathered: Gathered, figure: Figure, groups: Sequence[Group]) -> Drawing | None:
    exhibit, cell = gathered.exhibit, groups[0].cell
    curves = figure.kind == "curves"
    per_rule = "rule" not in (figure.panels, figure.lines)
    rules = _values(groups, "rule") if per_rule else [None]
    columns = _values(groups, figure.panels)
    rows: list[tuple[Panel, ...]] = []
    for rule in rules:
        mine = [group for group in groups if rule in (None, group.cell.rule)]
        rows.append(
            tuple(
                Panel(
                    title=_title(gathered, figure, rule, value),
                    lines=_lines(
                        gathered,
                        figure,
                        [g for g in mine if getattr(g.cell, figure.panels) == value],
                        groups,
                    ),
                    marks=_marks(figure, groups),
                )
                for value in columns
            )
        )
    rows = [row for row in rows if any(panel.lines for panel in row)]
    if not rows:
        return None
    dataset = exhibit.label("dataset", cell.dataset)
    network = exhibit.label("network", cell.network)
    return Drawing(
        name=f"{figure.name}-{cell.dataset}-{cell.network}",
        title=f"{dataset} {network}: {_inner(figure.title)}",
        legend=WORDS.get(figure.lines, figure.lines),
        x_label=WORDS.get(figure.x, figure.x),
        y_label=WORDS.get(figure.y, figure.y).format(split=cell.split),
        x_log=not curves,
        y_log=figure.y != "sg_cosine",
        bars=not curves,
        mark_label=MARKS[figure.kind],
        rows=tuple(rows),
        notes=_notes(gathered, figure, groups),
    )


def _notes(gathered: Gathered, figure: Figure, groups: Sequence[Group]) -> tuple[str, ...]:
    exhibit, cell = gathered.exhibit, groups[0].cell
    seeds = sorted({len(group.ok) for group in groups if group.ok})
    count = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    notes = [
        f"{exhibit.name}, scale {gathered.scale}: "
        + (
            "one seed."
            if count == "1"
            else f"mean and 95 % Student-t interval (cut at the axes) over {count} seeds."
        )
    ]
    models = {
        exhibit.label("rule", group.cell.rule): group.cell.sg_layers
        for group in groups
        if group.cell.sg_layers is not None
    }
    if models and figure.lines != "sg_layers":
        words = ", ".join(f"{n} ({rule})" for rule, n in models.items())
        notes[0] += f" Hidden layers of M, as fixed: {words}."
    if (words := difference(exhibit, gathered.scale)) is not None:
        notes.append(f"{words}.")
    records = [record for group in groups for record in group.records]
    if lost := sum(record.status != "ok" for record in records):
        notes.append(f"Cells left out because they diverged or failed: {lost}.")
    if others := sorted({r.data_hash for r in records if not r.data_canonical}):
        name = exhibit.label("dataset", cell.dataset)
        notes.append(f"{name} from files that are not the original: data {', '.join(others)}.")
    return tuple(notes)


def _inner(title: str) -> str:
    """Return a title as it stands within a line: "Test error" in small letters, "M's loss" not."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def _title(gathered: Gathered, figure: Figure, rule: str | None, value: Any) -> str:
    word = gathered.exhibit.label(figure.panels, value)
    if figure.panels == "depth":
        word = f"{value} layers"
    return word if rule is None else f"{gathered.exhibit.label('rule', rule)}, {word}"


def _lines(
    gathered: Gathered, figure: Figure, mine: Sequence[Group], everyone: Sequence[Group]
) -> tuple[Line, ...]:
    """Return a panel's lines; `everyone` are the drawing's groups, which fix the colours."""
    if figure.lines == "layer":
        top = max(group.cell.depth for group in everyone) - 1
        found = [
            _curve(f"{layer + 1}", (layer, top), group.ok, figure.y, layer)
            for group in mine
            for layer in range(group.cell.depth - 1)
        ]
        return tuple(line for line in found if line.x)
    values = _values(everyone, figure.lines)
    lines: list[Line] = []
    for index, value in enumerate(values):
        some = [group for group in mine if getattr(group.cell, figure.lines) == value]
        label, place = gathered.exhibit.label(figure.lines, value), (index, len(values))
        if figure.kind == "sweep":
            lines.append(_sweep(label, place, some, figure))
        elif some:
            line = _curve(label, place, some[0].ok, figure.y, None)
            lines.append(replace(line, paper=_paper(gathered, some[0])))
    return tuple(line for line in lines if line.x)


def _paper(gathered: Gathered, group: Group) -> float | None:
    """Return the paper's final error at a group's place, where the scale is the paper's."""
    cell = group.cell
    if gathered.scale != "paper":
        return None
    number = gathered.exhibit.number(cell.dataset, cell.network, cell.depth, cell.rule)
    return None if number is None else number.value


def _curve(
    label: str, place: tuple[int, int], records: Sequence[Record], name: str, layer: int | None
) -> Line:
    """Return a curve point's field `name` (its item `layer`) against iterations, over records."""
    points: dict[float, list[float]] = {}
    for record in records:
        for point in record.curve:
            value = point[name] if layer is None or point[name] is None else point[name][layer]
            if value is not None:
                points.setdefault(point["iteration"], []).append(value)
    return _line(label, place, _thinned(points))


def _thinned(points: dict[float, list[float]]) -> dict[float, list[float]]:
    """Return about MOST_POINTS of `points`, evenly, the last among them: more cannot be seen."""
    every = -(-len(points) // MOST_POINTS)
    return {x: points[x] for x in sorted(points)[::-1][::every]} if points else points


def _sweep(label: str, place: tuple[int, int], groups: Sequence[Group], figure: Figure) -> Line:
    points = {
        getattr(group.cell, figure.x): values
        for group in groups
        if (values := list(group.errors.values()))
    }
    return _line(label, place, points)


def _line(label: str, place: tuple[int, int], points: Mapping[float, list[float]]) -> Line:
    intervals = {x: stats.mean_interval(points[x], CONFIDENCE) for x in sorted(points)}
    return Line(
        label=label,
        index=place[0],
        count=place[1],
        x=tuple(intervals),
        mean=tuple(interval.mean for interval in intervals.values()),
        low=tuple(interval.low for interval in intervals.values()),
        high=tuple(interval.high for interval in intervals.values()),
    )


def _marks(figure: Figure, groups: Sequence[Group]) -> tuple[float, ...]:
    """Return the x positions to point out: rate drops, or the paper's ratio of rate and scale."""
    cell = groups[0].cell
    if figure.x == "iteration":
        return tuple(fraction * cell.iterations for fraction in cell.drops)
    return (derived_sg_scale(cell.learning_rate),) if figure.x == "sg_scale" else ()


def _values(groups: Iterable[Group], name: str) -> list[Any]:
    return list(dict.fromkeys(getattr(group.cell, name) for group in groups))
