"""A table in LaTeX, with booktabs rules, no wider than a page's text."""

from collections.abc import Sequence
from itertools import groupby

from .table import Entry, Grid, fresh, parts, plain, texts

_COLUMNS = 4  # of entries, that fit a page's width
_CHARACTERS = 90  # of a row, that fit 16 cm
_CHARACTER = 0.147  # its mean width in cm
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
    "λ": r"$\lambda$",
}


def escape_tex(text: str) -> str:
    """Return `text` on one line, with nothing in it that TeX would act on."""
    return "".join(_TEX.get(letter, letter) for letter in plain(text))


def tex_table(grid: Grid, label: str, notes: Sequence[str] = ()) -> str:
    r"""Return the table as a LaTeX float with booktabs rules; `notes` stand below it.

    A table of many columns is parted by their outermost level, and long text wraps, so that it
    fits a page's width.
    """
    several = parts(grid) if len(grid.columns) > _COLUMNS else [grid]
    lines = [
        r"\begin{table}",
        r"\centering\footnotesize\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escape_tex(grid.caption)}}}",
        rf"\label{{{label}}}",
        "\n\\par\\medskip\n".join(map(_tabular, several)),
    ]
    if notes:
        text = r" \par ".join(map(escape_tex, notes))
        lines.append(rf"\par\smallskip\parbox{{\linewidth}}{{{text}}}")
    lines.append(r"\end{table}")
    return "\n".join(lines) + "\n"


def _tabular(grid: Grid) -> str:
    stubs, text = len(grid.stubs), texts(grid)
    widths = [max((len(stub[n]) for stub, _ in grid.rows), default=0) for n in range(stubs)]
    for n, column in enumerate(grid.columns):
        found = (len(line) for _, entries in grid.rows for line in entries[n].lines)
        widths.append(max(len(column[-1]), *found, 0))
    widest = _widest(widths)
    columns = [
        f"p{{{widest * _CHARACTER:.1f}cm}}" if width > widest else "l" if from_left else "r"
        for width, from_left in zip(widths, [True] * stubs + text, strict=True)
    ]
    lines = [rf"\begin{{tabular}}{{{''.join(columns)}}}", r"\toprule", *_head(grid), r"\midrule"]
    wraps = [column[0] == "p" for column in columns[stubs:]]
    previous: tuple[str, ...] = ()
    for stub, entries in grid.rows:
        if previous and len(stub) > 1 and stub[0] != previous[0]:
            lines.append(r"\midrule")
        own = [len(e.lines) for e, wrap in zip(entries, wraps, strict=True) if not wrap]
        for n in range(max([1, *own])):
            names = fresh(stub, previous) if n == 0 else [""] * stubs
            items = list(map(escape_tex, names))
            for place, wrap in zip(entries, wraps, strict=True):
                items.append(_line(place, n) if not wrap else "" if n else _paragraphs(place))
            lines.append(f"{' & '.join(items)} \\\\")
        previous = stub
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def _widest(widths: Sequence[int]) -> int:
    """Return how many characters a column may have, so that all columns together fit."""
    left, columns = _CHARACTERS, len(widths)
    for width in sorted(widths):
        if width * columns > left:
            return max(1, left // columns)
        left, columns = left - width, columns - 1
    return max(widths)


def _paragraphs(place: Entry) -> str:
    r"""Return all of an entry's lines in one place of a column that wraps.

    The group ends \raggedright before it would take the row's end for its own.
    """
    lines = (rf"{_line(place, n)}\par" for n in range(len(place.lines)))
    return rf"{{\raggedright {' '.join(lines)}}}"


def _head(grid: Grid) -> list[str]:
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


def _line(place: Entry, n: int) -> str:
    if n >= len(place.lines):
        return ""
    text = escape_tex(place.lines[n])
    if n:
        return rf"{{\scriptsize {text}}}"
    return rf"\textbf{{{text}}}" if place.strong else text
