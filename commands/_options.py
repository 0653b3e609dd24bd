"""What verbs share: options, and the request, the store and the words that are made of them."""

import json
import os
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ..bench.errors import named, one_line
from ._entrypoint import retried, seconds, shard, workers

if TYPE_CHECKING:
    from ..reproductions.running.request import RunRequest
    from ..results.store.json_store import JsonStore
    from ..results.store.store import Store

STORE = ".sgbench"


def all_of(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


store_option = click.option(
    "--store",
    metavar="DIR",
    envvar="SGBENCH_STORE",
    default=STORE,
    show_default=True,
    show_envvar=True,
    help="Where records are kept.",
)
data_dir_option = click.option(
    "--data-dir",
    metavar="DIR",
    envvar="SGBENCH_DATA",
    show_envvar=True,
    help="Where data files are; a cache folder if not given.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
scale_option = click.option(
    "--scale", default="demo", metavar="NAME", show_default=True, help="demo, quick or paper."
)
where_option = click.option(
    "--where",
    multiple=True,
    metavar="CONDITION[,…]",
    help="Only cells with these values: rule=dni,cdni,T=4; or in a range of a number, by <, <=,"
    " > or >=: 'p_update<0.2' (in quotes: the shell takes < and > for itself). Several are"
    " joined by and.",
)
set_option = click.option(
    "--set",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a field of the protocol; the cells are then of scale custom.",
)
device_option = click.option(
    "--device",
    default="auto",
    metavar="NAME",
    show_default=True,
    help="auto, cpu, cuda or cuda:i.",
)
retry_option = click.option(
    "--retry",
    metavar="STATE[,STATE]",
    callback=retried,
    help="Run failed or diverged cells again.",
)
jobs_option = click.option(
    "--jobs",
    default="auto",
    metavar="auto|N",
    callback=workers,
    show_default=True,
    help="Cells at a time; auto is one a core.",
)


def time_limit_option(
    help: str = "Stop after 90s, 30m, 1h30m, 2d …; running cells save their state.",  # noqa: A002
    default: str | None = None,
) -> Callable[[Any], Any]:
    """Return the option --time-limit, whose value is in seconds, None where there is no limit."""
    return click.option(
        "--time-limit",
        metavar="TIME",
        default=default,
        show_default=default is not None,
        callback=seconds,
        help=help,
    )


_cells = (
    scale_option,
    where_option,
    set_option,
    click.option("--seeds", type=int, metavar="N", help="Number of seeds."),
    click.option(
        "--shard",
        metavar="I/N",
        callback=shard,
        help="Only part I of N of the cells (I from 1): every cell is in one part, the same on"
        " every machine, whatever is done already.",
    ),
    store_option,
    data_dir_option,
    device_option,
)
cells_options = all_of(click.argument("exhibit"), *_cells)
any_cells_options = all_of(click.argument("exhibit", required=False), *_cells)


def request_of(asked: dict[str, Any]) -> "RunRequest":
    from ..reproductions.running.request import RunRequest

    fields: dict[str, Any] = {**asked, "store": open_store(asked["store"])}
    return RunRequest(**fields)


def open_store(path: str) -> "Store":
    from ..results.store.store import Store

    return Store(named(path, "--store"))


def store_words(store: "Store") -> list[str]:
    """Return the option that a command needs to find this store, none where it is the usual one."""
    known = str(store.path) == os.environ.get("SGBENCH_STORE", STORE)
    return [] if known else ["--store", str(store.path)]


def warn(store: "JsonStore[Any]") -> None:
    """Say what in the store was not usable, each once."""
    while store.warnings:
        click.echo(f"sgbench: warning: {one_line(store.warnings.pop(0))}", err=True)


def title(request: "RunRequest") -> str:
    part = "" if request.shard is None else ", shard {}/{}".format(*request.shard)
    return f"{request.exhibit}, scale {request.label}{part}"


def width() -> int:
    return shutil.get_terminal_size((100, 30)).columns


def tell_dry_run(request: "RunRequest", as_json: bool, *, measure: bool) -> int:
    from ..reports.console import terminal
    from ..reproductions.running.dry_run import dry_run

    def watch(done: int, number: int) -> None:
        if done == 0:
            shapes = terminal.count(number, "shape")
            click.echo(f"timing a few steps of {shapes} of program", err=True)

    seen, store = dry_run(request, measure=measure, watch=watch), str(request.store.path)
    warn(request.store)
    if as_json:
        values = terminal.plan_values(request.exhibit, request.label, seen, store)
        part = request.shard and "{}/{}".format(*request.shard)
        click.echo(json.dumps({**values, "shard": part}))
    else:
        click.echo(terminal.plan_text(title(request), seen, store), nl=False)
    return 0
