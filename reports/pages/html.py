"""A report as one file of HTML that needs nothing else: no network, no file beside it.

On top the answer in counts, then each part: its tables, whose entries open to their evidence, its
figures as SVG with values, and what all was made on. Text from anywhere is escaped by the template.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ...reproductions.exhibits.schema import CUSTOM
from ..analysis import overview
from ..analysis.answers import answers
from ..analysis.evidence.details import Detail
from ..analysis.evidence.runs import by_layer
from ..analysis.naming import count, machine_words, short_id
from ..analysis.selection.protocol import PAPER
from ..analysis.verdicts.judging import ALPHA
from ..analysis.wording import beside_limit
from ..tables.entries import difference
from ..tables.formats.html import html_table, verdict_html
from ..tables.overview import elsewhere_table, made_table, others_table, paper_table
from ..tables.table import Table
from .curves import curves
from .page import Page, Part, Section
from .shared import shared

_GRADES = {
    "T": "read off the paper's own table or text",
    "F": "digitised from the paper's figure",
    "A": "read in its authors' own code, or a table published with it",
    "P": "quoted alike by public re-implementations",
    "R": "recalled, not checked against a copy",
    "O": "ours: the paper does not say",
}
_CURVE_POINTS, _FEWEST, _MOST = 60_000, 5, 60  # of all curves together, and of one
_KINDS = {
    "place": "Places", "intermediate": "Before the end of training", "claim": "Claims",
    "median": "Medians",
}  # fmt: skip
_OPEN = 12  # details of a kind that are listed at once; more are folded


def front(name: str, title: str, parts: Sequence[Part], lead: Sequence[str] = ()) -> Page:
    """Return the page above several parts: what reproduces, and what all was made on."""
    tallies = [part.page.tally for part in parts if part.page.tally is not None]
    made = overview.merged(part.page.made for part in parts)
    sections: list[Section] = []
    there = {
        "By exhibit, at the paper's own protocol": paper_table(tallies),
        "By exhibit, at the protocols of other papers": others_table(tallies),
        "By exhibit, at other schedules": elsewhere_table(tallies),
    }
    shown = [(heading, table) for heading, table in there.items() if table is not None]
    for heading, table in shown:
        notes = (overview.NOTE,) if (heading, table) == shown[-1] else ()
        sections.append(Section("overview", heading, table, notes=notes))
    if made:
        sections.append(Section("made", "How it was made", made_table(made)))
    return Page(
        name=name,
        title=title,
        lead=tuple(lead),
        answers=tuple(answers(tallies, (one for part in parts for one in part.page.details))),
        sections=tuple(sections),
    )


def _code(text: str) -> Markup:
    """Return text with what stands between backticks as code."""
    pieces = text.split("`")
    marked = (Markup("<code>{}</code>").format(p) if n % 2 else p for n, p in enumerate(pieces))
    return Markup("").join(marked) if len(pieces) % 2 else Markup.escape(text)


def html(page: Page, parts: Sequence[Part]) -> str:
    """Return the file: `page`, the front, and the parts that follow it."""
    environment = Environment(
        loader=PackageLoader(__name__.rpartition(".")[0]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    details = [one for part in parts for one in part.page.details]
    made = overview.merged(part.page.made for part in parts)
    classes = dict.fromkeys(one.machine_class for one in made)
    classes |= dict.fromkeys(run.machine_class for one in details for run in one.runs)
    machines = {name: str(n) for n, name in enumerate(classes, 1)}
    keys = {one.key for part in parts if part.page.made for one in part.page.details}
    keys |= {part.page.name for part in parts}
    shown = sum(len(one.runs) for one in details if one.kind == "place")
    points = min(_MOST, max(_FEWEST, _CURVE_POINTS // max(1, shown)))

    def table(found: Table) -> Markup:
        return html_table(found, keys)

    def curve(one: Detail) -> Markup:
        return curves(one.runs, one.measure, points)

    filters: dict[str, Any] = {
        "code": _code, "table": table, "curve": curve, "ours": ours, "verdict": verdict_html,
        "number": _number, "by_layer": by_layer, "short_id": short_id, "groups": _groups,
        "difference": difference, "count": count, "machine": machine_words, "paper": paper,
        "p_value": p_value,
    }  # fmt: skip
    environment.filters.update(filters)
    tallies = [part.page.tally for part in parts if part.page.tally is not None]
    totals = overview.totals(overview.of_one_paper(tallies))
    rules, markers, figures = shared([svg for part in parts for _, svg in part.figures])
    drawn = iter(figures)
    parts = [
        replace(part, figures=tuple((title, next(drawn)) for title, _ in part.figures))
        for part in parts
    ]
    return environment.get_template("page.html.jinja").render(
        page=page, parts=parts, machines=machines, grades=_GRADES, keys=keys, totals=totals,
        counted=overview.counted, paper=PAPER,
        contents=_contents(parts), custom=CUSTOM, figure_rules=rules, figure_markers=markers,
    )  # fmt: skip


def _contents(parts: Sequence[Part]) -> dict[str, list[Page]]:
    """Return the pages by what they are of: an exhibit has one for each scale."""
    found: dict[str, list[Page]] = {}
    for page in (part.page for part in parts):
        study = page.name.startswith("tune-")
        name = page.tally.short if page.tally else page.title.partition(":")[0]
        found.setdefault("Tuning" if study else name, []).append(page)
    return found


def ours(one: Detail, counted: bool = True) -> str:
    """Return our number with its interval, and `counted` the number of results; or nothing."""
    if one.estimate is None:
        return ""
    tail = f" ({one.n})" if counted else ""
    digits, signed = one.decimals, "+" if one.kind == "claim" and one.margin is not None else ""
    mean = f"{one.estimate:{signed}.{digits}f}".replace("-", "\N{MINUS SIGN}")
    if one.low is None or one.high is None:
        return f"{mean}{tail}"
    if one.kind == "median":
        return f"{mean} [{one.low:.{digits}f}, {one.high:.{digits}f}]{tail}"
    return f"{mean} ± {one.high - one.estimate:.{digits}f}{tail}"


def p_value(p: float) -> str:
    """Return a p, on its side of the level at which a claim is decided."""
    return beside_limit(p, ALPHA, "g", 3)


def paper(one: Detail) -> str:
    """Return the paper's number, as `< 2` where only its side is known."""
    sign = {"above": "> ", "below": "< "}.get(one.side or "", "")
    return "" if one.paper is None else f"{sign}{one.paper:g}"


def _number(value: float | None, digits: int) -> str:
    words = "\N{EN DASH}" if value is None else f"{value:.{digits}f}"
    return words.replace("-", "\N{MINUS SIGN}")


def _groups(details: Iterable[Detail]) -> list[dict[str, Any]]:
    """Return the details by kind, each kind with its heading; none where it has none."""
    details = list(details)
    found = {head: [one for one in details if one.kind == kind] for kind, head in _KINDS.items()}
    return [
        {
            "heading": head if not (tail := _others(some)) else "Configurations",
            "tail": tail, "details": some, "folded": len(some) > _OPEN,
        }
        for head, some in found.items()
        if some
    ]  # fmt: skip


def _others(details: Sequence[Detail]) -> str:
    """Return how many of the details are places of the paper, as the counts on top have it.

    Nothing where all are, or none is.
    """
    mine = [one for one in details if one.kind == "place"]
    known = sum(one.counts for one in mine)
    other = sum(not one.in_table for one in mine)
    unknown = len(mine) - known - other
    if not known or known == len(mine):
        return ""
    words = {"another M": other, "no number of the paper": unknown}
    rest = (f"{n} with {what}" for what, n in words.items() if n)
    return f": {count(known, 'place')} of the paper, {' and '.join(rest)}"
