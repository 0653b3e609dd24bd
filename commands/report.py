"""`sgbench report`."""

from pathlib import Path

import click

from ..bench.errors import UsageError
from ._door import complain, examples, items
from ._options import open_store, scale_option, store_option, warn


@click.command(
    "report",
    epilog=examples(
        "sgbench report table1",
        "sgbench report table1 --scale quick --format md,png --out docs/table1",
        "sgbench report table1 --scale quick --published",
        "sgbench report table1 --check --strict",
    ),
)
@click.argument("exhibit")
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
@click.option("--strict", is_flag=True, help="Exit 1 where a claim is not reproduced.")
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
    published: bool,
    store: str,
) -> int:
    """Hold EXHIBIT against the paper: tables, figures, verdicts."""
    from ..reports import report as reports
    from ..reproductions import exhibit as exhibits
    from ..results.store import Store

    found = exhibits.load(exhibit)
    found.scale(scale)  # an unknown one is said before the store is read
    if published and ctx.get_parameter_source("store") is click.core.ParameterSource.COMMANDLINE:
        raise UsageError("--published and --store exclude each other: give one of them")
    source = Store.published() if published else open_store(store)
    records = list(source.scan())
    warn(source)
    built = reports.build(found, scale, records, formats or reports.FORMATS)
    folder, code = Path(out), 0
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
        code = complain(f"not reproduced: {'; '.join(built.unreproduced)}", 1)
    return code
