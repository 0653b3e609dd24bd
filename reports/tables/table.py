"""A table as data; `text`, `markdown` and `latex` write it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

LONG = 24
"""Characters from which on an entry is read as text, not as a number."""


Stub = tuple[str, ...]
"""The texts that name a row or a column, outermost level first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a table: lines of text, the first the largest.

    `verdict` is the line that is one, and `key` that of the detail which the entry opens to
    (`analysis.evidence.details`); both are empty where there is none.
    """

    lines: tuple[str, ...]
    strong: bool = False
    verdict: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: `stubs` name the leading columns, `columns` the others (outermost level first).

    Each row is its stub's texts and its entries, as many as there are stubs and columns.
    """

    caption: str
    stubs: Stub
    columns: tuple[Stub, ...]
    rows: tuple[tuple[Stub, tuple[Entry, ...]], ...]


def entry(*lines: str, strong: bool = False, verdict: str = "", key: str = "") -> Entry:
    """Return an entry of `lines`, the empty ones left out."""
    kept = tuple(line for line in lines if line)
    return Entry(lines=kept, strong=strong, verdict=verdict, key=key)


def simple_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, stubs: int = 1, caption: str = ""
) -> Table:
    """Return a table of plain texts.

    Args:
        heads: of all columns.
        rows: a text for each column.
        stubs: the number of leading columns, which are read from the left.
        caption: of the table.
    """
    return Table(
        caption=caption,
        stubs=tuple(heads[:stubs]),
        columns=tuple((head,) for head in heads[stubs:]),
        rows=tuple((tuple(row[:stubs]), tuple(map(entry, row[stubs:]))) for row in rows),
    )


def cross_table(
    caption: str,
    stubs: Sequence[str],
    found: Mapping[tuple[Stub, Stub], Entry],
    rows: Iterable[Stub],
    columns: Iterable[Stub],
) -> Table:
    """Return a table of entries by row and column, empty where there is none.

    Args:
        caption: of the table.
        stubs: what the levels of a row are.
        found: the entries, by row and column.
        rows: the order of the rows; those without any entry are left out.
        columns: the same of the columns.
    """
    shown = [column for column in dict.fromkeys(columns) if any(c == column for _, c in found)]
    return Table(
        caption=caption,
        stubs=tuple(stubs),
        columns=tuple(shown),
        rows=tuple(
            (row, tuple(found.get((row, column), entry()) for column in shown))
            for row in dict.fromkeys(rows)
            if any(r == row for r, _ in found)
        ),
    )  # fmt: skip


def text_columns(table: Table) -> list[bool]:
    """Tell of each column of entries whether it is read as text, from the left."""
    return [
        any(len(line) > LONG for _, entries in table.rows for line in entries[n].lines)
        for n in range(len(table.columns))
    ]


def without_repeats(stub: Sequence[str], previous: Sequence[str]) -> list[str]:
    """Return a row's stub without what the row above says already, the last level always."""
    same = 0
    while same < min(len(stub) - 1, len(previous)) and stub[same] == previous[same]:
        same += 1
    return ["" if n < same else text for n, text in enumerate(stub)]


def parts(table: Table) -> list[Table]:
    """Return a table for each value of the outermost level of the columns, if that is not all."""
    if any(len(column) < 2 for column in table.columns):
        return [table]
    found: list[Table] = []
    for name in dict.fromkeys(column[0] for column in table.columns):
        kept = [n for n, column in enumerate(table.columns) if column[0] == name]
        columns = tuple(table.columns[n] for n in kept)
        rows = tuple((stub, tuple(entries[n] for n in kept)) for stub, entries in table.rows)
        found.append(replace(table, columns=columns, rows=rows))
    return found
