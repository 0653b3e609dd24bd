"""The request of `run` and `status`, and what a run of it would do."""

import json
from typing import TYPE_CHECKING, Any

import click

from ._stores import warn

if TYPE_CHECKING:
    from ..reproductions.running.request import RunRequest
    from ..results.store.store import Store


def request_of(store: "Store", options: dict[str, Any]) -> "RunRequest":
    """Return the request that the options stand for, on a store."""
    from ..reproductions.running.request import RunRequest

    return RunRequest(**options, store=store)


def tell_dry_run(request: "RunRequest", as_json: bool, *, measure: bool) -> int:
    """Print what a run would do; return the exit code."""
    from ..reports.analysis.naming import count
    from ..reports.console import plan
    from ..reproductions.running.dry_run import dry_run

    def watch(done: int, number: int) -> None:
        if done == 0:
            shapes = count(number, "program shape")
            click.echo(f"timing a few steps of {shapes}", err=True)

    seen = dry_run(request, measure=measure, watch=watch)
    warn(request.store)
    if as_json:
        click.echo(json.dumps(plan.plan_values(request, seen)))
    else:
        click.echo(plan.plan_text(request, seen), nl=False)
    return 0
