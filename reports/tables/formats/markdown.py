"""A table in Markdown, and text escaped for a page in it.

Text from anywhere is escaped: a device's name or an error's words cannot break a page.
"""

import re
from collections.abc import Iterable

from ....bench.errors import one_line
from ..table import Entry, Table, text_columns, without_repeats

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$&])")


def escape_markdown(text: str) -> str:
    """Return `text` on one line, with nothing in it that Markdown or HTML would act on."""
    return _SPECIAL.sub(r"\\\1", one_line(text))


def markdown_table(table: Table) -> str:
    """Return the table in Markdown; an entry's lines are parted by <br>."""
    head = [*map(escape_markdown, table.stubs)]
    head += ["<br>".join(map(escape_markdown, column)) for column in table.columns]
    marks = ["---" if text else "---:" for text in text_columns(table)]
    lines = [_row(head), _row(["---"] * len(table.stubs) + marks)]
    previous: tuple[str, ...] = ()
    for stub, entries in table.rows:
        shown = [escape_markdown(text) for text in without_repeats(stub, previous)]
        lines.append(_row([*shown, *map(_entry, entries)]))
        previous = stub
    return "\n".join(lines) + "\n"


def _row(items: Iterable[str]) -> str:
    return f"| {' | '.join(items)} |"


def _entry(found: Entry) -> str:
    # A number and its interval stay on one line.
    unbroken = "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}"
    lines = [escape_markdown(line).replace(" ± ", unbroken) for line in found.lines]
    if found.strong and lines:
        lines[0] = f"**{lines[0]}**"
    return "<br>".join(lines)
