"""`sgbench run`."""

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from ..bench.paths import path_argument
from ._entrypoint import complain, examples, terminable
from ._options import (
    data_dir_option,
    device_option,
    exhibit_argument,
    external_files_options,
    jobs_option,
    retry_option,
    selection_options,
    store_option,
    time_limit_option,
)
from ._requests import request_of, tell_dry_run
from ._stores import open_store, store_words, warn
from ._values import until

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
        "sgbench run table1 --rule-file my_rule.py --where rule=backprop,my_rule",
        "sgbench run p_update --scale paper --until 1%",
        "sgbench run table1 --retry failed,diverged",
        "sgbench run table1 --scale quick --shard 2/8",
        "sgbench run table1 --json >> records.jsonl",
    )
    + "\n\nCells that are done are not run again: the same command continues where it stopped.",
)
@exhibit_argument()
@selection_options
@external_files_options
@store_option
@data_dir_option
@device_option
@click.option(
    "--until",
    metavar="N|P%",
    callback=until,
    help="Train each cell only until N updates, or P% of its own, are done, and on to its next"
    " evaluation; the schedule stays the cell's, and a later run goes on.",
)
@time_limit_option()
@retry_option
@jobs_option
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Train on the workers of a dask scheduler, tcp://HOST:PORT, instead of this machine. Only"
    " this process writes records.",
)
@click.option(
    "--oversubscribe",
    is_flag=True,
    help="Train staged networks where there are fewer cores than stages.",
)
@click.option(
    "--trace",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True),
    help="Add to FILE what the stages of staged networks did when, in the Chrome trace format.",
)
@click.option(
    "--dry-run", is_flag=True, help="Print what would run and how long it takes; train nothing."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print each record as a line of JSON once it is stored."
)
@click.pass_obj
def command(argv: list[str], *, store: str, dry_run: bool, as_json: bool, **options: Any) -> int:
    """Train the cells of EXHIBIT that are not done yet, and store a record of each."""
    from ..bench.pipeline import torchrun

    rank = torchrun.rank()
    if rank:
        return torchrun.serve(options["data_dir"])
    with torchrun.dismissing() if rank == 0 else contextlib.nullcontext():
        return _command(argv, store, dry_run, as_json, options)


def _command(
    argv: list[str], store: str, dry_run: bool, as_json: bool, options: dict[str, Any]
) -> int:
    if options["trace"] is not None:
        options["trace"] = os.fspath(path_argument(options["trace"], "--trace"))
    request = request_of(open_store(store), options)
    if dry_run:
        return tell_dry_run(request, as_json, measure=True)
    return _train(request, argv, as_json)


def _train(request: "RunRequest", argv: list[str], as_json: bool) -> int:
    from ..reports.console.plan import title
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
    """Tell how a run ended and what to do next; return its exit code."""
    from ..reports.console import closing

    tally = watch.tally
    if stopped:
        return complain(closing.interruption(request, tally, argv), 128 + stopped)
    text = closing.closing(request, tally, argv, store_words(request.store))
    click.echo(text, nl=False, err=as_json)
    return 3 if tally.cells_left else 4 if closing.unsuccessful(tally) else 0
