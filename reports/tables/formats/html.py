"""A table in HTML, whose columns a page's script sorts; entries link to their details.

All text is escaped.
"""

from collections.abc import Collection, Iterator
from itertools import groupby

from markupsafe import Markup, escape

from ....bench.errors import one_line
from ..table import LONG, Entry, Table, parts, text_columns

_COLUMNS = 8
"""Columns from which on a table is parted by their outermost level, to fit a page's width."""


def html_table(table: Table, keys: Collection[str] = ()) -> Markup:
    """Return the table; an entry whose key is among `keys`, the ids of the page, links to it.

    One of many columns becomes a table for each value of their outermost level.
    """
    several = parts(table) if len(table.columns) >= _COLUMNS else [table]
    return Markup("\n").join(_table(one, keys) for one in several)


def _table(table: Table, keys: Collection[str]) -> Markup:
    text = text_columns(table)
    rows = Markup("").join(
        Markup("<tr>{}{}</tr>\n").format(
            Markup("").join(map(_stub, stub)),
            Markup("").join(map(_entry, entries, text, [keys] * len(text))),
        )
        for stub, entries in table.rows
    )
    return Markup(
        '<div class=wide tabindex=0 role=group aria-label="{}"><table>'
        "<caption><span>{}</span></caption><thead>\n{}</thead>\n<tbody>\n{}</tbody></table></div>"
    ).format(
        _text(table.caption),
        _text(f"{table.caption}."),
        Markup("").join(_heads(table, text)),
        rows,
    )


def verdict_html(word: str, words: str = "") -> Markup:
    """Return a verdict as a mark whose colour the page's style knows by its class."""
    return Markup('<span class="verdict v-{}">{}</span>').format(
        word.replace(" ", "-"), _text(words or word)
    )


def _heads(table: Table, text: list[bool]) -> Iterator[Markup]:
    """Yield the rows of heads: outer levels over all columns that share them, buttons to sort."""
    levels = max((len(column) for column in table.columns), default=1)
    for level in range(levels - 1):
        cells = [Markup("<td></td>")] * len(table.stubs)
        for outer, some in groupby(table.columns, key=lambda column: column[: level + 1]):
            span = Markup("<th scope=colgroup colspan={}>{}</th>")
            cells.append(span.format(len(list(some)), _text(outer[level])))
        yield Markup("<tr>{}</tr>\n").format(Markup("").join(cells))
    cells = [_head(name, "", left=True) for name in table.stubs]
    for column, left in zip(table.columns, text, strict=True):
        cells.append(_head(column[-1], " ".join(column), left=left))
    yield Markup("<tr>{}</tr>\n").format(Markup("").join(cells))


def _head(name: str, whole: str, *, left: bool) -> Markup:
    name = one_line(name)
    if not name.strip():
        return Markup("<td></td>")
    return Markup("<th scope=col{}><button type=button{}>{}</button></th>").format(
        Markup(" class=text") if left else "",
        Markup(' aria-label="{}"').format(one_line(whole)) if whole not in ("", name) else "",
        name,
    )


def _stub(name: str) -> Markup:
    kind = Markup(" class=text") if len(name) > LONG else ""
    return Markup("<th scope=row{}>{}</th>").format(kind, _text(name))


def _entry(found: Entry, left: bool, keys: Collection[str]) -> Markup:
    lines = [
        verdict_html(found.verdict, line)
        if found.verdict and line.startswith(found.verdict)
        else Markup("<small>{}</small>").format(_text(line))
        if n
        else _text(line)
        for n, line in enumerate(found.lines)
    ]
    if lines and found.key in keys:
        lines[0] = Markup("<a href=#{}>{}</a>").format(found.key, lines[0])
    if lines and found.strong:
        lines[0] = Markup("<b>{}</b>").format(lines[0])
    return Markup("<td{}>{}</td>").format(
        Markup(" class=text") if left else "", Markup("<br>").join(lines)
    )


def _text(words: str) -> Markup:
    return escape(one_line(words).replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"))
