"""External files, of rules and datasets: the options that name them.

A verb knows such files before it reads anything else, so that their names stand wherever a rule's
or a dataset's name stands.
"""

import functools
from typing import Any

import click
from click.core import ParameterSource

_WORDS = f"{__name__}.words"


def external_file_option(name: str, *, envvar: str, help: str) -> Any:  # noqa: A002
    """Return the option `name`, --rule-file or --dataset-file, which adds files to the registry.

    The environment variable holds paths that are joined as those of PATH are.
    """
    return click.option(
        name,
        multiple=True,
        type=click.Path(),
        metavar="FILE",
        envvar=envvar,
        show_envvar=True,
        expose_value=False,
        callback=_add,
        help=help,
    )


def _add(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:
    """Add the files for as long as the verb runs."""
    if not value or ctx.resilient_parsing:
        return
    from ..bench.registry import DATASETS, RULES

    registry = RULES if param.name == "rule_file" else DATASETS
    told = ctx.get_parameter_source(str(param.name)) is ParameterSource.COMMANDLINE
    option = param.opts[0] if told else str(param.envvar)
    for path in value:
        before = {source.name for source in registry.external_files()}
        name = registry.add_file(path, option)
        if name not in before:
            ctx.call_on_close(functools.partial(registry.remove, name))
        if told:
            ctx.meta.setdefault(_WORDS, []).extend([option, path])


def external_file_words(ctx: click.Context) -> list[str]:
    """Return the options by which the command line named files of the user's own."""
    return list(ctx.meta.get(_WORDS, []))
