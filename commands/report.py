"""`sgbench report`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ..bench.errors import UsageError, named
from ._entrypoint import complain, examples
from ._options import (
    own_files_options,
    scale_option,
    source_options,
)
from ._stores import open_source, stored_records, warn
from ._values import exhibit_names, words_option

if TYPE_CHECKING:
    from ..reports.pages.report import Report
    from ..results.store.store import Store

FORMATS = ("md", "csv", "tex", "png", "svg", "pdf")


@click.command(
    "report",
    epilog=examples(
        "sgbench report table1",
        "sgbench report table1 --scale quick --published --format md,png --out docs/table1",
        "sgbench report table1 --check --strict",
        "sgbench report throughput --published",
        "sgbench report tune --study table1-demo-dni-digits-fcn-3",
    ),
)
@click.argument(
    "exhibit",
    metavar="EXHIBIT|throughput|tune",
    shell_complete=exhibit_names("throughput", "tune"),
)
@scale_option(None, "demo; of throughput all")
@words_option(
    "--format",
    "formats",
    choices=FORMATS,
    metavar="FORMAT[,FORMAT…]",
    help="Files to write: md, csv, tex, png, svg or pdf, or several of them.  [default: all]",
)
@click.option(
    "--out",
    default="report",
    metavar="DIR",
    type=click.Path(),
    show_default=True,
    help="The folder that files are written into.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if files are stale.")
@click.option("--strict", is_flag=True, help="Exit with 1 unless every claim is reproduced.")
@click.option("--study", metavar="NAME", help="Which study `report tune` shows, of several.")
@own_files_options
@source_options
def command(
    *,
    exhibit: str,
    scale: str | None,
    formats: tuple[str, ...],
    out: str,
    check: bool,
    strict: bool,
    study: str | None,
    published: bool,
    store: str,
) -> int:
    """Compare EXHIBIT with the paper: print its tables and verdicts, write its files and figures.

    `throughput` and `tune` are not exhibits of the paper: they show what `sgbench time` has stored,
    and a study of `sgbench tune`.
    """
    if study and exhibit != "tune":
        raise UsageError("--study is for `sgbench report tune`")
    if exhibit not in ("throughput", "tune"):
        from ..reproductions.exhibits import exhibit as exhibits

        found = exhibits.load(exhibit)
        if scale != "custom":  # which the store has or has not
            found.scale(scale or "demo")  # an unknown one is said first
    source, formats = open_source(store, published), formats or FORMATS
    if exhibit == "throughput":
        built = _throughput(source, scale, formats)
    elif exhibit == "tune":
        built = _study(source, study, formats)
    else:
        built = _exhibit(exhibit, scale or "demo", formats, source)
    code = _check(built, out) if check else _write(built, out)
    if strict and built.unreproduced:
        code = complain(f"not all is reproduced: {'; '.join(built.unreproduced)}", 1)
    return code


def _exhibit(name: str, scale: str, formats: Sequence[str], source: "Store") -> "Report":
    from ..bench.hardware import cores
    from ..reports.pages.exhibit import build
    from ..reproductions.exhibits import exhibit as exhibits

    records = stored_records(source, known=True)
    return build(exhibits.load(name), scale, records, formats, cores())


def _throughput(store: "Store", scale: str | None, formats: Sequence[str]) -> "Report":
    from ..bench.hardware import cores
    from ..reports.pages import throughput
    from ..results.timings import Timings

    timings = Timings(store.path, read_only=store.read_only)
    found, records = list(timings.scan_known()), stored_records(store, known=True)
    warn(timings)
    return throughput.build(found, records, scale, formats, cores())


def _study(store: "Store", name: str | None, formats: Sequence[str]) -> "Report":
    """Return the report of the study `name`, or of the only one that there is."""
    from ..reports.analysis.study_results import study_results
    from ..reports.pages.tuning import build
    from ..results.store import study as studies

    there = studies.names(store)
    if name is None and len(there) != 1:
        listed = f"choose from: {', '.join(there)}" if there else "sgbench tune makes one"
        raise UsageError(f"--study: {store.path} has {len(there) or 'no'} studies; {listed}")
    study = studies.load(store, name or there[0])
    return build(study_results(study, stored_records(store, known=True)), formats)


def _write(report: "Report", out: str) -> int:
    """Write the files and print the text; return the exit code."""
    from ..reports.pages import report as reports

    for path in reports.write(report, named(out, "--out")):
        click.echo(f"wrote {path}", err=True)
    click.echo(report.text, nl=False)
    return 0


def _check(report: "Report", out: str) -> int:
    """Tell whether the files are as they should be; return the exit code."""
    from ..reports.pages import report as reports

    stale = reports.check(report, named(out, "--out"))
    files = f"{len(report.files)} files in {out}"
    if not stale:
        click.echo(f"{files} are up to date")
        return 0
    listed = ", ".join(stale)
    return complain(f"{len(stale)} of {files} are stale: {listed}; report without --check", 1)
