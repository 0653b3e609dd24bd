"""The front door: arguments in, an exit code out. What is said is in `reports`.

Nothing heavier than Click is imported before a verb runs, so that `--help` answers at once.
"""

import json
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .bench.errors import DataError, UsageError
from .door import (
    CODES,
    RETRIED,
    FrontDoor,
    complain,
    examples,
    items,
    retried,
    seconds,
    terminable,
    workers,
)

if TYPE_CHECKING:
    from .reports.progress import Watch
    from .reproductions.run import Request
    from .results.record import Record
    from .results.store import Store

STORE = ".sgbench"


def _all(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


_store = click.option(
    "--store",
    metavar="DIR",
    envvar="SGBENCH_STORE",
    default=STORE,
    show_default=True,
    show_envvar=True,
    help="Where records are kept.",
)
_data_dir = click.option(
    "--data-dir",
    metavar="DIR",
    envvar="SGBENCH_DATA",
    show_envvar=True,
    help="Where data files are; a cache folder if not given.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_scale = click.option(
    "--scale", default="demo", metavar="NAME", show_default=True, help="demo, quick or paper."
)
_cells = _all(
    click.argument("exhibit"),
    _scale,
    click.option(
        "--where",
        multiple=True,
        metavar="CONDITION[,…]",
        help="Only cells with these values: rule=dni,cdni,T=4; or in a range of a number, by <, <=,"
        " > or >=: 'p_update<0.2' (in quotes: the shell takes < and > for itself). Several are"
        " joined by and.",
    ),
    click.option(
        "--set",
        multiple=True,
        metavar="KEY=VALUE",
        help="Change a field of the protocol; the cells are then of scale custom.",
    ),
    click.option("--seeds", type=int, metavar="N", help="Number of seeds."),
    _store,
    _data_dir,
    click.option(
        "--device",
        default="auto",
        metavar="NAME",
        show_default=True,
        help="auto, cpu, cuda or cuda:i.",
    ),
)


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from .results.provenance import release

        click.echo(f"sgbench {release()}")
        ctx.exit()


@click.group(
    cls=FrontDoor,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "sgbench run table1        train Table 1 on bundled data, in about two minutes",
        "sgbench report table1     hold it against the paper",
        "sgbench list              see what else there is",
    )
    + f"\n\n{CODES}",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Show the version and exit.",
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Rerun the synthetic-gradients paper, store what happened, and tell what reproduces."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@main.command(
    "list",
    epilog=examples("sgbench list", "sgbench list --json | head -1"),
)
@_data_dir
@_json
def list_(data_dir: str | None, as_json: bool) -> None:
    """List exhibits, scales, numbers of cells and the data they need."""
    from .bench import datasets
    from .reports import terminal
    from .reproductions import exhibit as exhibits

    loaded = [exhibits.load(name) for name in exhibits.names()]
    cells = [{scale: len(exhibits.expand(e, scale)) for scale in e.scales} for e in loaded]
    needed = {name for e in loaded for scale in e.scales.values() for name in scale.datasets}
    states = {name: datasets.status(name, data_dir).state for name in sorted(needed)}
    if not as_json:
        text = terminal.listing(zip(loaded, cells, strict=True), states, _width())
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


@main.command(
    epilog=examples(
        "sgbench run table1",
        "sgbench run table1 --dry-run",
        "sgbench run table1 --scale quick --where dataset=mnist,network=fcn --time-limit 1h30m",
        "sgbench run table1 --where rule=dni,cdni,depth=4 --set iterations=2000 --seeds 1",
        "sgbench run table2 --where dataset=copy,T=2,4",
        "sgbench run table1 --retry failed,diverged",
        "sgbench run table1 --json >> records.jsonl",
    )
    + "\n\nCells that are done are not run again: the same command goes on where it stopped.",
)
@_cells
@click.option(
    "--time-limit",
    metavar="TIME",
    callback=seconds,
    help="Stop after 90s, 30m, 1h30m, 2d …; running cells save their state.",
)
@click.option(
    "--retry",
    metavar="STATE[,STATE]",
    callback=retried,
    help="Run failed or diverged cells again.",
)
@click.option(
    "--jobs",
    default="auto",
    metavar="auto|N",
    callback=workers,
    show_default=True,
    help="Cells at a time; auto is one a core.",
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be run and how long it takes.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print each record as a line of JSON once it is safe."
)
@click.pass_obj
def run(argv: list[str], dry_run: bool, as_json: bool, **asked: Any) -> int:
    """Train the missing cells of EXHIBIT; store a record of each."""
    request = _request(asked)
    if dry_run:
        return _outlook(request, as_json, measure=True)
    return _train(request, argv, as_json)


@main.command(
    epilog=examples(
        "sgbench status table1",
        "sgbench status table1 --scale quick --where dataset=mnist",
        "sgbench status table2 --where 'rule=dni,T>2,T<=4'",
        "sgbench status table1 --json",
    )
)
@_cells
@_json
def status(as_json: bool, **asked: Any) -> int:
    """Tell what of EXHIBIT is done here, and what a run would do."""
    return _outlook(_request(asked), as_json, measure=False)


def _request(asked: dict[str, Any]) -> "Request":
    from .reproductions.run import Request

    fields: dict[str, Any] = {**asked, "store": _open(asked["store"])}
    return Request(**fields)


def _open(path: str) -> "Store":
    from .results.store import Store

    return Store(Path(path).expanduser())


def _warn(store: "Store") -> None:
    """Say what in the store was not usable, each once."""
    while store.warnings:
        click.echo(f"sgbench: warning: {store.warnings.pop(0)}", err=True)


def _outlook(request: "Request", as_json: bool, *, measure: bool) -> int:
    from .reports import terminal
    from .reproductions.outlook import outlook

    def watch(done: int, number: int) -> None:
        if done == 0:
            shapes = terminal.count(number, "shape")
            click.echo(f"timing a few steps of {shapes} of program", err=True)

    seen, store = outlook(request, measure=measure, watch=watch), str(request.store.path)
    _warn(request.store)
    if as_json:
        values = terminal.plan_values(request.exhibit, request.label, seen, store)
        click.echo(json.dumps(values))
    else:
        click.echo(terminal.plan_text(_title(request), seen, store), nl=False)
    return 0


def _train(request: "Request", argv: list[str], as_json: bool) -> int:
    from .reports.progress import Watch, display
    from .reproductions.run import run as train
    from .results.record import json_line

    def each(record: "Record") -> None:
        click.echo(json_line(record))  # flushed by click

    shown = display(_title(request), alone=not (as_json and sys.stdout.isatty()))
    watch = Watch(shown, lambda: _warn(request.store), each if as_json else None)
    signals: list[int] = []
    try:
        with terminable(signals):
            stopped = train(request, watch).interrupted
    except KeyboardInterrupt:  # before training began, or a second time
        stopped = signals[0] if signals else signal.SIGINT
    finally:
        shown.close()
        _warn(request.store)
    return _conclude(request, watch, argv, stopped, as_json)


def _conclude(
    request: "Request", watch: "Watch", argv: list[str], stopped: int | None, as_json: bool
) -> int:
    """Say how a run ended and how to go on; return its exit code."""
    from .reports.tally import closing

    tally, again = watch.tally, f"sgbench {shlex.join(argv)}"
    words = closing(_title(request), tally)
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


def _next(request: "Request") -> str:
    """Return the command that shows what a run has brought."""
    store = str(request.store.path)
    known = store == os.environ.get("SGBENCH_STORE", STORE)
    command = ["report", request.exhibit, "--scale", request.scale]
    if request.label != request.scale:  # no report has such cells
        command = ["export", "--format", "csv", f"{request.exhibit}.csv"]
    words = shlex.join(["sgbench", *command, *([] if known else ["--store", store])])
    return f"{command[0]}:  {words}"


def _title(request: "Request") -> str:
    return f"{request.exhibit}, scale {request.label}"


def _width() -> int:
    return shutil.get_terminal_size((100, 30)).columns


@main.command(
    epilog=examples(
        "sgbench report table1",
        "sgbench report table1 --scale quick --format md,png --out docs/table1",
        "sgbench report table1 --scale quick --published",
        "sgbench report table1 --check --strict",
    )
)
@click.argument("exhibit")
@_scale
@click.option(
    "--format",
    "formats",
    metavar="FORMAT[,FORMAT…]",
    callback=items,
    help="Of md, csv, tex, png, svg, pdf; all if not given.",
)
@click.option(
    "--out", default="report", metavar="DIR", show_default=True, help="Where files are written."
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where files are stale.")
@click.option("--strict", is_flag=True, help="Exit 1 where a claim is not reproduced.")
@click.option("--published", is_flag=True, help="Use the records that come with sgbench.")
@_store
@click.pass_context
def report(
    ctx: click.Context,
    *,
    exhibit: str,
    scale: str,
    formats: tuple[str, ...],
    out: str,
    check: bool,
    strict: bool,
    published: bool,
    store: str,
) -> int:
    """Hold EXHIBIT against the paper: tables, figures, verdicts."""
    from .reports import report as reports
    from .reproductions import exhibit as exhibits
    from .results.store import Store

    found = exhibits.load(exhibit)
    found.scale(scale)  # an unknown one is said before the store is read
    if published and ctx.get_parameter_source("store") is click.core.ParameterSource.COMMANDLINE:
        raise UsageError("--published and --store exclude each other: give one of them")
    source = Store.published() if published else _open(store)
    records = list(source.scan())
    _warn(source)
    built = reports.build(found, scale, records, formats or reports.FORMATS)
    folder, code = Path(out), 0
    if check:
        stale = reports.check(built, folder)
        files = f"{len(built.files)} files in {out}"
        if stale:
            words = f"{len(stale)} of {files} are stale: {', '.join(stale)}; report without --check"
            code = complain(f"{words} writes them", 1)
        else:
            click.echo(f"{files} are up to date")
    else:
        for path in reports.write(built, folder):
            click.echo(f"wrote {path}", err=True)
        click.echo(built.text, nl=False)
    if strict and built.unreproduced:
        code = complain(f"not reproduced: {'; '.join(built.unreproduced)}", 1)
    return code


@main.group(
    invoke_without_command=True,
    epilog=examples(
        "sgbench data list", "sgbench data fetch mnist", "sgbench data verify --data-dir ~/data"
    ),
)
@click.pass_context
def data(ctx: click.Context) -> None:
    """Look at, fetch and verify the data sets."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


_names = click.argument("names", nargs=-1, metavar="[NAME]...")


@data.command(
    "list",
    epilog=examples("sgbench data list", "sgbench data list mnist cifar10 --data-dir ~/data"),
)
@_names
@_data_dir
def data_list(names: tuple[str, ...], data_dir: str | None) -> None:
    """List the data sets and what is there of each."""
    from .bench import datasets
    from .reports import terminal

    found = [datasets.status(name, data_dir) for name in _datasets(names or datasets.names())]
    click.echo(terminal.data_table(found, _width()), nl=False)


@data.command(
    "fetch",
    epilog=examples("sgbench data fetch", "sgbench data fetch mnist --data-dir ~/data"),
)
@_names
@_data_dir
def data_fetch(names: tuple[str, ...], data_dir: str | None) -> None:
    """Download what is missing; every file is checked by its SHA-256."""
    from .bench import datasets

    for name in _datasets(names):
        datasets.fetch(name, data_dir)
        click.echo(f"{name}: {datasets.status(name, data_dir).state}")


@data.command(
    "verify",
    epilog=examples("sgbench data verify", "sgbench data verify mnist --data-dir ~/data"),
)
@_names
@_data_dir
def data_verify(names: tuple[str, ...], data_dir: str | None) -> int:
    """Read and hash every file; exit 2 where one is missing or not as it should be."""
    from .bench import datasets

    code = 0
    for name in _datasets(names):
        try:
            checks = datasets.verify(name, data_dir)
            if not checks:
                click.echo(f"{name}: generated, it has no files")
            for check in checks:
                published = "as published" if check.expected else "no published hash"
                click.echo(f"{name}: {check.file} {check.found} ({published})")
        except DataError as error:
            code = complain(error, error.exit_code)
    return code


def _datasets(names: tuple[str, ...]) -> list[str]:
    from .bench import datasets

    for name in names:
        datasets.version(name)  # refuses an unknown one before anything is done
    return list(names or datasets.with_files())


@main.command(
    epilog=examples(
        "sgbench export --format parquet records.parquet",
        "sgbench export --format jsonl - | jq 'select(.exhibit == \"table1\").test_error'",
    )
)
@click.option("--format", "form", required=True, metavar="FORMAT", help="parquet, csv or jsonl.")
@click.argument("file")
@_store
def export(form: str, file: str, store: str) -> None:
    """Write all records into FILE (-: stdout), a row each."""
    from .results import frame

    source = _open(store)
    records = list(source.scan())
    _warn(source)
    if file == "-" and form == "parquet":
        raise UsageError("--format parquet is no text: give a FILE instead of -")
    if file == "-":
        click.echo(frame.encode(records, form), nl=False)
    else:
        frame.write(records, Path(file), form)
        click.echo(f"wrote {len(records):,} records to {file}", err=True)


@main.command(epilog=examples("sgbench show 3fa2", "sgbench show 3fa2 --json | jq .curve"))
@click.argument("id", metavar="ID")
@_store
@_json
def show(id: str, store: str, as_json: bool) -> None:  # noqa: A002
    """Show all that is known of a cell; the first digits of its ID do.

    What does not apply to the cell is null in JSON and left out of the text.
    """
    from .reports import terminal
    from .results.record import json_line

    source = _open(store)
    records = terminal.pick(list(source.scan()), id, store)
    _warn(source)
    for index, record in enumerate(records):
        text = json_line(record) + "\n" if as_json else terminal.whole_record(record, _width())
        click.echo(text if as_json or index == 0 else f"\n{text}", nl=False)
