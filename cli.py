"""The command `sgbench`: its verbs, which are in `commands/`, and their order."""

import importlib

import click

from .commands._entrypoint import CODES, COMPLETION, Entrypoint, examples

VERBS = (
    *("list", "run", "status", "report", "reproduce", "show", "tune", "time", "gate"),
    *("new", "check", "doctor", "data", "export", "merge", "prune"),
)
"""The verbs in the order of the help; each is a module of `commands/` with a `command`."""


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from .results.provenance import release

        click.echo(f"sgbench {release()}")
        ctx.exit()


@click.group(
    cls=Entrypoint,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "sgbench run table1        train Table 1 on bundled data, in about two minutes",
        "sgbench report table1     compare the results with the paper",
        "sgbench list              see what else can be run",
    )
    + f"\n\n{CODES}\n\n{COMPLETION}",
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
    """Rerun the synthetic-gradients paper, record every run, and tell what reproduces."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for name in VERBS:
    main.add_command(importlib.import_module(f".commands.{name}", __package__).command)
