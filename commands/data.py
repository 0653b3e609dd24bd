"""`sgbench data`, with verbs of its own: list, fetch and verify."""

import click

from ..bench.errors import DataError
from ._entrypoint import Entrypoint, complain, examples
from ._options import data_dir_option, dataset_file_option
from ._values import dataset_names


@click.group(
    "data",
    cls=Entrypoint,
    invoke_without_command=True,
    epilog=examples(
        "sgbench data list", "sgbench data fetch mnist", "sgbench data verify --data-dir ~/data"
    ),
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List, download and verify the datasets."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


_names = click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=dataset_names)


@command.command(
    "list",
    epilog=examples("sgbench data list", "sgbench data list mnist cifar10 --data-dir ~/data"),
)
@_names
@data_dir_option
@dataset_file_option
def data_list(names: tuple[str, ...], data_dir: str | None) -> None:
    """List the datasets: whether their files are there, and where they come from."""
    from ..bench import datasets
    from ..reports.console.listing import data_table
    from ..reports.console.terminal import width

    found = [datasets.status(name, data_dir) for name in _datasets(names or datasets.names())]
    click.echo(data_table(found, width()), nl=False)


@command.command(
    "fetch",
    epilog=examples("sgbench data fetch", "sgbench data fetch mnist --data-dir ~/data"),
)
@_names
@data_dir_option
def data_fetch(names: tuple[str, ...], data_dir: str | None) -> None:
    """Download missing files; each is checked against its SHA-256."""
    from ..bench import datasets

    for name in _datasets(names):
        datasets.fetch(name, data_dir)
        click.echo(f"{name}: {datasets.status(name, data_dir).state}")


@command.command(
    "verify",
    epilog=examples("sgbench data verify", "sgbench data verify mnist --data-dir ~/data"),
)
@_names
@data_dir_option
@dataset_file_option
def data_verify(names: tuple[str, ...], data_dir: str | None) -> int:
    """Read and hash every file; the exit code is 2 if one is missing or corrupt."""
    from ..bench import datasets

    code = 0
    for name in _datasets(names):
        try:
            checks = datasets.verify(name, data_dir)
            if not checks:
                click.echo(f"{name}: generated, it has no files")
            repackaged = any(check.expected is None for check in checks)
            if repackaged and not datasets.status(name, data_dir).canonical:
                click.echo(f"{name} is not the original; its hash is in every record", err=True)
            for check in checks:
                published = "as published" if check.expected else "no published hash"
                click.echo(f"{name}: {check.file} {check.found} ({published})")
        except DataError as error:
            code = complain(error, error.exit_code)
    return code


def _datasets(names: tuple[str, ...]) -> list[str]:
    """Return the named datasets, else all that have files; UsageError if one is unknown."""
    from ..bench import datasets

    for name in names:
        datasets.version(name)
    return list(names or datasets.with_files())
