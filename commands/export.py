"""`sgbench export`."""

import click

from ..bench.errors import UsageError, named
from ._entrypoint import examples
from ._options import open_store, store_option, warn


@click.command(
    "export",
    epilog=examples(
        "sgbench export --format parquet records.parquet",
        "sgbench export --format jsonl - | jq 'select(.exhibit == \"table1\").test_error'",
    ),
)
@click.option("--format", "form", required=True, metavar="FORMAT", help="parquet, csv or jsonl.")
@click.argument("file")
@store_option
def command(form: str, file: str, store: str) -> None:
    """Write all records into FILE (-: stdout), a row each."""
    from ..results import frame

    source = open_store(store)
    records = list(source.scan())
    warn(source)
    if file == "-" and form == "parquet":
        raise UsageError("--format parquet is no text: give a FILE instead of -")
    if file == "-":
        click.echo(frame.encode(records, form), nl=False)
    else:
        frame.write(records, named(file, "FILE"), form)
        click.echo(f"wrote {len(records):,} records to {file}", err=True)
    if not source.path.is_dir():
        click.echo(f"sgbench: there is no store {source.path}", err=True)
