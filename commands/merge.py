"""`sgbench merge`."""

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from ..bench.errors import expanded
from ._entrypoint import complain, examples
from ._options import json_option, open_store, warn

if TYPE_CHECKING:
    from ..results.store.merge import Conflict


@click.command(
    "merge",
    epilog=examples(
        "sgbench merge shard-1 shard-2 --into .sgbench",
        "sgbench merge shard-* --into .sgbench --json | jq .conflicts",
    )
    + "\n\nA result wins over a failure or a timeout. Results of one cell on one class of machines"
    " that differ in more than time are listed and left out (exit code 4); one that DIR has stays.",
)
@click.argument("stores", nargs=-1, required=True, metavar="STORE...")
@click.option("--into", required=True, metavar="DIR", help="The store that takes the records.")
@json_option
def command(stores: tuple[str, ...], into: str, as_json: bool) -> int:
    """Bring the records of several STOREs, the shards of a grid, into one."""
    from ..reports.console import terminal
    from ..results.store.merge import merge

    target = open_store(into)
    merged = merge([expanded(store, "STORE") for store in stores], target)
    warn(target)
    if as_json:
        click.echo(json.dumps({"into": str(target.path), **dataclasses.asdict(merged)}))
    else:
        for conflict in merged.conflicts:
            click.echo(_tell(conflict))
        kept = f"{merged.kept:,} as they were there"
        words = f"{terminal.count(merged.added, 'record')} added, {merged.replaced:,} replaced"
        more = f", {terminal.count(merged.checkpoints, 'checkpoint')}" if merged.checkpoints else ""
        if merged.studies:
            more += f", {merged.studies} stud{'y' if merged.studies == 1 else 'ies'}"
        click.echo(f"{target.path}: {words}, {kept}{more}")
    if not merged.conflicts:
        return 0
    cells = terminal.count(len(merged.conflicts), "cell")
    return complain(f"{cells} with results that differ: none was chosen, the rest is merged", 4)


def _tell(conflict: "Conflict") -> str:
    from ..reports.console import terminal

    lines = [
        f"{terminal.short_id(conflict.id)}  {conflict.exhibit}, scale {conflict.scale}, on"
        f" {conflict.machine_class}"
    ]
    for name, values in conflict.values.items():
        for store, value in zip(conflict.stores, values, strict=True):
            lines.append(f"  {name:16} {json.dumps(value)}  {store}")
    return "\n".join(lines)
