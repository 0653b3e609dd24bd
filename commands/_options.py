"""Options that several verbs share."""

from collections.abc import Callable
from typing import Any

import click

from ._external_files import external_file_option
from ._values import exhibit_names, seconds, shard, suggesting, words_option, workers

STORE = ".sgbench"
RETRIED = ("failed", "diverged")

Decorator = Callable[[Any], Any]


def all_of(*decorators: Decorator) -> Decorator:
    """Return a decorator that adds several parameters, the first on top."""

    def decorate(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def exhibit_argument(*, required: bool = True) -> Decorator:
    """Return the argument EXHIBIT."""
    return click.argument("exhibit", required=required, shell_complete=exhibit_names())


store_option = click.option(
    "--store",
    metavar="DIR",
    envvar="SGBENCH_STORE",
    default=STORE,
    show_default=True,
    show_envvar=True,
    type=click.Path(),
    help="The store: the folder that the records are kept in.",
)
published_option = click.option(
    "--published",
    is_flag=True,
    help="Read the records that come with sgbench instead of a store.",
)
source_options = all_of(store_option, published_option)
"""Which records are read."""

rule_file_option = external_file_option(
    "--rule-file",
    envvar="SGBENCH_RULE_FILES",
    help="A learning rule of your own: a Python file, whose name is the rule's. Repeatable.",
)
dataset_file_option = external_file_option(
    "--dataset-file",
    envvar="SGBENCH_DATASET_FILES",
    help="A dataset of your own: a Python or TOML file, whose name is the dataset's. Repeatable.",
)
external_files_options = all_of(rule_file_option, dataset_file_option)
"""What is known besides the rules and datasets of the package and of installed packages."""

data_dir_option = click.option(
    "--data-dir",
    metavar="DIR",
    envvar="SGBENCH_DATA",
    show_envvar=True,
    help="The folder that the data files are in.  [default: a cache folder]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def scale_option(
    default: str | None = "demo", *, shown: str | None = None, custom: bool = False
) -> Decorator:
    """Return the option --scale; an exhibit of the user's own may have scales of other names.

    Args:
        default: its value where it is not given.
        shown: what the help says the default is, where there is no such value.
        custom: whether the scale of the stored cells that --set changed is one of them.
    """
    names = ("demo", "quick", "tenth", "paper", *(["custom"] if custom else []))
    more = "; custom: the stored cells that --set changed." if custom else "."
    more += f"  [default: {shown}]" if shown else ""
    return click.option(
        "--scale",
        default=default,
        metavar="NAME",
        show_default=default is not None,
        shell_complete=suggesting(*names),
        help=f"Size of the cells: demo, quick, tenth or paper{more}",
    )


where_option = click.option(
    "--where",
    multiple=True,
    metavar="CONDITION[,…]",
    help="Only cells with these values, as in rule=dni,cdni,T=4, or with a number in a range, as in"
    " 'p_update<0.2' (<, <=, > or >=; quote it, or the shell takes it for itself). All conditions"
    " must hold.",
)
set_option = click.option(
    "--set",
    multiple=True,
    metavar="FIELD=VALUE[,…]",
    help="Override a field; several values are swept. The records go to scale `custom`.",
)
device_option = click.option(
    "--device",
    default="auto",
    metavar="NAME",
    show_default=True,
    shell_complete=suggesting("auto", "cpu", "cuda", "cuda:0"),
    help="Where to train: auto (a GPU where there is one), cpu, cuda or cuda:I.",
)
retry_option = words_option(
    "--retry",
    choices=RETRIED,
    metavar="STATE[,STATE]",
    help="Train cells again that have failed or diverged, or both: failed,diverged.",
)
jobs_option = click.option(
    "--jobs",
    default="auto",
    metavar="auto|N",
    callback=workers,
    shell_complete=suggesting("auto"),
    show_default=True,
    help="Number of cells that are trained at a time; auto: one on each core, and on a GPU up to"
    " four stacks of them.",
)


def time_limit_option(
    help: str = "Stop after 90s, 30m, 1h30m, 2d …; running cells save their state.",  # noqa: A002
    default: str | None = None,
) -> Decorator:
    """Return the option --time-limit, whose value is in seconds, None where there is no limit."""
    return click.option(
        "--time-limit",
        metavar="TIME",
        default=default,
        show_default=default is not None,
        callback=seconds,
        help=help,
    )


selection_options = all_of(
    scale_option(),
    where_option,
    set_option,
    click.option("--seeds", type=int, metavar="N", help="Number of seeds.  [default: the scale's]"),
    click.option(
        "--shard",
        metavar="I/N",
        callback=shard,
        help="Run part I of N only; every machine computes the same split.",
    ),
)
"""Which cells of an exhibit."""
