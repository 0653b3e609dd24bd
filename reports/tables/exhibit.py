"""The tables of a report: which entries stand where, and what each entry says."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import pandas as pd

from ...results.metrics import measure_of, results_of
from ...results.statistics import intervals
from ..analysis.protocol import number
from ..analysis.select import Selection
from ..analysis.verdicts import INCONCLUSIVE, NOT_RUN, Place, Row, at
from .table import Entry, Grid, entry

_NONE = "\N{EN DASH}"
_HEADINGS = {
    "sg_layers": "hidden layers of M",
    "sg_scale": "S",
    "bp_lambda": "λ",
}

_ALONG = {  # a column's; a row's field stands above it
    "depth": "depth {}",
    "sg_layers": "M {}",
    "T": "T = {}",
    "p_update": "p = {:g}",
    "bp_lambda": "λ = {:g}",
}

Footnotes = Mapping[tuple[str, str], str]
"""(dataset, data hash) to its mark, for data that is not the original."""


def main(selection: Selection, places: Sequence[Place], marks: Footnotes) -> Grid:
    """Return the exhibit's table, laid out as the paper has it, with the M that the protocol fixes.

    An exhibit without layout is laid out as its first figure: a row for each x.
    """
    exhibit = selection.exhibit
    found = [place for place in places if place.fills]
    if exhibit.layout is not None:
        rows, columns = exhibit.layout.rows, exhibit.layout.columns
    else:
        figure = exhibit.figures[0]
        rows, columns = (figure.x,), (figure.panels, figure.lines)
    caption = f"{_measured_words(selection)}, {exhibit.name} at scale {selection.scale}"
    against = against_paper(places)
    return _grid(selection, caption, (rows, columns), found, lambda p: _judged(p, marks, against))


def against_paper(places: Sequence[Place]) -> bool:
    """Tell whether the paper has a number for any of the places, to stand beside ours."""
    return any(place.paper is not None for place in places)


def by_model(selection: Selection, places: Sequence[Place], marks: Footnotes) -> Grid | None:
    """Return the table over the hidden layers of M, the fixed M's in bold; None without any.

    Rows without any record are left out.
    """
    if selection.exhibit.layout is None or all(place.fills for place in places):
        return None
    rows = ("dataset", *(name for name in selection.exhibit.layout.rows if name != "dataset"))
    mine = [place for place in places if place.cell.sg_layers is not None]
    run = {_values(place, rows) for place in mine if place.verdict != NOT_RUN}
    found = [place for place in mine if _values(place, rows) in run]
    if not found:
        return None
    caption = (
        f"{_measured_words(selection)} by the hidden layers of M,"
        f" {selection.exhibit.name} at scale {selection.scale}; bold: the M that the protocol fixes"
        " for the paper's place"
    )
    layout = rows, ("rule", "sg_layers")
    return _grid(selection, caption, layout, found, lambda p: _measured(p, marks, strong=p.fills))


def _measured_words(selection: Selection) -> str:
    """Return what a table's numbers are, in words that begin a caption."""
    names: dict[str, list[str]] = {}
    for dataset, split in dict.fromkeys((c.dataset, c.split) for c in selection.cells):
        name = f"{split or ''} {_measured_names([dataset])}".strip()
        names.setdefault(name, []).append(selection.exhibit.label("dataset", dataset))
    if len(names) == 1:
        words = next(iter(names))
    else:
        words = "; ".join(f"{' and '.join(some)}: {name}" for name, some in names.items())
    return words[:1].upper() + words[1:]


def _measured_names(names: Iterable[str]) -> str:
    """Return what the results of datasets are, in words."""
    found = (measure_of(name, r).name for name in names for r in results_of(name))
    return " or ".join(dict.fromkeys(found))


def _values(place: Place, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(_value(place, name) for name in names)


def _value(place: Place, name: str) -> Any:
    return place.result if name == "result" else place.cell.value(name)


def _grid(
    selection: Selection,
    caption: str,
    layout: tuple[Sequence[str], Sequence[str]],
    places: Sequence[Place],
    write: Callable[[Place], Entry],
) -> Grid:
    rows, columns = map(list, layout)
    table = pd.DataFrame({"entry": [write(place) for place in places]})
    for name in (*rows, *columns):  # by their labels, in the grid's order
        form = _ALONG.get(name, "") if name in columns else ""
        labels = [_label(selection, name, _value(place, name), form) for place in places]
        order = dict.fromkeys(labels)
        if name != "result":
            order = dict.fromkeys(
                _label(selection, name, cell.value(name), form) for cell in selection.cells
            )
        table[name] = pd.Categorical(labels, categories=list(order))
    table = table.set_index([*rows, *columns])["entry"].unstack(
        columns, fill_value=cast("Any", entry())
    )
    table = table.sort_index(axis=0).sort_index(axis=1)  # by the categories: the grid's order
    return Grid(
        caption=caption,
        stubs=tuple(_HEADINGS.get(name, name) for name in rows),
        columns=tuple(map(_levels, table.columns)),
        rows=tuple(
            (_levels(stub), tuple(e if isinstance(e, Entry) else entry() for e in entries))
            for stub, entries in zip(table.index, table.to_numpy().tolist(), strict=True)
        ),
    )


def _levels(key: Any) -> tuple[str, ...]:
    """Return an index's key, which is no tuple where there is one level."""
    return cast("tuple[str, ...]", key) if isinstance(key, tuple) else (str(key),)


def _label(selection: Selection, name: str, value: Any, form: str) -> str:
    if form and value is not None:
        return form.format(value)
    known = selection.exhibit.labels.get(name, {}).get(str(value))
    if known is None:
        return _NONE if value is None else number(value)
    return known


def _judged(place: Place, marks: Footnotes, against: bool) -> Entry:
    lines = list(_measured(place, marks).lines)
    if against:
        digits = measure_of(place.cell.dataset, place.result).paper_decimals
        number = _NONE if place.paper is None else paper(place.paper, digits)
        lines.append(f"paper {number}")
        if place.verdict != NOT_RUN:
            n = 0 if place.interval is None else place.interval.n
            word = verdict(place.verdict, place.seeds_needed, n)
            lines += word.removesuffix(")").split(" (")  # in a narrow column, on two lines
    return entry(*lines)


def _measured(place: Place, marks: Footnotes, strong: bool = False) -> Entry:
    if place.verdict == NOT_RUN:
        return entry(NOT_RUN, strong=strong)
    sign = "".join(marks.get((place.cell.dataset, name), "") for name in place.other_data)
    first = ""
    if place.interval is not None:
        n = place.interval.n
        counted = f"({n})" if n >= place.seeds else f"({n} of {place.seeds})"
        decimals = measure_of(place.cell.dataset, place.result).decimals
        first = f"{interval(place.interval, decimals)} {counted}{sign}"
    failures = [f"{n} {status}" for status, n in place.lost.items() if n]
    return entry(first, ", ".join(failures), strong=strong)


def shown(rows: Sequence[Row]) -> Sequence[Row]:
    """Return the claims' rows that have been run; all of them where none has."""
    return [row for row in rows if row.verdict != NOT_RUN] or rows


def claims(selection: Selection, rows: Sequence[Row], marks: Footnotes) -> Grid:
    """Return the table of the paper's claims, a row for each place they are tested at."""
    kind = "claims" if any(row.test.claim.kind == "reaches" for row in rows) else "ordering claims"
    return Grid(
        caption=(
            f"The paper's {kind}, tested at scale {selection.scale}; {_claimed_words(selection)}"
        ),
        stubs=("claim", "at"),
        columns=(("outcome",), ("p (Holm)",), ("n",), ("compared",)),
        rows=tuple(
            ((row.test.claim.text, at(selection, row.test.place)), _claim(selection, row, marks))
            for row in shown(rows)
        ),
    )


def _claimed_words(selection: Selection) -> str:
    """Return what is compared and in what, in words."""
    names = dict.fromkeys(cell.dataset for cell in selection.cells)
    units = dict.fromkeys(measure_of(n, r).difference for n in names for r in results_of(n))
    return f"{_measured_names(names)}; differences and slopes in {' or '.join(units)}"


def _claim(selection: Selection, row: Row, marks: Footnotes) -> tuple[Entry, ...]:
    claim, dataset, n = row.test.claim, row.test.place.get("dataset", ""), len(row.values)
    names = _sides(selection, row)
    if claim.over is not None:
        names, what = [f"{value}:" for value in row.test.values], f"slope over {claim.over}"
    elif row.test.right is None:
        what = "mean"
    else:
        what = "difference" if claim.factor == 1 else f"{names[0]} - {claim.factor:g} x {names[1]}"
    measure = measure_of(row.test.left.get("dataset", selection.cells[0].dataset), claim.result)
    relation = ">" if claim.kind in ("above", "grows") else "<"
    compared: list[str] = []
    if row.interval is not None:
        sign = "".join(marks.get((dataset, name), "") for name in row.other_data)
        compared.append(_listed(names, row.means, f"{{:.{measure.decimals}f}}".format) + sign)
    if row.paper is not None:
        digits = measure.paper_decimals
        compared.append(f"paper {_listed(names, row.paper, lambda v: paper(v, digits))}")
    if row.interval is not None:
        measured = interval(row.interval, measure.decimals, signed=claim.kind != "reaches")
        compared.append(f"{what} {measured}, claimed {relation} {row.test.margin:g}")
    return (
        entry(verdict(row.verdict, row.seeds_needed, n), strong=True),
        entry(_NONE if row.p is None else p_value(row.p)),
        entry(f"{n}" if n >= row.wanted else f"{n} of {row.wanted}"),
        entry(*compared),
    )


def _listed(names: Sequence[str], values: Sequence[float], form: Callable[[float], str]) -> str:
    return ", ".join(f"{name} {form(v)}" for name, v in zip(names, values, strict=True))


def _sides(selection: Selection, row: Row) -> list[str]:
    """Return each side of a claim by its rule, and by what else it does not share with the row."""
    both = ((row.test.left, row.test.claim.left), (row.test.right, row.test.claim.right))
    return [
        at(selection, {name: whole[name] for name in ("rule", *own) if name in whole})
        for whole, own in both
        if whole is not None and own is not None
    ]


def interval(measured: intervals.Interval, decimals: int = 2, signed: bool = False) -> str:
    """Return `mean ± half-width` with so many decimals; the mean alone where n is 1."""
    mean = f"{measured.mean:+.{decimals}f}" if signed else f"{measured.mean:.{decimals}f}"
    mean = mean.replace("-", "\N{MINUS SIGN}")
    if measured.high is None:
        return mean
    return f"{mean} ± {measured.high - measured.mean:.{decimals}f}"


def paper(value: float, decimals: int = 1) -> str:
    """Return a number of the paper with the paper's decimals, or more where it has more."""
    return f"{value:.{decimals}f}" if round(value, decimals) == value else f"{value:g}"


def p_value(p: float) -> str:
    """Return a p as it is printed."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def verdict(word: str, seeds_needed: int | None, n: int) -> str:
    """Return the verdict and how many seeds would decide it; one seed tells no spread to say it."""
    if word != INCONCLUSIVE or (seeds_needed is None and n != 1):
        return word
    return f"{word} ({'2 or more' if seeds_needed is None else f'about {seeds_needed}'} seeds)"
