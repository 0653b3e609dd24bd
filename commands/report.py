"""`sgbench report`."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from ..bench.errors import UsageError, named
from ._entrypoint import complain, examples, items
from ._options import open_store, scale_option, store_option, warn

if TYPE_CHECKING:
    from ..reports.pages.report import Report
    from ..results.store.store import Store


@click.command(
    "report",
    epilog=examples(
        "sgbench report table1",
        "sgbench report table1 --scale quick --format md,png --out docs/table1",
        "sgbench report table1 --scale quick --published",
        "sgbench report table1 --check --strict",
        "sgbench report throughput --format md,png",
        "sgbench report tune --study table1-demo-dni-digits-fcn-3",
    ),
)
@click.argument("exhibit", metavar="EXHIBIT|throughput|tune")
@scale_option
@click.option(
    "--format",
    "formats",
    metavar="FORMAT[,FORMAT…]",
    callback=items,
    help="Of md, csv, tex, png, svg, pdf; all if not given.",
)
@click.option(
    "--out", default="report", metavar="DIR", show_default=True, help="Where files are written."
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where files are stale.")
@click.option("--strict", is_flag=True, help="Exit 1 unless every claim is reproduced.")
@click.option(
    "--study", metavar="NAME", help="Which study, of `report tune`, if there are several."
)
@click.option("--published", is_flag=True, help="Use the records that come with sgbench.")
@store_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    exhibit: str,
    scale: str,
    formats: tuple[str, ...],
    out: str,
    check: bool,
    strict: bool,
    study: str | None,
    published: bool,
    store: str,
) -> int:
    """Hold EXHIBIT against the paper: tables, figures, verdicts.

    `throughput` and `tune` are no exhibits of the paper's: they show what `sgbench time` has
    stored, and a study of `sgbench tune`.
    """
    from ..reports.pages import report as reports
    from ..results.store.published import open_published

    if study and exhibit != "tune":
        raise UsageError("--study is for `sgbench report tune`")
    build = _builder(ctx, exhibit, scale, study)  # an unknown one is said before the store is read
    if published and ctx.get_parameter_source("store") is click.core.ParameterSource.COMMANDLINE:
        raise UsageError("--published and --store exclude each other: give one of them")
    source = open_published() if published else open_store(store)
    built = build(source, formats or reports.FORMATS)
    folder, code = named(out, "--out"), 0
    if check:
        stale = reports.check(built, folder)
        files = f"{len(built.files)} files in {out}"
        if stale:
            words = f"{len(stale)} of {files} are stale: {', '.join(stale)}; report without --check"
            code = complain(f"{words} writes them", 1)
        else:
            click.echo(f"{files} are up to date")
    else:
        for path in reports.write(built, folder):
            click.echo(f"wrote {path}", err=True)
        click.echo(built.text, nl=False)
    if strict and built.unreproduced:
        code = complain(f"not all is reproduced: {'; '.join(built.unreproduced)}", 1)
    return code


def _builder(
    ctx: click.Context, exhibit: str, scale: str, study: str | None
) -> "Callable[[Store, Sequence[str]], Report]":
    """Return what builds the report from a store, in some formats."""
    from ..bench.hardware import cores
    from ..reports.pages import report as reports
    from ..reports.pages import throughput
    from ..reproductions.exhibits import exhibit as exhibits
    from ..results.timings import Timings

    if exhibit == "tune":
        return lambda source, formats: _study(source, study, formats)
    if exhibit == throughput.NAME:
        given = ctx.get_parameter_source("scale") is click.core.ParameterSource.COMMANDLINE

        def timed(source: "Store", formats: Sequence[str]) -> "Report":
            timings = Timings(source.path, read_only=source.read_only)
            found, records = list(timings.scan()), list(source.scan())
            warn(timings)
            warn(source)
            return throughput.build(found, records, scale if given else None, formats, cores())

        return timed
    found = exhibits.load(exhibit)
    found.scale(scale)

    def trained(source: "Store", formats: Sequence[str]) -> "Report":
        records = list(source.scan())
        warn(source)
        return reports.build(found, scale, records, formats, cores())

    return trained


def _study(store: "Store", name: str | None, formats: Sequence[str]) -> "Report":
    """Return the report of the study `name`, or of the only one that there is."""
    from ..reports.analysis.study_results import study_results
    from ..reports.pages.tuning import build
    from ..results import study as studies

    there = studies.names(store)
    if name is None and len(there) != 1:
        listed = f"choose from: {', '.join(there)}" if there else "sgbench tune makes one"
        raise UsageError(f"--study: {store.path} has {len(there) or 'no'} studies; {listed}")
    study = studies.load(store, name or there[0])
    records = list(store.scan())
    warn(store)
    return build(study_results(study, records), formats)
