"""`sgbench merge`."""

import dataclasses
import json

import click

from ..bench.paths import expand_home
from ._entrypoint import complain, examples
from ._options import json_option
from ._stores import open_store, warn


@click.command(
    "merge",
    epilog=examples(
        "sgbench merge shard-1 shard-2 --into .sgbench",
        "sgbench merge shard-* --into .sgbench --json | jq .conflicts",
    )
    + "\n\nA result takes precedence over a failure or a timeout. Results of one cell on one class"
    " of machines that differ in more than time are listed and not merged (exit code 4); the result"
    " that DIR already has stays.",
)
@click.argument("stores", nargs=-1, required=True, metavar="STORE...", type=click.Path())
@click.option(
    "--into",
    required=True,
    metavar="DIR",
    type=click.Path(),
    help="The store that takes the records; it need not exist.",
)
@json_option
def command(stores: tuple[str, ...], into: str, as_json: bool) -> int:
    """Merge the records of several STOREs, such as the shards of a grid, into one store."""
    from ..reports.analysis.naming import count
    from ..reports.console import merging
    from ..results.store.merge import merge

    target = open_store(into)
    merged = merge([expand_home(store, "STORE") for store in stores], target)
    warn(target)
    if as_json:
        click.echo(json.dumps({"into": str(target.path), **dataclasses.asdict(merged)}))
    else:
        for conflict in merged.conflicts:
            click.echo(merging.conflict_text(conflict))
        click.echo(f"{target.path}: {merging.summary(merged)}")
    if not merged.conflicts:
        return 0
    cells = count(len(merged.conflicts), "cell")
    return complain(f"the results of {cells} differ: none was chosen; the rest is merged", 4)
