"""`sgbench new`."""

import zlib
from importlib import resources

import click

from ..bench.errors import UsageError
from ..bench.paths import expand_home
from ._entrypoint import examples

_TEMPLATES = {"none": "_template.py", "M": "_template_model.py"}
_COLORS = ("#de8f05", "#ca9161", "#ece133", "#56b4e9", "#6a3d9a", "#a6761d", "#b2182b", "#4d4d4d")
"""Colours of new rules, chosen by name, so that two of them seldom share one."""


@click.command(
    "new",
    epilog=examples(
        "sgbench new rule my_rule",
        "sgbench new rule my_rule --model M",
        "sgbench new rule my_rule --out rules",
    ),
)
@click.argument("kind", type=click.Choice(["rule"]))
@click.argument("name")
@click.option(
    "--out", metavar="DIR", default=".", type=click.Path(), help="The folder to put it in."
)
@click.option(
    "--model",
    type=click.Choice(["none", "M"]),
    default="none",
    show_default=True,
    help="none: a rule without a model, direct feedback alignment; M: one with a"
    " synthetic-gradient model after every hidden layer, DNI.",
)
def command(kind: str, name: str, out: str, model: str) -> None:
    """Create NAME.py, a commented, runnable learning rule to edit.

    Nothing is overwritten.
    """
    from ..bench import registry

    del kind
    registry.RULES.check_name(name, f"NAME {name!r}")
    path = expand_home(out, "--out") / f"{name}.py"
    template = resources.files("sgbench.bench.rules").joinpath(_TEMPLATES[model])
    text = template.read_text(encoding="utf-8")
    text = text.replace("my_rule", name).replace("my rule", name.replace("_", " "))
    text = text.replace("#de8f05", _COLORS[zlib.crc32(name.encode()) % len(_COLORS)])
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} is there already; choose another NAME, or --out") from None
    except OSError as error:
        raise UsageError(f"--out {out}: {error.strerror}; name a folder to write to") from None
    click.echo(f"{path} is a rule that runs; edit it, then")
    click.echo(f"  sgbench check {path}")
    click.echo(f"  sgbench run table1 --rule-file {path} --where rule={name}")
