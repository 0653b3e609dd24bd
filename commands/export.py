"""`sgbench export`."""

from pathlib import Path

import click

from ..bench.errors import UsageError
from ..bench.paths import path_argument
from ._entrypoint import examples
from ._options import (
    external_files_options,
    source_options,
    where_option,
)
from ._stores import open_source, stored_records

FORMATS = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".json": "jsonl"}
"""The format of a file by its suffix."""


@click.command(
    "export",
    epilog=examples(
        "sgbench export records.parquet",
        "sgbench export dni.csv --where rule=dni,cdni",
        "sgbench export quick.jsonl --published",
        "sgbench export - --format jsonl | jq 'select(.exhibit == \"table1\").test_error'",
    ),
)
@click.argument("file", type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(tuple(dict.fromkeys(FORMATS.values()))),
    help="The file's format.  [default: by FILE's suffix: .parquet, .csv, .jsonl or .json]",
)
@where_option
@external_files_options
@source_options
def command(
    *, file: str, form: str | None, where: tuple[str, ...], store: str, published: bool
) -> None:
    """Write the records into FILE, a row each; - is stdout."""
    from ..results import frame

    chosen = form or FORMATS.get(Path(file).suffix.lower())
    if chosen is None:
        known = ", ".join(FORMATS)
        raise UsageError(f"FILE {file}: its suffix is none of {known}; give one, or --format")
    if file == "-" and chosen == "parquet":
        raise UsageError("--format parquet is no text: give a FILE instead of -")
    records = stored_records(open_source(store, published), where)
    if file == "-":
        click.echo(frame.encode(records, chosen), nl=False)
    else:
        frame.write(records, path_argument(file, "FILE"), chosen)
        click.echo(f"wrote {len(records):,} records to {file}", err=True)
