"""`sgbench run`."""

import shlex
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from ._entrypoint import RETRIED, complain, examples, terminable
from ._options import (
    cells_options,
    jobs_option,
    request_of,
    retry_option,
    store_words,
    tell_dry_run,
    time_limit_option,
    title,
    warn,
)

if TYPE_CHECKING:
    from ..reports.console.progress import Watch
    from ..reproductions.running.request import RunRequest
    from ..results.record import Record


@click.command(
    "run",
    epilog=examples(
        "sgbench run table1",
        "sgbench run table1 --dry-run",
        "sgbench run table1 --scale quick --where dataset=mnist,network=fcn --time-limit 1h30m",
        "sgbench run table1 --where rule=dni,cdni,depth=4 --set iterations=2000 --seeds 1",
        "sgbench run table2 --where dataset=copy,T=2,4",
        "sgbench run table1 --retry failed,diverged",
        "sgbench run table1 --scale quick --shard 2/8",
        "sgbench run table1 --json >> records.jsonl",
    )
    + "\n\nCells that are done are not run again: the same command goes on where it stopped.",
)
@cells_options
@time_limit_option()
@retry_option
@jobs_option
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Train with the workers of a dask scheduler, tcp://HOST:PORT, instead of here; only this"
    " process writes records.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be run and how long it takes.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print each record as a line of JSON once it is safe."
)
@click.pass_obj
def command(argv: list[str], dry_run: bool, as_json: bool, **asked: Any) -> int:
    """Train the missing cells of EXHIBIT; store a record of each."""
    request = request_of(asked)
    if dry_run:
        return tell_dry_run(request, as_json, measure=True)
    return _train(request, argv, as_json)


def _train(request: "RunRequest", argv: list[str], as_json: bool) -> int:
    from ..reports.console.progress import Watch, display
    from ..reproductions.running.run import run as train
    from ..results.record import json_line

    def each(record: "Record") -> None:
        click.echo(json_line(record))  # flushed by click

    shown = display(title(request), alone=not (as_json and sys.stdout.isatty()))
    watch = Watch(shown, lambda: warn(request.store), each if as_json else None)
    signals: list[int] = []
    try:
        with terminable(signals):
            stopped = train(request, watch, say=_say).interrupted
    except KeyboardInterrupt:  # before training began, or a second time
        stopped = signals[0] if signals else signal.SIGINT
    finally:
        shown.close()
        warn(request.store)
    return _conclude(request, watch, argv, stopped, as_json)


def _say(words: str) -> None:
    click.echo(f"sgbench: {words}", err=True)


def _conclude(
    request: "RunRequest", watch: "Watch", argv: list[str], stopped: int | None, as_json: bool
) -> int:
    """Say how a run ended and how to go on; return its exit code."""
    from ..reports.console.eta import closing

    tally, again = watch.tally, f"sgbench {shlex.join(argv)}"
    words = closing(title(request), tally)
    if stopped:
        done = f"{words[0]}, stored in {request.store.path}" if tally.states else "nothing was run"
        return complain(f"interrupted: {done}; go on with: {again}", 128 + stopped)
    bad = [state for state in RETRIED if tally.counts[state]]
    if tally.cells_left:
        words.append(f"go on:   {again}")
    elif bad:
        retry = [arg for arg in argv if arg != "--retry" and arg != ",".join(request.retry)]
        words.append(f"retry:   sgbench {shlex.join(retry)} --retry {','.join(bad)}")
    if tally.counts["done"]:
        words.append(_next(request))
    click.echo("\n".join(words), err=as_json)
    return 3 if tally.cells_left else 4 if bad else 0


def _next(request: "RunRequest") -> str:
    """Return the command that shows what a run has brought."""
    command = ["report", request.exhibit, "--scale", request.scale]
    if request.label != request.scale:  # no report has such cells
        command = ["export", "--format", "csv", "records.csv"]
    words = shlex.join(["sgbench", *command, *store_words(request.store)])
    return f"{command[0]}:  {words}"
