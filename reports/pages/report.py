"""A report: an exhibit at a scale, from records to files and to the text for the terminal.

    report = build(load("table1"), "quick", store.scan(), ("md", "png"))
    write(report, Path("report"))

The same records give the same bytes, in whatever order they come.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...bench.errors import UsageError, did_you_mean
from ...reproductions.exhibits.schema import Exhibit
from ...results.record import Record
from ...results.store.atomic_io import write_atomic
from ..analysis.medians import bins
from ..analysis.select import select
from ..analysis.verdicts import claims, places, unreproduced
from ..figures.parallel import rendered
from ..figures.series import drawings
from ..tables import csv as csv_tables
from . import exhibit as exhibit_page

IMAGES = ("png", "svg", "pdf")
FORMATS = ("md", "csv", "tex", *IMAGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`text` for the terminal, `files` by name, and the claims that are not reproduced."""

    text: str
    files: dict[str, bytes]
    unreproduced: tuple[str, ...]


def build(
    exhibit: Exhibit,
    scale: str,
    records: Iterable[Record],
    formats: Sequence[str] = FORMATS,
    workers: int = 1,
) -> Report:
    """Return the report of `exhibit` at `scale`; records of other cells are left out.

    Args:
        exhibit: what is reported (`reproductions.exhibit.load`).
        scale: one of its scales.
        records: records of any exhibit and scale, in any order.
        formats: of FORMATS. Markdown shows the figures where an image format is among them.
        workers: processes that draw many figures, at most (`rendering.rendered`).

    Raises:
        UsageError: the scale or a format is unknown.
    """
    check_formats(formats)
    selection = select(exhibit, scale, records)
    told = exhibit_page.Told(
        selection=selection, places=places(selection), rows=claims(selection), bins=bins(selection)
    )
    stem = f"{exhibit.name}-{scale}"
    files: dict[str, bytes] = {}
    pictures: list[exhibit_page.Picture] = []
    if images := [form for form in IMAGES if form in formats]:
        shown = drawings(selection)
        for drawing, drawn in zip(shown, rendered(shown, images, workers), strict=True):
            for form, content in drawn.items():
                files[f"{stem}-{drawing.name}.{form}"] = content
            pictures.append(
                exhibit_page.Picture(f"{stem}-{drawing.name}.{images[0]}", drawing.title)
            )
    if "md" in formats:
        files[f"{stem}.md"] = exhibit_page.markdown(told, pictures).encode()
    if "tex" in formats:
        files[f"{stem}.tex"] = exhibit_page.tex(told).encode()
    if "csv" in formats:
        files[f"{stem}.csv"] = csv_tables.places_csv(selection, told.places).encode()
        if told.rows:
            files[f"{stem}-claims.csv"] = csv_tables.claims_csv(selection, told.rows).encode()
        if told.bins:
            files[f"{stem}-medians.csv"] = csv_tables.medians_csv(selection, told.bins).encode()
    return Report(
        text=exhibit_page.text(told),
        files=dict(sorted(files.items())),
        unreproduced=tuple(exhibit_page.claim_name(told, row) for row in unreproduced(told.rows)),
    )


def check_formats(formats: Sequence[str]) -> None:
    """Raise UsageError where one of `formats` is unknown."""
    for form in formats:
        if form not in FORMATS:
            raise UsageError(f"unknown --format {form!r}{did_you_mean(form, FORMATS)}")


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
