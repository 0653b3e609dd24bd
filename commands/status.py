"""`sgbench status`."""

import json
from typing import Any

import click

from ..bench.errors import UsageError
from ._entrypoint import examples
from ._options import any_cells_options, json_option, open_store, request_of, tell_dry_run, warn


@click.command(
    "status",
    epilog=examples(
        "sgbench status table1",
        "sgbench status table1 --scale quick --where dataset=mnist",
        "sgbench status table2 --where 'rule=dni,T>2,T<=4'",
        "sgbench status --stale",
        "sgbench status table1 --json",
    ),
)
@any_cells_options
@click.option(
    "--stale", is_flag=True, help="List the records of older code or other data, of all exhibits"
    " where none is named, and why they are stale.",
)  # fmt: skip
@json_option
def command(as_json: bool, stale: bool, **asked: Any) -> int:
    """Tell what of EXHIBIT is done here, and what a run would do."""
    if stale:
        return _tell_stale(asked, as_json)
    if asked["exhibit"] is None:
        raise click.UsageError("Missing argument 'EXHIBIT'.", click.get_current_context())
    return tell_dry_run(request_of(asked), as_json, measure=False)


def _tell_stale(asked: dict[str, Any], as_json: bool) -> int:
    """List the stale records of the cells that are asked for, or of all."""
    from ..reports.console.terminal import count
    from ..reports.pages import stale as told
    from ..reproductions.running.request import wanted_cells
    from ..results.store.pruning import stale

    chosen, store = None, open_store(asked["store"])
    if asked["exhibit"] is not None:
        chosen = {cell.key for cell in wanted_cells(request_of(asked))}
    elif given := [name for name in ("where", "set", "seeds", "shard") if asked[name]]:
        raise UsageError(f"--{given[0]} picks cells of an exhibit: name it, or leave that out")
    records = [r for r in store.scan() if chosen is None or r.key in chosen]
    found = list(stale(records, asked["data_dir"]))
    warn(store)
    for one in found:
        click.echo(json.dumps(told.values(one)) if as_json else told.text(one))
    words = f"{len(found):,} of {count(len(records), 'record')} in {store.path} are stale"
    old = sum(one.replaceable for one in found)
    tail = f"; sgbench prune removes {old:,} of older code" if old else ""
    click.echo(words + tail, err=as_json)
    return 0
