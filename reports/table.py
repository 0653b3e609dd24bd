"""A table as data, and its three forms: Markdown, LaTeX (booktabs) and aligned text.

Text from anywhere is escaped here, once: a device's name or an error's words cannot break a page.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

_TEX_COLUMNS = 4  # of values, that fit a page's width
_TEX_STUB = 30  # characters of a leading column that is not wrapped
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#~$&])")
_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "#": r"\#",
    "$": r"\$",
    "%": r"\%",
    "&": r"\&",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "[": "{[}",  # after a line's end it would be that line's option
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "\N{EN DASH}": "--",
    "\N{MINUS SIGN}": "$-$",
    "…": r"\ldots{}",
}


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
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def escape_markdown(text: str) -> str:
    """Return `text` on one line, with nothing in it that Markdown or HTML would act on."""
    return _MARKDOWN.sub(r"\\\1", plain(text))


def escape_tex(text: str) -> str:
    """Return `text` on one line, with nothing in it that TeX would act on."""
    return "".join(_TEX.get(letter, letter) for letter in plain(text))


def markdown_table(grid: Grid) -> str:
    """Return the table in Markdown; a place's lines are parted by <br>."""
    head = [*map(escape_markdown, grid.stubs)]
    head += ["<br>".join(map(escape_markdown, column)) for column in grid.columns]
    lines = [_row(head), _row(["---"] * len(grid.stubs) + ["---:"] * len(grid.columns))]
    previous: tuple[str, ...] = ()
    for stub, entries in grid.rows:
        shown = [escape_markdown(text) for text in _fresh(stub, previous)]
        lines.append(_row([*shown, *map(_markdown_entry, entries)]))
        previous = stub
    return "\n".join(lines) + "\n"


def _row(items: Iterable[str]) -> str:
    return f"| {' | '.join(items)} |"


def _markdown_entry(place: Entry) -> str:
    lines = [escape_markdown(line) for line in place.lines]
    if place.strong and lines:
        lines[0] = f"**{lines[0]}**"
    return "<br>".join(lines)


def _fresh(stub: Sequence[str], previous: Sequence[str]) -> list[str]:
    """Return a row's stub without what the row above says already, the last level always."""
    same = 0
    while same < min(len(stub) - 1, len(previous)) and stub[same] == previous[same]:
        same += 1
    return ["" if n < same else text for n, text in enumerate(stub)]


def tex_table(grid: Grid, label: str, notes: Sequence[str] = ()) -> str:
    r"""Return the table as a LaTeX float with booktabs rules; `notes` stand below it.

    A table of many columns is parted by their outermost level, so that it fits a page's width.
    """
    parts = _parts(grid) if len(grid.columns) > _TEX_COLUMNS else [grid]
    lines = [
        r"\begin{table}",
        r"\centering\footnotesize\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escape_tex(grid.caption)}}}",
        rf"\label{{{label}}}",
        "\n\\par\\medskip\n".join(map(_tex_tabular, parts)),
    ]
    if notes:
        text = r" \par ".join(map(escape_tex, notes))
        lines.append(rf"\par\smallskip\parbox{{\linewidth}}{{{text}}}")
    lines.append(r"\end{table}")
    return "\n".join(lines) + "\n"


def _tex_tabular(grid: Grid) -> str:
    stubs = "".join(
        "l" if max((len(stub[n]) for stub, _ in grid.rows), default=0) <= _TEX_STUB else "p{3.6cm}"
        for n in range(len(grid.stubs))
    )
    lines = [
        rf"\begin{{tabular}}{{{stubs}{'r' * len(grid.columns)}}}",
        r"\toprule",
        *_tex_head(grid),
        r"\midrule",
    ]
    previous: tuple[str, ...] = ()
    for stub, entries in grid.rows:
        if previous and len(stub) > 1 and stub[0] != previous[0]:
            lines.append(r"\midrule")
        depth = max((len(place.lines) for place in entries), default=1)
        for n in range(max(1, depth)):
            names = _fresh(stub, previous) if n == 0 else [""] * len(stub)
            items = [*map(escape_tex, names), *(_tex_line(place, n) for place in entries)]
            lines.append(f"{' & '.join(items)} \\\\")
        previous = stub
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def _tex_head(grid: Grid) -> list[str]:
    lines: list[str] = []
    levels = len(grid.columns[0]) if grid.columns else 1
    for level in range(levels - 1):
        items = [""] * len(grid.stubs)
        rules: list[str] = []
        at = len(grid.stubs) + 1
        for outer, some in groupby(grid.columns, key=lambda column: column[: level + 1]):
            count = len(list(some))
            items.append(rf"\multicolumn{{{count}}}{{c}}{{{escape_tex(outer[-1])}}}")
            rules.append(rf"\cmidrule(lr){{{at}-{at + count - 1}}}")
            at += count
        lines += [f"{' & '.join(items)} \\\\", "".join(rules)]
    inner = [*grid.stubs, *(column[-1] for column in grid.columns)]
    return [*lines, f"{' & '.join(map(escape_tex, inner))} \\\\"]


def _tex_line(place: Entry, n: int) -> str:
    if n >= len(place.lines):
        return ""
    text = escape_tex(place.lines[n])
    if n:
        return rf"{{\scriptsize {text}}}"
    return rf"\textbf{{{text}}}" if place.strong else text


def text_table(grid: Grid, width: int = 120) -> str:
    """Return the table in aligned columns; a place's lines stand below one another.

    One wider than `width` characters is parted by the outermost level of its columns.
    """
    whole = _text_table(grid)
    if max(map(len, whole.splitlines())) <= width:
        return whole
    return "\n".join(map(_text_table, _parts(grid)))


def _parts(grid: Grid) -> list[Grid]:
    """Return a table for each value of the outermost level of the columns, if that is not all."""
    if any(len(column) < 2 for column in grid.columns):
        return [grid]
    parts: list[Grid] = []
    for name in dict.fromkeys(column[0] for column in grid.columns):
        kept = [n for n, column in enumerate(grid.columns) if column[0] == name]
        columns = tuple(grid.columns[n] for n in kept)
        rows = tuple((stub, tuple(entries[n] for n in kept)) for stub, entries in grid.rows)
        parts.append(replace(grid, columns=columns, rows=rows))
    return parts


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
            names = _fresh(stub, previous) if n == 0 else [""] * len(stub)
            table.append([*names, *(_text_line(place, n) for place in entries)])
        previous = stub
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    stubs = len(grid.stubs)
    lines = [
        "  ".join(
            item.ljust(width) if n < stubs else item.rjust(width)
            for n, (item, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
    lines.insert(head, "-" * (sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join(lines) + "\n"


def _text_line(place: Entry, n: int) -> str:
    if n >= len(place.lines):
        return ""
    return f"*{place.lines[n]}*" if place.strong and n == 0 else place.lines[n]
