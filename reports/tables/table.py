"""A table as data, and as Markdown and aligned text; `latex` has its third form.

Text from anywhere is escaped here, once: a device's name or an error's words cannot break a page.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ...bench.errors import one_line

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#~$&])")
_LONG = 24  # characters of an entry that is read as text, not as a number


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What stands in one place of a table: lines of text, the first the largest."""

    lines: tuple[str, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table: `stubs` name the leading columns, `columns` the others (outermost level first).

    Each row is its stub's texts and its entries, as many as there are stubs and columns.
    """

    caption: str
    stubs: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[tuple[str, ...], tuple[Entry, ...]], ...]


def entry(*lines: str, strong: bool = False) -> Entry:
    """Return an entry of `lines`, the empty ones left out."""
    return Entry(lines=tuple(line for line in lines if line), strong=strong)


def plain(text: str) -> str:
    """Return `text` on one line, without what a terminal would act on."""
    return one_line(text)


def escape_markdown(text: str) -> str:
    """Return `text` on one line, with nothing in it that Markdown or HTML would act on."""
    return _MARKDOWN.sub(r"\\\1", plain(text))


def markdown_table(grid: Grid) -> str:
    """Return the table in Markdown; a place's lines are parted by <br>."""
    head = [*map(escape_markdown, grid.stubs)]
    head += ["<br>".join(map(escape_markdown, column)) for column in grid.columns]
    marks = ["---" if text else "---:" for text in texts(grid)]
    lines = [_row(head), _row(["---"] * len(grid.stubs) + marks)]
    previous: tuple[str, ...] = ()
    for stub, entries in grid.rows:
        shown = [escape_markdown(text) for text in fresh(stub, previous)]
        lines.append(_row([*shown, *map(_markdown_entry, entries)]))
        previous = stub
    return "\n".join(lines) + "\n"


def _row(items: Iterable[str]) -> str:
    return f"| {' | '.join(items)} |"


def _markdown_entry(place: Entry) -> str:
    # A number and its interval stay on one line.
    unbroken = "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"
    lines = [escape_markdown(line).replace(" ± ", unbroken) for line in place.lines]
    if place.strong and lines:
        lines[0] = f"**{lines[0]}**"
    return "<br>".join(lines)


def texts(grid: Grid) -> list[bool]:
    """Tell of each column of entries whether they are to be read as text, from the left."""
    return [
        any(len(line) > _LONG for _, entries in grid.rows for line in entries[n].lines)
        for n in range(len(grid.columns))
    ]


def fresh(stub: Sequence[str], previous: Sequence[str]) -> list[str]:
    """Return a row's stub without what the row above says already, the last level always."""
    same = 0
    while same < min(len(stub) - 1, len(previous)) and stub[same] == previous[same]:
        same += 1
    return ["" if n < same else text for n, text in enumerate(stub)]


def text_table(grid: Grid, width: int = 120) -> str:
    """Return the table in aligned columns; a place's lines stand below one another.

    One wider than `width` characters is parted by the outermost level of its columns.
    """
    whole = _text_table(grid)
    if max(map(len, whole.splitlines())) <= width:
        return whole
    return "\n".join(map(_text_table, parts(grid)))


def parts(grid: Grid) -> list[Grid]:
    """Return a table for each value of the outermost level of the columns, if that is not all."""
    if any(len(column) < 2 for column in grid.columns):
        return [grid]
    found: list[Grid] = []
    for name in dict.fromkeys(column[0] for column in grid.columns):
        kept = [n for n, column in enumerate(grid.columns) if column[0] == name]
        columns = tuple(grid.columns[n] for n in kept)
        rows = tuple((stub, tuple(entries[n] for n in kept)) for stub, entries in grid.rows)
        found.append(replace(grid, columns=columns, rows=rows))
    return found


def _text_table(grid: Grid) -> str:
    table: list[list[str]] = []
    levels = max((len(column) for column in grid.columns), default=1)
    for level in range(levels):
        last = level == levels - 1
        columns = [column[level] for column in grid.columns]
        if not last:
            columns = [c if n == 0 or columns[n - 1] != c else "" for n, c in enumerate(columns)]
        table.append([*(grid.stubs if last else [""] * len(grid.stubs)), *columns])
    head = len(table)
    previous: tuple[str, ...] = ()
    for stub, entries in grid.rows:
        depth = max((len(place.lines) for place in entries), default=1)
        for n in range(max(1, depth)):
            names = fresh(stub, previous) if n == 0 else [""] * len(stub)
            table.append([*names, *(_text_line(place, n) for place in entries)])
        previous = stub
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    left = [True] * len(grid.stubs) + texts(grid)
    lines = [
        "  ".join(
            item.ljust(width) if from_left else item.rjust(width)
            for item, width, from_left in zip(row, widths, left, strict=True)
        ).rstrip()
        for row in table
    ]
    lines.insert(head, "-" * (sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join(lines) + "\n"


def _text_line(place: Entry, n: int) -> str:
    if n >= len(place.lines):
        return ""
    return f"*{place.lines[n]}*" if place.strong and n == 0 else place.lines[n]
