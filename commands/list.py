"""`sgbench list`."""

import json
from typing import Any

import click

from ._entrypoint import examples
from ._options import data_dir_option, json_option, width


@click.command(
    "list",
    epilog=examples("sgbench list", "sgbench list --json | head -1"),
)
@data_dir_option
@json_option
def command(data_dir: str | None, as_json: bool) -> None:
    """List exhibits, scales, numbers of cells and the data they need."""
    from ..bench import datasets
    from ..reports.console import terminal
    from ..reproductions.exhibits import exhibit as exhibits

    loaded = [exhibits.load(name) for name in exhibits.names()]
    cells = [{scale: len(exhibits.expand(e, scale)) for scale in e.scales} for e in loaded]
    needed = {name for e in loaded for scale in e.scales.values() for name in scale.datasets}
    states = {name: datasets.status(name, data_dir).state for name in sorted(needed)}
    if not as_json:
        text = terminal.listing(zip(loaded, cells, strict=True), states, width())
        click.echo(text, nl=False)
        return
    for exhibit, counts in zip(loaded, cells, strict=True):
        for name, scale in exhibit.scales.items():
            values: dict[str, Any] = {
                "exhibit": exhibit.name,
                "scale": name,
                "title": exhibit.title,
                "description": scale.description,
                "cells": counts[name],
                "seeds": scale.seeds,
                "data": {dataset: states[dataset] for dataset in scale.datasets},
            }
            click.echo(json.dumps(values))
