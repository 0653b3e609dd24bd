"""`sgbench list`: exhibits; `sgbench list records`: the records of a store."""

import json

import click
from click.core import ParameterSource

from ..bench.errors import UsageError
from ._entrypoint import Entrypoint, examples
from ._options import (
    data_dir_option,
    external_files_options,
    json_option,
    source_options,
    where_option,
)
from ._stores import open_source, stored_records


@click.group(
    "list",
    cls=Entrypoint,
    invoke_without_command=True,
    epilog=examples(
        "sgbench list",
        "sgbench list --json | head -1",
        "sgbench list records                    the ids of what is stored, for `sgbench show`",
    ),
)
@data_dir_option
@json_option
@external_files_options
@click.pass_context
def command(ctx: click.Context, data_dir: str | None, as_json: bool) -> None:
    """List the exhibits with their scales, cells and data; `list records` lists what is stored."""
    if ctx.invoked_subcommand is not None:
        for name, option in (("as_json", "--json"), ("data_dir", "--data-dir")):
            if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
                raise UsageError(f"{option} is of the exhibits; write options of records behind it")
        return
    from ..bench import datasets
    from ..reports.console import listing
    from ..reports.console.terminal import width
    from ..reproductions.exhibits import exhibit as exhibits

    loaded = [exhibits.load(name) for name in exhibits.names()]
    cells = [{scale: len(exhibits.expand(e, scale)) for scale in e.scales} for e in loaded]
    needed = {name for e in loaded for scale in e.scales.values() for name in scale.datasets}
    states = {name: datasets.status(name, data_dir).state for name in sorted(needed)}
    counted = list(zip(loaded, cells, strict=True))
    if as_json:
        for values in listing.exhibit_values(counted, states):
            click.echo(json.dumps(values))
    else:
        click.echo(listing.exhibits_text(counted, states, width()), nl=False)


@command.command(
    "records",
    epilog=examples(
        "sgbench list records",
        "sgbench list records --where rule=dni,network=fcn | head",
        "sgbench list records --published --json | jq -r 'select(.status != \"ok\").id'",
    )
    + "\n\n`sgbench show ID` tells all of a record; a unique prefix of the id is enough.",
)
@source_options
@where_option
@external_files_options
@json_option
def records(*, store: str, published: bool, where: tuple[str, ...], as_json: bool) -> None:
    """List the records of a store, the newest first: id, exhibit, cell and result."""
    from ..reports.console import listing

    source = open_source(store, published)
    found = sorted(stored_records(source, where), key=lambda record: record.finished, reverse=True)
    if as_json:
        for record in found:
            click.echo(json.dumps(listing.record_values(record)))
    else:
        click.echo(listing.records_text(found), nl=False)
