"""`sgbench report`."""

import functools
import importlib.metadata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ..bench.errors import UsageError
from ..bench.paths import path_argument
from ._entrypoint import complain, examples
from ._options import external_files_options, scale_option, source_options, where_option
from ._stores import open_source, stored_records, warn
from ._values import exhibit_names, words_option

if TYPE_CHECKING:
    from ..reports.analysis.costs.remaining import Costs
    from ..reports.pages.report import Report
    from ..reproductions.exhibits.schema import Exhibit
    from ..reproductions.exhibits.where import Where
    from ..results.record import Record
    from ..results.store.store import Store
    from ..results.timings import Timing

FORMATS = ("md", "html", "json", "csv", "tex", "png", "svg", "pdf")
STYLES = ("screen", "paper")
_NAMES = ("all", "throughput", "tune")  # what is reported besides exhibits


@click.command(
    "report",
    epilog=examples(
        "sgbench report table1",
        "sgbench report table1 --ran",
        "sgbench report table1 --where network=fcn,rule=dni,cdni",
        "sgbench report table1 --scale custom",
        "sgbench report table1 --scale quick --published --format md,png --out docs/table1",
        "sgbench report table1 --format pdf --style paper",
        "sgbench report table1 --check --strict",
        "sgbench report all --published",
        "sgbench report all --published --format html,json --out results",
        "sgbench report throughput --published",
        "sgbench report tune --study table1-demo-dni-digits-fcn-3",
    ),
)
@click.argument(
    "exhibit",
    metavar="EXHIBIT|all|throughput|tune",
    shell_complete=exhibit_names(*_NAMES),
)
@scale_option(None, shown="demo; of all and throughput every scale", custom=True)
@where_option
@click.option("--ran", is_flag=True, help="Only cells that have been run.")
@words_option(
    "--format",
    "formats",
    choices=FORMATS,
    metavar="FORMAT[,FORMAT…]",
    help="Files to write: md, html (one file, with all of its figures), json (the verdicts with"
    " their evidence), csv, tex, png, svg or pdf, or several of them.  [default: every one; of all"
    " html]",
)
@click.option(
    "--style",
    type=click.Choice(STYLES),
    default="screen",
    show_default=True,
    help=(
        "Figures for a page that is read on a screen, or for a column of a paper: 3.25 inches wide,"
        " 8 pt, TrueType fonts; title and caption then stand in the file's metadata."
    ),
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
@click.option(
    "--strict",
    is_flag=True,
    help="Exit with 1 unless every claim is reproduced, or at another scale than the paper's every"
    " order the same way round; what was not run or is undecided counts against it, what is not"
    " comparable does not.",
)
@click.option("--study", metavar="NAME", help="Which study `report tune` shows, of several.")
@external_files_options
@source_options
def command(
    *,
    exhibit: str,
    scale: str | None,
    where: tuple[str, ...],
    ran: bool,
    formats: tuple[str, ...],
    style: str,
    out: str,
    check: bool,
    strict: bool,
    study: str | None,
    published: bool,
    store: str,
) -> int:
    """Compare EXHIBIT with the paper: print its tables and verdicts, write its files and figures.

    `all` reports every exhibit at each scale that has records, the timings and the studies, on one
    page to read or to send. `throughput` and `tune` are not exhibits of the paper: they show what
    `sgbench time` has stored, and a study of `sgbench tune`.
    """
    if study and exhibit != "tune":
        raise UsageError("--study is for `sgbench report tune`")
    if scale and exhibit == "tune":
        raise UsageError("--scale selects cells of an exhibit; report tune takes --study NAME")
    if exhibit in _NAMES:
        if where or ran:
            name = "--where" if where else "--ran"
            raise UsageError(f"{name} selects cells of an exhibit: name one in place of {exhibit}")
        if "json" in formats and exhibit != "all":
            raise UsageError(f"--format json is of verdicts, which {exhibit} has none of: try csv")
        source = open_source(store, published)
        if exhibit == "all":
            built = _all(source, scale, formats or ("html",), style)
        elif exhibit == "throughput":
            built = _throughput(source, scale, formats or FORMATS, style)
        else:
            built = _study(source, study, formats or FORMATS, style)
    else:
        selected = _selected(exhibit, scale or "demo", where)
        source = open_source(store, published)
        built = _exhibit(*selected, source, formats=formats or FORMATS, ran=ran, style=style)
    code = _check(built, out) if check else _write(built, out)
    if strict and built.unreproduced:
        code = complain(f"not all is reproduced: {'; '.join(built.unreproduced)}", 1)
    return code


def _selected(name: str, scale: str, where: Sequence[str]) -> "tuple[Exhibit, str, Where | None]":
    """Return the exhibit, its scale and the conditions; UsageError where one is unknown."""
    from ..reproductions.exhibits.exhibit import load
    from ..reproductions.exhibits.schema import CUSTOM
    from ..reproductions.exhibits.where import parse_where

    exhibit = load(name)
    if scale != CUSTOM:  # a scale that the store gives it
        exhibit.scale(scale)
    return exhibit, scale, parse_where(where) if where else None


def _exhibit(
    exhibit: "Exhibit",
    scale: str,
    where: "Where | None",
    source: "Store",
    *,
    formats: Sequence[str],
    ran: bool,
    style: str,
) -> "Report":
    from ..bench.hardware import cores
    from ..reports.analysis.selection.protocol import PAPER
    from ..reports.pages.exhibit import build

    records = stored_records(source, known=True, about=exhibit.name)
    return build(
        exhibit,
        scale,
        records,
        formats,
        cores(),
        where=where,
        ran=ran,
        sheet=style,
        costs=_costs(source, records) if scale == PAPER else None,
        timings=_timings(source),
    )


def _timings(store: "Store") -> "list[Timing]":
    """Return the timings in the store and the published ones."""
    from ..results.timings import Timings

    read = _with_published(store)
    return [t for one in read for t in Timings(one.path, read_only=True).scan_known()]


def _costs(store: "Store", records: "Sequence[Record]") -> "Costs":
    """Return what training costs by the speeds in the store and in the published records."""
    from ..reports.analysis.costs.remaining import Costs

    more = (record for one in _with_published(store)[1:] for record in one.scan_known())
    return Costs([*records, *more], _timings(store))


def _with_published(store: "Store") -> "list[Store]":
    """Return the store and that of the published records, once if they are the same."""
    from ..results.store.published import open_published

    published = open_published()
    return [published] if store.path == published.path else [store, published]


def _all(store: "Store", scale: str | None, formats: Sequence[str], style: str) -> "Report":
    """Return the report of all that is stored."""
    from ..bench.hardware import cores
    from ..reports.analysis.study_results import study_results
    from ..reports.pages import everything
    from ..reproductions.exhibits.exhibit import load, names
    from ..results.store import study as studies
    from ..results.timings import Timings

    records = stored_records(store, known=True)
    timings = Timings(store.path, read_only=store.read_only)
    found = list(timings.scan_known())
    warn(timings)
    searched = [study_results(studies.load(store, name), records) for name in studies.names(store)]
    exhibits = [load(name) for name in names()]
    return everything.build(
        exhibits,
        records,
        found,
        searched,
        formats,
        workers=cores(),
        scale=scale,
        sheet=style,
        costs=_costs(store, records),
        tell=functools.partial(click.echo, err=True),
    )


def _throughput(store: "Store", scale: str | None, formats: Sequence[str], style: str) -> "Report":
    from ..bench.hardware import cores
    from ..reports.pages import throughput
    from ..results.timings import Timings

    timings = Timings(store.path, read_only=store.read_only)
    found, records = list(timings.scan_known()), stored_records(store, known=True)
    warn(timings)
    return throughput.build(found, records, scale, formats, cores(), sheet=style)


def _study(store: "Store", name: str | None, formats: Sequence[str], style: str) -> "Report":
    """Return the report of the study `name`, or of the only one that there is."""
    from ..reports.analysis.study_results import study_results
    from ..reports.pages.tuning import build
    from ..results.store import study as studies

    there = studies.names(store)
    if name is None and len(there) != 1:
        listed = f"choose from: {', '.join(there)}" if there else "sgbench tune makes one"
        raise UsageError(f"--study: {store.path} has {len(there) or 'no'} studies; {listed}")
    study = studies.load(store, name or there[0])
    return build(study_results(study, stored_records(store, known=True)), formats, style)


def _write(report: "Report", out: str) -> int:
    """Write the files and print the text; return the exit code."""
    from ..reports.pages import report as reports

    for path in reports.write(report, path_argument(out, "--out")):
        click.echo(f"wrote {path}", err=True)
    click.echo(report.text, nl=False)
    return 0


def _check(report: "Report", out: str) -> int:
    """Tell whether the files are as they should be; return the exit code."""
    from ..reports.pages import report as reports

    folder = path_argument(out, "--out")
    stale = reports.check(report, folder)
    files = f"{len(report.files)} files in {out}"
    if not stale:
        click.echo(f"{files} are up to date")
        return 0
    listed = ", ".join(stale)
    if all((folder / name).is_file() and name.endswith(reports.DRAWN) for name in stale):
        here = importlib.metadata.version("matplotlib")
        listed += f" (numbers and tables are up to date: drawn by another version than {here} of"
        listed += " matplotlib, or of records with other curves)"
    return complain(f"{len(stale)} of {files} are stale: {listed}; report without --check", 1)
