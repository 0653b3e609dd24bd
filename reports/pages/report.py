"""A report as files: its formats, what they are made of, and writing and checking them.

report = build(load("table1"), "quick", store.scan(), ("md", "png"))     # pages.exhibit
write(report, Path("report"))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from ...bench.errors import UsageError, did_you_mean
from ...results.files.atomic_io import write_atomic
from .html import front, html
from .page import Page, Part, Picture, markdown, tex, text
from .verdicts_json import verdicts_json

IMAGES = ("png", "svg", "pdf")
FORMATS = ("md", "html", "json", "csv", "tex", *IMAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`text` for the terminal, `files` by name, and the claims that are not reproduced."""

    text: str
    files: dict[str, bytes]
    unreproduced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure that is drawn: its name, its title, and its content by image format, or by html."""

    name: str
    title: str
    content: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a report is made of, in whatever formats.

    Attributes:
        page: what it says.
        figures: drawn in the formats that `images` returns.
        tables: CSV, by what follows the page's name in the file's.
        unreproduced: claims.
    """

    page: Page
    figures: Sequence[Figure] = ()
    tables: Mapping[str, str] = field(default_factory=dict[str, str])
    unreproduced: Sequence[str] = ()


def images(formats: Sequence[str]) -> list[str]:
    """Return the formats among `formats` that figures are drawn in, what pages show first.

    Raises UsageError where a format is unknown.
    """
    for form in formats:
        if form not in FORMATS:
            raise UsageError(f"unknown --format {form!r}{did_you_mean(form, FORMATS)}")
    return [form for form in (*IMAGES, "html") if form in formats]


def assemble(draft: Draft, formats: Sequence[str]) -> Report:
    """Return a report's files in some of FORMATS, and its text.

    Markdown shows the figures where there are any; there is JSON where there are verdicts.
    """
    page, files = draft.page, _beside(draft, formats)
    part = part_of(draft, formats)
    if "md" in formats:
        files[f"{page.name}.md"] = markdown(page, part.pictures).encode()
    if "tex" in formats:
        files[f"{page.name}.tex"] = tex(page).encode()
    files |= _whole(front(page.name, page.title, [part]), [part], formats)
    return Report(
        text=text(page), files=dict(sorted(files.items())), unreproduced=tuple(draft.unreproduced)
    )


def together(page: Page, drafts: Sequence[Draft], formats: Sequence[str]) -> Report:
    """Return one report of several: a page, below it the others, and the files of each beside it.

    Its text is that of `page`. There is one file in each of Markdown, HTML and JSON.
    """
    files: dict[str, bytes] = {}
    for draft in drafts:
        files |= _beside(draft, formats)
        if "tex" in formats:
            files[f"{draft.page.name}.tex"] = tex(draft.page).encode()
    parts = [part_of(draft, formats) for draft in drafts]
    if "md" in formats:
        files[f"{page.name}.md"] = markdown(page, parts=parts).encode()
    files |= _whole(page, parts, formats)
    lost = (f"{one.page.name}: {name}" for one in drafts for name in one.unreproduced)
    return Report(text=text(page), files=dict(sorted(files.items())), unreproduced=tuple(lost))


def _beside(draft: Draft, formats: Sequence[str]) -> dict[str, bytes]:
    """Return the files beside a page: its figures and its numbers."""
    files = {
        _file(draft, figure, form): content
        for figure in draft.figures
        for form, content in figure.content.items()
        if form in IMAGES
    }
    if "csv" in formats:
        tables = draft.tables.items()
        files |= {f"{draft.page.name}{name}.csv": table.encode() for name, table in tables}
    return files


def part_of(draft: Draft, formats: Sequence[str]) -> Part:
    """Return a draft as the part of a page, with its figures in some formats."""
    forms = [form for form in images(formats) if form in IMAGES]
    return Part(
        page=draft.page,
        pictures=tuple(
            Picture(_file(draft, figure, forms[0]), figure.title)
            for figure in draft.figures
            if forms
        ),
        figures=tuple(
            (figure.title, Markup(figure.content["html"].decode()))
            for figure in draft.figures
            if "html" in figure.content
        ),
    )


def _file(draft: Draft, figure: Figure, form: str) -> str:
    return f"{draft.page.name}-{figure.name}.{form}"


def _whole(page: Page, parts: Sequence[Part], formats: Sequence[str]) -> dict[str, bytes]:
    """Return the files that hold all that there is, below a page."""
    files: dict[str, bytes] = {}
    if "html" in formats:
        files[f"{page.name}.html"] = html(page, parts).encode()
    if "json" in formats and any(part.page.tally is not None for part in parts):
        files[f"{page.name}.json"] = verdicts_json(page.title, parts).encode()
    return files


def write(report: Report, out: Path) -> list[Path]:
    """Write the report's files into the folder `out`, each whole or not at all; return them.

    A file that is as it should be is not touched. Raises UsageError where `out` cannot be written.
    """
    try:
        for name in check(report, out):
            write_atomic(out / name, report.files[name])
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written: {error.strerror or error}") from None
    return [out / name for name in report.files]


def check(report: Report, out: Path) -> list[str]:
    """Return the names of the report's files that are missing in `out` or hold other bytes."""
    return [name for name, content in report.files.items() if _read(out / name) != content]


DRAWN = (".png", ".svg", ".pdf", ".html")
"""Files with pictures, whose bytes depend on the version of matplotlib too."""


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
