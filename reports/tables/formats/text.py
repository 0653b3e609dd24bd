"""A table as aligned text: the same on a terminal, in a pipe and in a file."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest

from rich.cells import cell_len

from ....bench.errors import one_line
from ..table import Entry, Stub, Table, parts, text_columns, without_repeats

WIDTH = 120
"""Characters of a table, whatever the terminal's: its text is the same everywhere."""
UNLIMITED = 10**9
"""The width of a table that is never wrapped: a line per row, for other programs to read."""
_WRAPS = 60  # characters of an entry that is broken where the table is too wide
_GAP = "  "  # between columns


def text_table(table: Table, width: int = WIDTH) -> str:
    """Return the table in aligned columns, an entry's lines below one another.

    One that is wider than `width` is parted by the outermost level of its columns, and its stubs
    and long text wrap. Numbers do not, so a table of many of them may still be wider.
    """
    several = [table] if _total(_natural(_texts(table))) <= width else parts(table)
    return "\n".join(_text(one, width) for one in several)


def _text(table: Table, width: int) -> str:
    columns, stubs = _texts(table), len(table.stubs)
    widths, from_left = _fitted(columns, stubs, width), [True] * stubs + text_columns(table)
    head, *rows = (list(_lines(row, widths, from_left)) for row in zip(*columns, strict=True))
    lines = [*head, "-" * _total(widths), *(line for row in rows for line in row)]
    return "".join(f"{line}\n" for line in lines)


def _texts(table: Table) -> list[list[str]]:
    """Return the texts of each column, its head first; lines are joined by line ends."""
    levels = max((len(column) for column in table.columns), default=1)
    columns = [["\n" * (levels - 1) + one_line(name)] for name in table.stubs]
    before: list[Stub] = [(), *table.columns][: len(table.columns)]
    for one, previous in zip(table.columns, before, strict=True):
        columns.append(["\n".join(map(one_line, without_repeats(one, previous)))])
    for (previous, _), (stub, entries) in pairwise([((), ()), *table.rows]):
        row = [*map(one_line, without_repeats(stub, previous)), *map(_entry, entries)]
        for column, text in zip(columns, row, strict=True):
            column.append(text)
    return columns


def _entry(found: Entry) -> str:
    lines = [one_line(line) for line in found.lines]
    if found.strong and lines:
        lines[0] = f"*{lines[0]}*"
    return "\n".join(lines)


def _natural(columns: Sequence[Sequence[str]]) -> list[int]:
    """Return the width of each column where nothing wraps."""
    return [max(cell_len(line) for text in texts for line in text.split("\n")) for texts in columns]


def _fitted(columns: Sequence[Sequence[str]], stubs: int, width: int) -> list[int]:
    """Return the width of each column in a table of `width`, no word broken."""
    widths = _natural(columns)
    least = [
        max((cell_len(word) for text in texts for word in text.split()), default=0)
        if n < stubs or wide > _WRAPS
        else wide
        for n, (texts, wide) in enumerate(zip(columns, widths, strict=True))
    ]
    while _total(widths) > width and widths != least:
        widest = max(range(len(widths)), key=lambda n: (widths[n] > least[n], widths[n]))
        widths[widest] -= 1
    return widths


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _lines(row: Sequence[str], widths: Sequence[int], from_left: Sequence[bool]) -> Iterator[str]:
    """Yield the lines of a row, each text wrapped to its column's width."""
    wrapped = [
        [part for line in text.split("\n") for part in _wrapped(line, wide)]
        for text, wide in zip(row, widths, strict=True)
    ]
    for parts_ in zip_longest(*wrapped, fillvalue=""):
        padded = [
            part + " " * (wide - cell_len(part)) if left else " " * (wide - cell_len(part)) + part
            for part, wide, left in zip(parts_, widths, from_left, strict=True)
        ]
        yield _GAP.join(padded).rstrip()


def _wrapped(line: str, width: int) -> list[str]:
    if cell_len(line) <= width:
        return [line]
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
