"""`sgbench time`."""

import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from ..bench.errors import UsageError
from ._entrypoint import complain, examples
from ._options import (
    device_option,
    exhibit_argument,
    external_files_options,
    json_option,
    scale_option,
    set_option,
    store_option,
    where_option,
)
from ._stores import open_store, warn
from ._values import items

if TYPE_CHECKING:
    from ..results.timings import Timing


def _replicas(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    """Return the numbers of replicas, for the option's callback."""
    texts = items(ctx, param, value)
    if not texts or not all(text.isdecimal() for text in texts):
        raise UsageError(f"--replicas {value!r}: write numbers from 1 on, as in 1,4")
    return tuple(map(int, texts))


@click.command(
    "time",
    epilog=examples(
        "sgbench time table1 --where dataset=mnist,network=fcn",
        "sgbench time table2 --where dataset=copy,T=4 --rounds 30",
        "sgbench time p_update --where decoupled=both --device cuda --replicas 1,10,100",
        "sgbench time table1 --json >> timings.jsonl",
    )
    + "\n\nNo data is needed. Keep the machine idle while it runs. `sgbench report throughput`"
    " shows all timings.",
)
@exhibit_argument()
@scale_option("quick")
@where_option
@set_option
@click.option(
    "--rounds",
    type=int,
    default=20,
    metavar="N",
    show_default=True,
    help="Number of rounds; in each, every program is timed once.",
)
@click.option(
    "--replicas",
    default="1",
    metavar="N[,N…]",
    callback=_replicas,
    show_default=True,
    help="Number of seeds that are trained together as one program; several numbers are compared.",
)
@external_files_options
@device_option
@store_option
@json_option
@click.pass_obj
def command(argv: list[str], *, as_json: bool, store: str, **options: Any) -> int:
    """Time a training step of each kind in EXHIBIT beside the fastest this machine could do."""
    from ..reports.analysis.costs import speeds
    from ..reports.analysis.naming import count
    from ..reports.tables.speeds import text
    from ..reproductions.running import timing_run

    source = open_store(store)
    request = timing_run.TimingRequest(**options, store=source)
    timing_run.blocks(request)  # what is wrong with it is said before anything is waited for
    from ..bench.profiling.machine_lock import machine_lock

    found: list[Timing] = []
    progress = _Progress()
    try:
        with machine_lock(f"sgbench {shlex.join(argv)}"):
            found.extend(timing_run.time(request, progress))
    except KeyboardInterrupt:
        stored = f"{count(len(found), 'timing')} stored" if found else "nothing is stored"
        return complain(f"interrupted: {stored}; unfinished rounds are not kept", 130)
    finally:
        progress.close()
        warn(source)
    shown = speeds.speeds(found)
    if as_json:
        click.echo("\n".join(map(speeds.json_line, shown)))
    else:
        click.echo(text(f"{request.exhibit}, scale {request.label}", shown), nl=False)
    return 0


class _Progress:
    """Says on stderr how far the timing is, where that is a terminal."""

    def __init__(self) -> None:
        self._moving, self._width = sys.stderr.isatty(), 0

    def __call__(self, what: str, done: int, of: int) -> None:
        """Replace what was said before."""
        if self._moving:
            noun = "program" if what == "building" else "round"
            words = f"{what}: {noun} {done + 1} of {of}"
            click.echo(f"\r{words.ljust(self._width)}", nl=False, err=True)
            self._width = len(words)

    def close(self) -> None:
        """Clear the line."""
        if self._width:
            click.echo(f"\r{' ' * self._width}\r", nl=False, err=True)
