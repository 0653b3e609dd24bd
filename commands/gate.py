"""`sgbench gate`."""

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..bench.errors import UsageError, named
from ._entrypoint import complain, examples, items, seconds, terminable
from ._options import device_option, json_option, warn

if TYPE_CHECKING:
    from ..results.comparison.verdict import Finding
    from ..results.record import Record

_WAYS = ("baseline", "records", "pytest_benchmark")


@click.command(
    "gate",
    epilog=examples(
        "sgbench gate --baseline HEAD~1",
        "sgbench gate --baseline origin/main --exhibit table1,table2 --budget 30m --junit gate.xml",
        "sgbench gate --baseline ../before --candidate ../after --speed-factor 1.1",
        "sgbench gate --records before/.sgbench after/.sgbench",
        "sgbench gate --pytest-benchmark before.json after.json",
    )
    + "\n\nExit code 0 where all pass, 1 where anything is worse (or better than code that should"
    " compute the same can be), 3 where that cannot be told.",
)
@click.option("--baseline", metavar="REV|DIR", help="What to compare with.")
@click.option(
    "--candidate", metavar="DIR", help="What is compared; the checkout you are in if not given."
)
@click.option(
    "--exhibit",
    "exhibits",
    metavar="NAME[,NAME…]",
    default="table1",
    show_default=True,
    callback=items,
    help="Whose programs and cells.",
)
@click.option(
    "--speed-factor",
    type=float,
    default=1.05,
    show_default=True,
    metavar="RATIO",
    help="How much slower still passes.",
)
@click.option(
    "--budget",
    default="10m",
    show_default=True,
    metavar="TIME",
    callback=seconds,
    help="When to stop where verdicts are still open: 90s, 3m …",
)
@click.option("--allow-dirty", is_flag=True, help="Take changes that are not committed.")
@device_option
@click.option("--junit", metavar="FILE", help="Write the verdicts as JUnit XML, too.")
@click.option(
    "--records", nargs=2, metavar="STORE_A STORE_B", help="Compare two stores; run nothing."
)
@click.option(
    "--pytest-benchmark",
    nargs=2,
    metavar="A.json B.json",
    help="Compare two files of pytest-benchmark; run nothing.",
)
@json_option
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, junit: str | None, **asked: Any) -> int:
    """Tell whether code computes what it did before, and as fast.

    --baseline and --candidate are run side by side on this machine: the same cells are trained
    with the same seeds, and programs are timed in turn, until every verdict is there or the budget
    is spent.
    """
    from ..reports.console.gate import gate_text
    from ..results.comparison.verdict import exit_code

    chosen = [way for way in _WAYS if asked[way]]
    if len(chosen) != 1:
        raise UsageError("gate: give one of --baseline, --records and --pytest-benchmark")
    given = ctx.get_parameter_source
    for name in ("candidate", "exhibits", "budget", "allow_dirty", "device"):
        told = given(name) is click.core.ParameterSource.COMMANDLINE
        if told and chosen != ["baseline"]:
            option = name.replace("exhibits", "exhibit").replace("_", "-")
            raise UsageError(f"--{option} goes with --baseline, where something is run")
    signals: list[int] = []
    try:
        with terminable(signals):
            findings = _found(chosen[0], asked)
    except KeyboardInterrupt:
        return complain("interrupted", 128 + (signals[0] if signals else signal.SIGINT))
    if as_json:
        for finding in findings:
            click.echo(json.dumps(finding.to_dict()))
    else:
        click.echo(gate_text(findings), nl=False)
    if junit and (why := _write_junit(findings, named(junit, "--junit"))):
        return complain(f"--junit {junit} cannot be written: {why}", exit_code(findings) or 2)
    return exit_code(findings)


def _found(way: str, asked: dict[str, Any]) -> "list[Finding]":
    factor: float = asked["speed_factor"]
    if way == "records":
        from ..results.comparison.stores import compare

        return compare(*map(_records, asked["records"]), factor=factor)
    if way == "pytest_benchmark":
        from ..results.comparison import pytest_benchmarks

        return pytest_benchmarks.compare(*map(Path, asked["pytest_benchmark"]), factor=factor)
    from ..reproductions.gate.gate import GateRequest, gate

    def say(line: str) -> None:
        click.echo(f"gate: {line}", err=True)

    fields = {k: v for k, v in asked.items() if k not in _WAYS[1:]}
    return gate(GateRequest(**fields), say)


def _records(path: str) -> "list[Record]":
    from ..results.store.store import Store

    folder = named(path, "--records")
    if not folder.is_dir():
        raise UsageError(f"--records {path} is no folder: give the --store of a run")
    store = Store(folder)
    records = list(store.scan())
    warn(store)
    return records


def _write_junit(findings: "list[Finding]", path: Path) -> str:
    """Write the verdicts; return why that cannot be, nothing where it was done."""
    from ..reports.console.junit import junit
    from ..results.store.atomic_io import reason, write_file

    try:
        write_file(path, junit(findings).encode())
    except OSError as error:
        return reason(error)
    click.echo(f"wrote {path}", err=True)
    return ""
