"""`sgbench prune`."""

import json

import click

from ._entrypoint import examples
from ._options import (
    external_files_options,
    json_option,
    store_option,
    where_option,
)
from ._stores import open_source, stored_records, warn


@click.command(
    "prune",
    epilog=examples(
        "sgbench prune --dry-run",
        "sgbench prune",
        "sgbench prune --where rule=dni --yes",
    )
    + "\n\nRemoved are records of older code, which runs train again and reports leave out;"
    " checkpoints of cells that are done; remains of killed processes; and broken files. Records of"
    " data that is not here, and those of a newer sgbench, stay. With --where, only records and"
    " checkpoints of such cells are removed.",
)
@where_option
@external_files_options
@store_option
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--dry-run", is_flag=True, help="List the files, and remove none.")
@json_option
def command(*, where: tuple[str, ...], store: str, yes: bool, dry_run: bool, as_json: bool) -> int:
    """List the files of a store that are not needed any more, and remove them on confirmation."""
    from ..reports.analysis.naming import count
    from ..reports.console import pruning
    from ..results.store.pruning import remove, waste

    source = open_source(store)
    found = waste(source, stored_records(source, where) if where else None)
    warn(source)
    for one in found:
        line = pruning.waste_text(one, store)
        click.echo(json.dumps(pruning.waste_values(one)) if as_json else line)
    if not found:
        click.echo(f"{store}: nothing to remove", err=as_json)
        return 0
    size = pruning.waste_size(found)
    if dry_run:
        click.echo(f"{store}: {size} to remove", err=as_json)
        return 0
    if not yes and not _confirmed(f"Remove {size}?"):
        click.echo("nothing was removed", err=as_json)
        return 0
    gone = remove(source, found)
    changed = len(found) - len(gone)
    more = f"; {changed:,} changed in the meantime and stay" if changed else ""
    click.echo(f"{store}: {count(len(gone), 'file')} removed{more}", err=as_json)
    return 0


def _confirmed(question: str) -> bool:
    """Ask on stderr; no answer counts as no."""
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        click.echo(" (give --yes where nobody can answer)", err=True)
        return False
