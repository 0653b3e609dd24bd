"""`sgbench show`."""

import click

from ._entrypoint import examples
from ._options import (
    external_files_options,
    json_option,
    source_options,
)
from ._stores import open_source, stored_records


@click.command(
    "show",
    epilog=examples(
        "sgbench show 3fa2",
        "sgbench show 3fa2 --published",
        "sgbench show 3fa2 --json | jq .curve",
    )
    + "\n\n`sgbench list records` lists the ids.",
)
@click.argument("id", metavar="ID")
@external_files_options
@source_options
@json_option
def command(*, id: str, store: str, published: bool, as_json: bool) -> None:  # noqa: A002
    """Show everything that is recorded of a cell; the first digits of its ID are enough.

    What does not apply to the cell is null in JSON and left out of the text.
    """
    from ..reports.console.record import pick, whole_record
    from ..reports.console.terminal import width
    from ..results.record import json_line

    source = open_source(store, published)
    for index, record in enumerate(pick(stored_records(source), id, str(source.path))):
        text = json_line(record) + "\n" if as_json else whole_record(record, width())
        click.echo(text if as_json or index == 0 else f"\n{text}", nl=False)
