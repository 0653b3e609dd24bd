"""A table in LaTeX, with booktabs rules, no wider than a page's text; and escaped text."""

import unicodedata
from collections.abc import Sequence
from itertools import groupby

from ....bench.errors import one_line
from ..table import Entry, Table, parts, text_columns, without_repeats

_COLUMNS = 4  # of entries, that fit a page's width
_CHARACTERS = 90  # of a row, that fit 16 cm
_CHARACTER = 0.147  # its mean width in cm
_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lamda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
    "omega",
)
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
    "\N{DAGGER}": r"\dag{}",
    "…": r"\ldots{}",
    **{  # symbols of hyperparameters
        unicodedata.lookup(
            f"GREEK SMALL LETTER {name.upper()}"
        ): rf"$\{name.replace('lamda', 'lambda')}$"
        for name in _GREEK
    },
}


def escape_tex(text: str) -> str:
    """Return `text` on one line, with nothing in it that TeX would act on."""
    return "".join(_TEX.get(letter, letter) for letter in one_line(text))


def tex_table(table: Table) -> str:
    r"""Return the table in LaTeX, of booktabs rules, to stand in a float at \footnotesize.

    One of many columns is parted by their outermost level, and long text wraps, so that it fits a
    page's width.
    """
    several = parts(table) if len(table.columns) > _COLUMNS else [table]
    return "\n\\par\\medskip\n".join(map(_tabular, several))


def _tabular(table: Table) -> str:
    stubs, text = len(table.stubs), text_columns(table)
    widths = [max((len(stub[n]) for stub, _ in table.rows), default=0) for n in range(stubs)]
    for n, column in enumerate(table.columns):
        found = (len(line) for _, entries in table.rows for line in entries[n].lines)
        widths.append(max(len(column[-1]), *found, 0))
    widest = _widest(widths)
    columns = [
        f"p{{{widest * _CHARACTER:.1f}cm}}" if width > widest else "l" if from_left else "r"
        for width, from_left in zip(widths, [True] * stubs + text, strict=True)
    ]
    lines = [rf"\begin{{tabular}}{{{''.join(columns)}}}", r"\toprule", *_head(table), r"\midrule"]
    wraps = [column[0] == "p" for column in columns[stubs:]]
    previous: tuple[str, ...] = ()
    for stub, entries in table.rows:
        if previous and len(stub) > 1 and stub[0] != previous[0]:
            lines.append(r"\midrule")
        own = [len(e.lines) for e, wrap in zip(entries, wraps, strict=True) if not wrap]
        for n in range(max([1, *own])):
            names = without_repeats(stub, previous) if n == 0 else [""] * stubs
            items = list(map(escape_tex, names))
            for one, wrap in zip(entries, wraps, strict=True):
                items.append(_line(one, n) if not wrap else "" if n else _paragraphs(one))
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


def _paragraphs(found: Entry) -> str:
    r"""Return all of an entry's lines, in a column that wraps.

    The group ends \raggedright before it would take the row's end for its own.
    """
    lines = (rf"{_line(found, n)}\par" for n in range(len(found.lines)))
    return rf"{{\raggedright {' '.join(lines)}}}"


def _head(table: Table) -> list[str]:
    lines: list[str] = []
    levels = len(table.columns[0]) if table.columns else 1
    for level in range(levels - 1):
        items = [""] * len(table.stubs)
        rules: list[str] = []
        at = len(table.stubs) + 1
        for outer, some in groupby(table.columns, key=lambda column: column[: level + 1]):
            count = len(list(some))
            items.append(rf"\multicolumn{{{count}}}{{c}}{{{escape_tex(outer[-1])}}}")
            rules.append(rf"\cmidrule(lr){{{at}-{at + count - 1}}}")
            at += count
        lines += [f"{' & '.join(items)} \\\\", "".join(rules)]
    inner = [*table.stubs, *(column[-1] for column in table.columns)]
    return [*lines, f"{' & '.join(map(escape_tex, inner))} \\\\"]


def _line(found: Entry, n: int) -> str:
    if n >= len(found.lines):
        return ""
    text = escape_tex(found.lines[n])
    if n:
        return rf"{{\scriptsize {text}}}"
    return rf"\textbf{{{text}}}" if found.strong else text
