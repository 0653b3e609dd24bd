"""A report as files: its formats, what they are made of, and writing and checking them.

report = build(load("table1"), "quick", store.scan(), ("md", "png"))     # pages.exhibit
write(report, Path("report"))
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...bench.errors import UsageError, did_you_mean
from ...results.files.atomic_io import write_atomic
from .page import Page, Picture, markdown, tex, text

IMAGES = ("png", "svg", "pdf")
FORMATS = ("md", "csv", "tex", *IMAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`text` for the terminal, `files` by name, and the claims that are not reproduced."""

    text: str
    files: dict[str, bytes]
    unreproduced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure that is drawn: its name, its title, and its content by image format."""

    name: str
    title: str
    content: Mapping[str, bytes]


def images(formats: Sequence[str]) -> list[str]:
    """Return the image formats among `formats`, the one that pages show first.

    Raises UsageError where a format is unknown.
    """
    for form in formats:
        if form not in FORMATS:
            raise UsageError(f"unknown --format {form!r}{did_you_mean(form, FORMATS)}")
    return [form for form in IMAGES if form in formats]


def assemble(
    page: Page,
    formats: Sequence[str],
    figures: Sequence[Figure],
    tables: Mapping[str, str],
    unreproduced: Sequence[str] = (),
) -> Report:
    """Return a report's files in some formats, and its text.

    Args:
        page: what it says.
        formats: of FORMATS. Markdown shows the figures where there are any.
        figures: drawn in the image formats among `formats`.
        tables: CSV, by what follows the page's name in the file's.
        unreproduced: claims.
    """
    files: dict[str, bytes] = {}
    pictures: list[Picture] = []
    for figure in figures:
        names = {form: f"{page.name}-{figure.name}.{form}" for form in figure.content}
        files |= {names[form]: content for form, content in figure.content.items()}
        pictures.append(Picture(names[images(formats)[0]], figure.title))
    if "md" in formats:
        files[f"{page.name}.md"] = markdown(page, pictures).encode()
    if "tex" in formats:
        files[f"{page.name}.tex"] = tex(page).encode()
    if "csv" in formats:
        files |= {f"{page.name}{name}.csv": table.encode() for name, table in tables.items()}
    return Report(
        text=text(page), files=dict(sorted(files.items())), unreproduced=tuple(unreproduced)
    )


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


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
