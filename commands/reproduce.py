"""`sgbench reproduce`."""

import json
import shlex
import signal
from typing import TYPE_CHECKING, Any

import click

from ..bench.errors import DataError
from ._entrypoint import complain, examples, terminable
from ._options import (
    data_dir_option,
    device_option,
    external_files_options,
    jobs_option,
    retry_option,
    scale_option,
    store_option,
    time_limit_option,
    where_option,
)
from ._stores import open_store, warn
from ._values import exhibit_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..reports.console.progress import Watch
    from ..reproductions.running.outlook import Outlook
    from ..reproductions.running.request import RunRequest
    from ..reproductions.running.run import RunSummary


@click.command(
    "reproduce",
    epilog=examples(
        "sgbench reproduce",
        "sgbench reproduce --scale quick --time-limit 8h --dry-run",
        "sgbench reproduce --scale quick --time-limit 8h --data-dir DATA",
        "sgbench reproduce table1 table2 --where rule=dni,cdni,backprop,bptt",
    )
    + "\n\nWhat is done is not run again: the same command continues where it stopped.",
)
@click.argument("exhibits", nargs=-1, metavar="[EXHIBIT]...", shell_complete=exhibit_names())
@scale_option()
@where_option
@time_limit_option("Stop after 90s, 30m, 8h, 2d …; running cells save their state.")
@external_files_options
@store_option
@data_dir_option
@device_option
@retry_option
@jobs_option
@click.option(
    "--out",
    default="report",
    metavar="DIR",
    type=click.Path(),
    show_default=True,
    help="The folder that the report is written into at the end.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be run, in order, and when.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    exhibits: tuple[str, ...],
    store: str,
    out: str,
    dry_run: bool,
    as_json: bool,
    time_limit: float | None,
    **options: Any,
) -> int:
    """Train every EXHIBIT, all of them if none is named, what tells most first, and report it.

    At scale paper the first parts of training come first that answer the paper's numbers before
    its end, the cheapest numbers first. Then come the places and claims that are undecided and
    cheap to decide, with as many seeds as that takes; then all other cells, up to the seeds that
    each exhibit declares. All go on from where the first parts stopped.
    """
    from ..reports.analysis.verdicts.questions import questions
    from ..reports.console import reproduction as words
    from ..reproductions.exhibits.exhibit import names
    from ..reproductions.running.outlook import outlook
    from ..reproductions.running.reproduction import requests_for
    from ..reproductions.running.request import RunRequest

    if as_json and not dry_run:
        raise click.UsageError("--json is for --dry-run", ctx)
    common = RunRequest(exhibit="", store=open_store(store), **options)
    requests = requests_for(exhibits or names(), common)
    seen = outlook(requests, questions, timed={})
    warn(common.store)
    if dry_run and as_json:
        click.echo(json.dumps(words.outlook_values(seen, time_limit)))
        return 0
    click.echo(words.outlook_text(seen, time_limit, order=dry_run), nl=False, err=not dry_run)
    if dry_run:
        return 0
    if not seen.order and seen.without_data:
        raise DataError(_no_data(seen))
    summary = _train(requests, time_limit) if seen.order else None
    stopped = None if summary is None else summary.interrupted
    if stopped:
        return complain(f"interrupted; go on with: {_again(ctx.obj)}", 128 + stopped)
    if any(True for _ in common.store.scan()):
        _report(ctx, requests, out)
    return _conclude(seen, summary, ctx.obj)


def _train(requests: "Sequence[RunRequest]", time_limit: float | None) -> "RunSummary":
    """Train what is missing, showing each pass."""
    from ..reports.analysis.naming import count
    from ..reports.analysis.verdicts.questions import questions
    from ..reports.console.progress import Display, Watch, display
    from ..reproductions.running.reproduction import reproduce
    from ..reproductions.running.run import RunSummary

    store, shown, signals = requests[0].store, list[Display](), list[int]()

    def listen(seen: "Outlook") -> "Watch":
        while shown:
            shown.pop().close()
        what = "first part" if seen.prefixes else "cell"
        first = f", {count(seen.next_pass, what)} first" if seen.deciding else ""
        title = f"reproduce{first}"
        shown.append(display(f"{title}, scale {requests[0].label}", alone=True))
        return Watch(shown[-1], lambda: warn(store))

    try:
        with terminable(signals):
            return reproduce(requests, questions, listen, time_limit=time_limit, say=_say)
    except KeyboardInterrupt:  # before training began, or a second time
        return RunSummary(interrupted=signals[0] if signals else signal.SIGINT)
    finally:
        while shown:
            shown.pop().close()
        warn(store)


def _say(words: str) -> None:
    click.echo(f"sgbench: {words}", err=True)


def _report(ctx: click.Context, requests: "Sequence[RunRequest]", out: str) -> None:
    """Write the page of all that is stored, or of each exhibit that was asked for."""
    from ..reproductions.exhibits.exhibit import names
    from .report import command as report

    page = {"formats": ("html",), "out": out, "store": str(requests[0].store.path)}
    asked = {request.exhibit: request.where for request in requests}
    if set(asked) == set(names()) and not any(asked.values()):
        ctx.invoke(report, exhibit="all", scale=requests[0].scale, **page)
        return
    for exhibit, where in asked.items():
        ctx.invoke(report, exhibit=exhibit, scale=requests[0].scale, where=where, **page)


def _conclude(seen: "Outlook", summary: "RunSummary | None", argv: list[str]) -> int:
    """Tell what is left, or failed now or before; return the exit code."""
    from ..reports.analysis.naming import count

    retry = seen.requests[0].retry
    if summary is not None and summary.left:
        return complain(f"{count(summary.left, 'cell')} left; go on with: {_again(argv)}", 3)
    written = {} if summary is None else summary.written
    stored = {cell.state for plan in seen.plans for cell in plan.cells}.difference(retry)
    bad = [s for s in ("failed", "diverged") if written.get(s) or s in stored]
    if bad:
        again = shlex.join(["sgbench", *argv, "--retry", ",".join(bad)])
        return complain(f"some cells {' or '.join(bad)}; to train them again: {again}", 4)
    return complain(_no_data(seen), DataError.exit_code) if seen.without_data else 0


def _again(argv: list[str]) -> str:
    return shlex.join(["sgbench", *argv])


def _no_data(seen: "Outlook") -> str:
    from ..bench import datasets

    remedy = datasets.fetching(seen.without_data, seen.requests[0].data_dir)
    number = sum(seen.without_data.values())
    return f"{number:,} cells are left out for want of data: {remedy}"
