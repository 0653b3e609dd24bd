"""`sgbench gate`."""

import json
import signal
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..bench.errors import UsageError
from ..bench.paths import path_argument
from ._entrypoint import complain, examples, terminable
from ._options import device_option, json_option, time_limit_option
from ._stores import warn
from ._values import items

if TYPE_CHECKING:
    from ..results.record import Record
    from ..results.statistics.gate_finding import GateFinding

_MODES = ("baseline", "records", "pytest_benchmark")
_OF_BASELINE = ("candidate", "exhibits", "time_limit", "allow_dirty", "device")


@click.command(
    "gate",
    epilog=examples(
        "sgbench gate --baseline HEAD~1",
        "sgbench gate --baseline origin/main --exhibit table1,table2 --time-limit 30m"
        " --junit gate.xml",
        "sgbench gate --baseline ../before --candidate ../after --speed-factor 1.1 --fail-fast",
        "sgbench gate --records before/.sgbench after/.sgbench",
        "sgbench gate --pytest-benchmark before.json after.json",
    )
    + "\n\nExit code 0: all pass. 1: something is worse, or so much better that the code must"
    " compute something else. 3: undecided.",
)
@click.option("--baseline", metavar="REV|DIR", help="The version to compare with.")
@click.option(
    "--candidate",
    metavar="DIR",
    help="The version to test.  [default: the checkout around the working directory]",
)
@click.option(
    "--exhibit",
    "exhibits",
    metavar="NAME[,NAME…]",
    default="table1",
    show_default=True,
    callback=items,
    help="The exhibits whose cells and programs are compared.",
)
@click.option(
    "--speed-factor",
    type=float,
    default=1.05,
    show_default=True,
    metavar="RATIO",
    help="How much slower the candidate may be.",
)
@time_limit_option("Stop after 90s, 3m, 1h …; what is open by then is inconclusive.", "10m")
@click.option("--fail-fast", is_flag=True, help="End at the first regression.")
@click.option("--allow-dirty", is_flag=True, help="Accept uncommitted changes in the candidate.")
@device_option
@click.option("--junit", metavar="FILE", help="Write the verdicts as JUnit XML, too.")
@click.option(
    "--records",
    nargs=2,
    metavar="STORE_A STORE_B",
    help="Compare the cells that two stores have in common; run nothing.",
)
@click.option(
    "--pytest-benchmark",
    nargs=2,
    metavar="A.json B.json",
    help="Compare two files of pytest-benchmark; run nothing.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context, *, as_json: bool, fail_fast: bool, junit: str | None, **options: Any
) -> int:
    """Compare two versions of the code: the same results, and as fast?

    --baseline and --candidate are run side by side on this machine: the same cells are trained
    with the same seeds, and the same programs are timed in turn. Each verdict is printed as soon
    as it is decided.
    """
    from ..reports.console.gate import finding_line, summary_text
    from ..results.statistics.gate_finding import FAILURES, exit_code

    mode = _mode(ctx, options)
    path = None if junit is None else path_argument(junit, "--junit")
    findings: list[GateFinding] = []
    signals: list[int] = []
    try:
        with terminable(signals), closing(_compare(mode, options)) as decided:
            for finding in decided:
                findings.append(finding)
                click.echo(json.dumps(finding.to_dict()) if as_json else finding_line(finding))
                if fail_fast and finding.verdict in FAILURES:
                    break
    except KeyboardInterrupt:
        return complain("interrupted", 128 + (signals[0] if signals else signal.SIGINT))
    if not as_json:
        click.echo(summary_text(findings), nl=False)
    if path is not None and (why := _write_junit(findings, path)):
        return complain(f"--junit {junit} cannot be written: {why}", exit_code(findings) or 2)
    return exit_code(findings)


def _mode(ctx: click.Context, options: dict[str, Any]) -> str:
    """Return which of the three comparisons is asked for; UsageError unless it is exactly one."""
    given = [mode for mode in _MODES if options[mode] is not None]
    if len(given) != 1:
        raise UsageError("gate: give one of --baseline, --records and --pytest-benchmark")
    for param in ctx.command.params:
        told = ctx.get_parameter_source(param.name or "") is click.core.ParameterSource.COMMANDLINE
        if told and param.name in _OF_BASELINE and given != ["baseline"]:
            raise UsageError(f"{param.opts[0]} goes with --baseline, where something is run")
    return given[0]


def _compare(mode: str, options: dict[str, Any]) -> "Generator[GateFinding]":
    factor: float = options["speed_factor"]
    if mode == "records":
        from ..reproductions.gate.two_stores import compare_common

        baseline, candidate = map(_records, options["records"])
        yield from compare_common(baseline, candidate, factor=factor, say=_say)
    elif mode == "pytest_benchmark":
        from ..results.comparison import pytest_benchmarks

        files = map(Path, options["pytest_benchmark"])
        yield from pytest_benchmarks.compare(*files, factor=factor)
    else:
        from ..reproductions.gate.gate import GateRequest, gate

        fields = {name: value for name, value in options.items() if name not in _MODES[1:]}
        yield from gate(GateRequest(**fields), _say)


def _say(line: str) -> None:
    click.echo(f"gate: {line}", err=True)


def _records(path: str) -> "list[Record]":
    from ..results.store.store import Store

    store = Store.existing(path_argument(path, "--records"), "--records", read_only=True)
    records = list(store.scan_known())
    warn(store)
    return records


def _write_junit(findings: "list[GateFinding]", path: Path) -> str:
    """Write the verdicts; return why that is impossible, nothing where it was done."""
    from ..reports.console.junit import junit
    from ..results.files.atomic_io import reason, write_file

    try:
        write_file(path, junit(findings).encode())
    except OSError as error:
        return reason(error)
    click.echo(f"wrote {path}", err=True)
    return ""
