"""The tables of a report: which entries stand where, and what each entry says."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..results import stats
from ..results.record import STATUSES
from .gather import Gathered
from .judge import INCONCLUSIVE, NOT_RUN, Place, Row, at
from .protocol import number
from .table import Entry, Grid, entry

_NONE = "\N{EN DASH}"
_HEADINGS = {"sg_layers": "hidden layers of M", "sg_scale": "S"}

Footnotes = Mapping[tuple[str, str], str]
"""(dataset, data hash) to its mark, for data that is not the original."""


def main(gathered: Gathered, places: Sequence[Place], marks: Footnotes) -> Grid:
    """Return the exhibit's table, laid out as the paper has it, with the M that the protocol fixes.

    An exhibit without layout is laid out as its first figure: a row for each x.
    """
    exhibit = gathered.exhibit
    shown = [place for place in places if place.fills]
    if exhibit.layout is not None:
        rows, columns = exhibit.layout.rows, exhibit.layout.columns
    else:
        figure = exhibit.figures[0]
        rows, columns = (figure.x,), (figure.panels, figure.lines)
    split = gathered.groups[0].cell.split
    caption = f"{split.capitalize()} error in percent, {exhibit.name} at scale {gathered.scale}"
    against = bool(exhibit.numbers)
    return _grid(gathered, caption, (rows, columns), shown, lambda p: _judged(p, marks, against))


def by_model(gathered: Gathered, places: Sequence[Place], marks: Footnotes) -> Grid | None:
    """Return the table over the hidden layers of M, the fixed M's in bold; None without any."""
    if gathered.exhibit.layout is None or all(place.fills for place in places):
        return None
    rows = ("dataset", *(name for name in gathered.exhibit.layout.rows if name != "dataset"))
    shown = [place for place in places if place.group.cell.sg_layers is not None]
    split = gathered.groups[0].cell.split
    caption = (
        f"{split.capitalize()} error in percent by the hidden layers of M,"
        f" {gathered.exhibit.name} at scale {gathered.scale}; bold: the M that the protocol fixes"
        " for the paper's place"
    )
    layout = rows, ("rule", "sg_layers")
    return _grid(gathered, caption, layout, shown, lambda p: _measured(p, marks, strong=p.fills))


def _grid(
    gathered: Gathered,
    caption: str,
    layout: tuple[Sequence[str], Sequence[str]],
    places: Sequence[Place],
    write: Callable[[Place], Entry],
) -> Grid:
    def values(place: Place, names: Sequence[str]) -> tuple[Any, ...]:
        return tuple(getattr(place.group.cell, name) for name in names)

    def labels(names: Sequence[str], some: tuple[Any, ...]) -> tuple[str, ...]:
        return tuple(_label(gathered, n, v) for n, v in zip(names, some, strict=True))

    rows, columns = layout
    found = {(values(p, rows), values(p, columns)): p for p in places}
    across = _ordered(gathered, columns, [key[1] for key in found])
    down = _ordered(gathered, rows, [key[0] for key in found])
    return Grid(
        caption=caption,
        stubs=tuple(_HEADINGS.get(name, name) for name in rows),
        columns=tuple(labels(columns, column) for column in across),
        rows=tuple(
            (
                labels(rows, row),
                tuple(write(found[row, c]) if (row, c) in found else entry() for c in across),
            )
            for row in down
        ),
    )


def _ordered(
    gathered: Gathered, names: Sequence[str], found: Sequence[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """Return the distinct values, each field in the order in which the grid first has it."""
    seen = [dict.fromkeys(getattr(group.cell, name) for group in gathered.groups) for name in names]
    order = [{value: n for n, value in enumerate(values)} for values in seen]
    return sorted(set(found), key=lambda some: [o[v] for o, v in zip(order, some, strict=True)])


def _label(gathered: Gathered, name: str, value: Any) -> str:
    if name == "sg_layers":
        return f"M {value}"
    known = gathered.exhibit.labels.get(name, {}).get(str(value))
    return number(value) if known is None else known


def _judged(place: Place, marks: Footnotes, against: bool) -> Entry:
    lines = list(_measured(place, marks).lines)
    if against:
        lines.append(f"paper {_NONE}" if place.paper is None else f"paper {paper(place.paper)}")
        if place.verdict != NOT_RUN:
            n = 0 if place.interval is None else place.interval.n
            word = verdict(place.verdict, place.seeds_needed, n)
            lines += word.removesuffix(")").split(" (")  # in a narrow column, on two lines
    return entry(*lines)


def _measured(place: Place, marks: Footnotes, strong: bool = False) -> Entry:
    group, dataset = place.group, place.group.cell.dataset
    if not group.records:
        return entry(NOT_RUN, strong=strong)
    sign = "".join(marks.get((dataset, name), "") for name in place.data_hashes)
    first = ""
    if place.interval is not None:
        n, wanted = place.interval.n, len(group.seeds)
        counted = f"({n})" if n >= wanted else f"({n} of {wanted})"
        first = f"{interval(place.interval)} {counted}{sign}"
    failures = [f"{n} {status}" for status in STATUSES[1:] if (n := group.count(status))]
    return entry(first, ", ".join(failures), strong=strong)


def claims(gathered: Gathered, rows: Sequence[Row], marks: Footnotes) -> Grid:
    """Return the table of the paper's ordering claims, a row for each place they are tested at."""
    columns = ("measured", "claimed", "n", "p", "scale", "verdict")
    return Grid(
        caption=(
            f"The paper's ordering claims, tested at scale {gathered.scale}, in points of test"
            " error; p is one-sided, paired by seed, adjusted by Holm"
        ),
        stubs=("claim", "at"),
        columns=tuple((name,) for name in columns),
        rows=tuple(
            (
                (row.test.claim.text, at(gathered, row.test.place)),
                tuple(entry(value) for value in _claim(gathered, row, marks)),
            )
            for row in rows
        ),
    )


def _claim(gathered: Gathered, row: Row, marks: Footnotes) -> tuple[str, ...]:
    claim, dataset = row.test.claim, str(row.test.place.get("dataset", ""))
    sign = "".join(marks.get((dataset, name), "") for name in row.data_hashes)
    what = "difference" if claim.kind == "below" else f"slope over {claim.over}"
    relation = ">" if claim.kind == "grows" else "<"
    n = len(row.values)
    return (
        _NONE if row.interval is None else interval(row.interval, signed=True) + sign,
        f"{what} {relation} {row.test.margin:g}",
        f"{n}" if n >= row.wanted else f"{n} of {row.wanted}",
        _NONE if row.p is None else p_value(row.p),
        gathered.scale,
        verdict(row.verdict, row.seeds_needed, n),
    )


def interval(measured: stats.Interval, signed: bool = False) -> str:
    """Return `mean ± half-width`, in percent or points; the mean alone where n is 1."""
    mean = f"{measured.mean:+.2f}" if signed else f"{measured.mean:.2f}"
    mean = mean.replace("-", "\N{MINUS SIGN}")
    return mean if measured.high is None else f"{mean} ± {measured.high - measured.mean:.2f}"


def paper(value: float) -> str:
    """Return a number of the paper with the paper's one decimal, or more where it has more."""
    return f"{value:.1f}" if round(value, 1) == value else f"{value:g}"


def p_value(p: float) -> str:
    """Return a p as it is printed."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def verdict(word: str, seeds_needed: int | None, n: int) -> str:
    """Return the verdict and how many seeds would decide it; one seed tells no spread to say it."""
    if word != INCONCLUSIVE or (seeds_needed is None and n != 1):
        return word
    return f"{word} ({'2 or more' if seeds_needed is None else f'about {seeds_needed}'} seeds)"
