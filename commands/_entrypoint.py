"""What stands behind every verb: errors become a line and an exit code, texts become values."""

import contextlib
import errno
import io
import math
import os
import re
import signal
import sys
from collections.abc import Generator, Sequence
from typing import Any, NoReturn

import click

from ..bench.errors import SgbenchError, StoreError, UsageError, did_you_mean, one_line
from ..bench.signals import ending

RETRIED = ("failed", "diverged")
INTERNAL = 70  # EX_SOFTWARE, for mistakes of ours
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EIO}
BROKEN_PIPE = 128 + 13  # as of a program that SIGPIPE ends
CODES = """\b
Exit codes:
  0    done (a report of an unfinished grid is done)
  1    a regression (gate), a stale report (--check), or an unreproduced claim (--strict)
  2    usage, or missing or corrupt data
  3    --time-limit ended the run: the same command goes on; or the gate cannot tell
  4    some cells failed or diverged, or (merge) differ; the rest are stored
  5    the store cannot be read or written
  70   a mistake in sgbench
  130  interrupted (143: by SIGTERM, 129: by SIGHUP)

Results go to stdout, everything else to stderr."""


class FrontDoor(click.Group):
    """The verbs; the one place where an error becomes a line on stderr and an exit code."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> NoReturn:
        """Run a command line (the process's own if None) and exit with its code."""
        own = args is None
        _open_streams()
        args = list(sys.argv[1:] if args is None else args)
        extra |= {"prog_name": "sgbench", "standalone_mode": False, "obj": args}
        try:
            code: int = super().main(args, **extra) or 0
            sys.stdout.flush()
        except click.UsageError as error:
            path = error.ctx.command_path if error.ctx else "sgbench"
            code = complain(f"{error.format_message()} (see {path} --help)", error.exit_code)
        except SgbenchError as error:
            code = complain(error, error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            code = complain("interrupted", 130)
        except BrokenPipeError:
            code = _hang_up()
        except Exception as error:
            if os.environ.get("SGBENCH_DEBUG"):
                import traceback

                traceback.print_exc()
            if isinstance(error, OSError) and error.errno in _NO_ROOM and not error.filename:
                _hang_up()
                words = f"the output cannot be written: {error.strerror}"
                code = complain(words, StoreError.exit_code)
            else:
                what = f"{type(error).__name__}: {error}"
                code = complain(f"internal error: {what} (SGBENCH_DEBUG=1 shows where)", INTERNAL)
        if own:  # an interrupt has nothing left to stop, and would only spoil the end
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke a verb; a reader that has gone away (`| head`) is no reason to complain."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return _hang_up()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of their declaration."""
        return list(self.commands)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find a verb; one that is nearly right gets a proposal in every version of Click."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(f"unknown command {args[0]!r}{did_you_mean(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


def complain(message: object, code: int) -> int:
    """Say something on one line of stderr; return the exit code."""
    with contextlib.suppress(OSError):
        click.echo(f"sgbench: {one_line(str(message))}", err=True)
    return code


def _open_streams() -> None:
    """Let what is written to a closed stream go nowhere, and what it cannot encode be a `?`."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  as long as the process lives
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _hang_up() -> int:
    """Let what is still in stdout's buffer go nowhere."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def examples(*commands: str) -> str:
    """Return the epilog that shows `commands` as they are."""
    return "\n".join(("\b", "Examples:", *(f"  {command}" for command in commands)))


def seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Return the time that `1h30m` and its like write, for an option's callback."""
    number = r"(?:(\d+(?:\.\d+)?){})?"
    match = re.fullmatch("".join(map(number.format, "dhms")), value or "")
    if value is None:
        return None
    units = zip(match.groups(), (86400, 3600, 60, 1), strict=True) if match else ()
    total = sum(float(count) * size for count, size in units if count)
    if not 0 < total < math.inf:
        raise click.BadParameter(f"{value!r} is no time; write 90s, 30m, 1h30m or 2d")
    return total


def workers(ctx: click.Context, param: click.Parameter, value: str) -> int | None:
    """Return a number of at least 1, None for `auto`, for an option's callback."""
    if value == "auto":
        return None
    if not value.isdecimal() or len(value) > 9 or int(value) < 1:
        raise click.BadParameter(f"{value!r} is neither auto nor a number of at least 1")
    return int(value)


def shard(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Return the part and the number of parts that `2/8` writes, for an option's callback."""
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", value or "")
    if value is None:
        return None
    part, parts = map(int, match.groups()) if match else (0, 0)
    if not 1 <= part <= parts:
        raise click.BadParameter(f"{value!r} is no part; write I/N with I from 1 to N, as in 2/8")
    return part, parts


def items(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:
    """Return what commas part, for an option's callback."""
    return tuple(item.strip() for item in (value or "").split(",") if item.strip())


def retried(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:
    """Return the states that --retry names, for its callback."""
    states = items(ctx, param, value)
    for state in states:
        if state not in RETRIED:
            raise UsageError(f"unknown state in --retry {state!r}{did_you_mean(state, RETRIED)}")
    return states


@contextlib.contextmanager
def terminable(signals: list[int]) -> Generator[None]:
    """Let SIGTERM and SIGHUP interrupt as Ctrl-C does; `signals` tells which it was."""

    def handle(number: int, frame: object) -> None:
        signals.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, handle) for number in ending()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
