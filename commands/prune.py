"""`sgbench prune`."""

import json
from typing import TYPE_CHECKING

import click

from ._entrypoint import examples
from ._options import json_option, open_store, store_option, warn

if TYPE_CHECKING:
    from ..results.store.pruning import Waste


@click.command(
    "prune",
    epilog=examples("sgbench prune", "sgbench prune --dry-run", "sgbench prune --yes")
    + "\n\nWhat goes: records of older code, which runs train anew and reports leave out;"
    " checkpoints of cells that have come to an end; what killed processes left; broken files."
    " Records of data that is not here, and those of a newer sgbench, stay.",
)
@store_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only list.")
@json_option
def command(*, store: str, yes: bool, dry_run: bool, as_json: bool) -> int:
    """List the files in a store that nobody needs, and remove them once that is confirmed."""
    from ..reports.console.terminal import count
    from ..results.store.pruning import remove, waste

    source = open_store(store)
    found = waste(source)
    warn(source)
    for one in found:
        click.echo(_json(one) if as_json else _line(one, store))
    if not found:
        click.echo(f"{store}: nothing to remove", err=as_json)
        return 0
    size = f"{count(len(found), 'file')}, {sum(one.bytes for one in found) / 1e6:,.1f} MB"
    if dry_run:
        click.echo(f"{store}: {size} to remove", err=as_json)
        return 0
    if not yes and not _agreed(f"Remove {size}?"):
        click.echo("nothing was removed", err=as_json)
        return 0
    gone = remove(source, found)
    changed = len(found) - len(gone)
    more = f"; {changed:,} changed meanwhile and stay" if changed else ""
    click.echo(f"{store}: {count(len(gone), 'file')} removed{more}", err=as_json)
    return 0


def _agreed(question: str) -> bool:
    """Ask on stderr; no answer is a no."""
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        click.echo(" (--yes where nobody can answer)", err=True)
        return False


def _line(one: "Waste", store: str) -> str:
    return f"{one.kind:13}  {one.path}  {one.why}".replace(f"{store}/", "", 1)


def _json(one: "Waste") -> str:
    values = {"kind": one.kind, "path": str(one.path), "why": one.why, "bytes": one.bytes}
    return json.dumps(values)
