"""`sgbench status`."""

import json
from typing import Any

import click
from click.core import ParameterSource

from ..bench.errors import UsageError
from ._entrypoint import examples
from ._options import (
    data_dir_option,
    device_option,
    exhibit_argument,
    external_files_options,
    json_option,
    selection_options,
    source_options,
)
from ._requests import request_of, tell_dry_run
from ._stores import open_source, stored_records, warn


@click.command(
    "status",
    epilog=examples(
        "sgbench status table1",
        "sgbench status table1 --scale quick --where dataset=mnist",
        "sgbench status table2 --where 'rule=dni,T>2,T<=4'",
        "sgbench status table1 --scale quick --published",
        "sgbench status --stale",
        "sgbench status table1 --json",
    ),
)
@exhibit_argument(required=False)
@selection_options
@external_files_options
@source_options
@data_dir_option
@device_option
@click.option(
    "--stale",
    is_flag=True,
    help="List the records of older code or other data, and why they are stale; of all exhibits"
    " if EXHIBIT is left out.",
)
@json_option
def command(*, store: str, published: bool, as_json: bool, stale: bool, **options: Any) -> int:
    """Tell which cells of EXHIBIT are done, and what a run would do."""
    if stale:
        return _tell_stale(store, published, options, as_json)
    if options["exhibit"] is None:
        raise click.UsageError("Missing argument 'EXHIBIT'.", click.get_current_context())
    source = open_source(store, published, required=False)
    return tell_dry_run(request_of(source, options), as_json, measure=False)


def _tell_stale(store: str, published: bool, options: dict[str, Any], as_json: bool) -> int:
    """List the stale records: of the cells that EXHIBIT and its options select, else of all."""
    from ..reports.console import pruning
    from ..reproductions.running.request import wanted_cells
    from ..results.registered import left_out, unregistered
    from ..results.store.pruning import stale

    if options["exhibit"] is None:
        source_of = click.get_current_context().get_parameter_source
        for name in ("set", "seeds", "shard", "scale"):
            if source_of(name) is ParameterSource.COMMANDLINE:
                raise UsageError(f"--{name} selects cells of an exhibit: name the EXHIBIT, too")
        source = open_source(store, published)
        records = stored_records(source, options["where"])
    else:
        source = open_source(store, published)
        keys = {cell.key for cell in wanted_cells(request_of(source, options))}
        records = [record for record in stored_records(source) if record.key in keys]
    found = list(stale(records, options["data_dir"]))
    source.warnings += left_out([r for r in records if unregistered(r)], "record")
    warn(source)
    for one in found:
        click.echo(json.dumps(pruning.stale_values(one)) if as_json else pruning.stale_text(one))
    click.echo(pruning.stale_summary(found, len(records), str(source.path)), err=as_json)
    return 0
