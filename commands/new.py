"""`sgbench new`."""

from importlib import resources

import click

from ..bench.errors import UsageError
from ..bench.paths import expand_home
from ._entrypoint import examples


@click.command(
    "new",
    epilog=examples("sgbench new rule my_rule", "sgbench new rule my_rule --out rules"),
)
@click.argument("kind", type=click.Choice(["rule"]))
@click.argument("name")
@click.option(
    "--out", metavar="DIR", default=".", type=click.Path(), help="The folder to put it in."
)
def command(kind: str, name: str, out: str) -> None:
    """Create NAME.py, a commented, runnable learning rule to edit.

    Nothing is overwritten.
    """
    from ..bench import registry

    del kind
    registry.RULES.check_name(name, f"NAME {name!r}")
    path = expand_home(out, "--out") / f"{name}.py"
    template = resources.files("sgbench.bench.rules").joinpath("_template.py")
    text = template.read_text(encoding="utf-8")
    text = text.replace("my_rule", name).replace("my rule", name.replace("_", " "))
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
