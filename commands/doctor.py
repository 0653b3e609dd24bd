"""`sgbench doctor`."""

import json

import click

from ._entrypoint import examples
from ._options import (
    data_dir_option,
    device_option,
    external_files_options,
    json_option,
    store_option,
)
from ._stores import open_store


@click.command(
    "doctor",
    epilog=examples(
        "sgbench doctor",
        "sgbench doctor --data-dir DATA",
        "sgbench doctor --json | jq .products",
    )
    + "\n\nIt takes about ten seconds and changes nothing: leave the machine alone meanwhile.",
)
@store_option
@external_files_options
@data_dir_option
@device_option
@json_option
def command(*, store: str, data_dir: str | None, device: str, as_json: bool) -> None:
    """Tell what this machine can do, what is missing, and what each exhibit would take on it."""
    from ..reports.console.doctor import doctor_text
    from ..reports.console.terminal import width
    from ..reproductions.running.machine_check import check_machine

    found = check_machine(open_store(store), data_dir, device)
    click.echo(json.dumps(found) if as_json else doctor_text(found, width()), nl=as_json)
