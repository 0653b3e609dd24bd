"""`sgbench show`."""

import click

from ._entrypoint import examples
from ._options import json_option, open_store, store_option, warn, width


@click.command("show", epilog=examples("sgbench show 3fa2", "sgbench show 3fa2 --json | jq .curve"))
@click.argument("id", metavar="ID")
@store_option
@json_option
def command(id: str, store: str, as_json: bool) -> None:  # noqa: A002
    """Show all that is known of a cell; the first digits of its ID do.

    What does not apply to the cell is null in JSON and left out of the text.
    """
    from ..reports.console import terminal
    from ..results.record import json_line

    source = open_store(store)
    records = terminal.pick(list(source.scan()), id, store)
    warn(source)
    for index, record in enumerate(records):
        text = json_line(record) + "\n" if as_json else terminal.whole_record(record, width())
        click.echo(text if as_json or index == 0 else f"\n{text}", nl=False)
