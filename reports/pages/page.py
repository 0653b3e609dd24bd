"""A page as data, and its three forms: Markdown, LaTeX and text, each by one template.

    page = Page(name="table1-quick", title="Table 1", sections=(Section(heading="Table", ...),))
    markdown(page, pictures)

Templates escape all text that they are given by the filter `text`.
"""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ...bench.errors import one_line
from ..analysis.answers import Answer
from ..analysis.evidence.details import Detail
from ..analysis.overview import Made, Tally
from ..tables.formats.latex import escape_tex, tex_table
from ..tables.formats.markdown import escape_markdown, markdown_table
from ..tables.formats.text import WIDTH, text_table
from ..tables.table import Table


class Picture(NamedTuple):
    """A figure: the file that lies beside the page, and its title."""

    file: str
    title: str


class Caution(NamedTuple):
    """What a reader must know before any number: in bold what it means, then the words."""

    lead: str
    words: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page, below its heading.

    Attributes:
        name: of its table in LaTeX, after the page's.
        heading: what stands above.
        table: with its caption, if there is one.
        commands: lines for a shell.
        notes: paragraphs.
        pictured: whether the first of the page's figures stands below them.
    """

    name: str
    heading: str
    table: Table | None = None
    commands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pictured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a report says.

    Attributes:
        name: of its files, without a suffix.
        title: its title.
        lead: paragraphs below the title.
        answers: to what a reader asks first; at the end on a terminal.
        cautions: what must be known before any number; below each table in LaTeX.
        summary: lines at the top of a page, at the end on a terminal.
        sections: tables, in order.
        figure_notes: paragraphs below the figures.
        runs: lines at the end of a page: what it was made from.
        failures: lines at the end of both.
        details: each verdict with its evidence.
        settings: the protocol that all cells of the page share: name, value.
        made: what the records were made on.
        tally: of the verdicts; None where the page has none.
    """

    name: str
    title: str
    lead: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    cautions: tuple[Caution, ...] = ()
    summary: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    figure_notes: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    details: tuple[Detail, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    made: tuple[Made, ...] = ()
    tally: Tally | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A page with its figures.

    Attributes:
        page: the page.
        pictures: the figures' files beside it.
        figures: the figures as svg elements: title, content.
    """

    page: Page
    pictures: tuple[Picture, ...] = ()
    figures: tuple[tuple[str, Markup], ...] = ()


def markdown(page: Page, pictures: Sequence[Picture] = (), parts: Sequence[Part] = ()) -> str:
    """Return the whole page in Markdown; `pictures` lie beside it, `parts` follow it."""
    found = [(page, pictures, "#"), *((part.page, part.pictures, "##") for part in parts)]
    pages = (
        _rendered("page.md.jinja", one, escape_markdown, markdown_table, pictures=some, mark=mark)
        for one, some, mark in found
    )
    return "\n".join(pages)


def tex(page: Page) -> str:
    """Return the tables in LaTeX, for an input line; they need the package booktabs."""
    return _rendered("page.tex.jinja", page, escape_tex, tex_table)


def text(page: Page) -> str:
    """Return the tables for a terminal, the summary last: it is what stays in sight."""
    return _rendered("page.txt.jinja", page, one_line, text_table)


def _rendered(
    template: str,
    page: Page,
    escape: Callable[[str], str],
    table: Callable[[Table], str],
    **more: Any,
) -> str:
    environment = Environment(
        loader=PackageLoader(__name__.rpartition(".")[0]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    if template.endswith(".tex.jinja"):  # braces are TeX's own
        environment = environment.overlay(
            block_start_string="<%", block_end_string="%>",
            variable_start_string="<<", variable_end_string=">>",
        )  # fmt: skip

    def without_end(found: Table) -> str:
        return table(found).rstrip("\n")

    def wrap(words: str) -> str:
        return textwrap.fill(words, WIDTH, break_long_words=False, break_on_hyphens=False)

    environment.filters |= {"text": escape, "line": one_line, "wrap": wrap, "table": without_end}
    return environment.get_template(template).render(page=page, **more)
