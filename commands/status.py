"""`sgbench status`."""

from typing import Any

import click

from ._door import examples
from ._options import cells_options, json_option, request_of, tell_outlook


@click.command(
    "status",
    epilog=examples(
        "sgbench status table1",
        "sgbench status table1 --scale quick --where dataset=mnist",
        "sgbench status table2 --where 'rule=dni,T>2,T<=4'",
        "sgbench status table1 --json",
    ),
)
@cells_options
@json_option
def command(as_json: bool, **asked: Any) -> int:
    """Tell what of EXHIBIT is done here, and what a run would do."""
    return tell_outlook(request_of(asked), as_json, measure=False)
