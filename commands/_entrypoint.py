"""The entry point behind every verb: help, exit codes, and errors as one line on stderr."""

import contextlib
import errno
import io
import os
import signal
import sys
from collections.abc import Generator, Sequence
from typing import Any, NoReturn

import click

from ..bench.errors import SgbenchError, StoreError, UsageError, did_you_mean, one_line
from ..reproductions.running.signals import termination_signals
from . import _library_settings

INTERNAL = 70  # EX_SOFTWARE
_NOT_WRITTEN = {errno.ENOSPC, errno.EDQUOT, errno.EIO}
BROKEN_PIPE = 128 + 13  # as of a program that SIGPIPE ends
CODES = """\b
Exit codes:
  0    success; a report of an unfinished grid is a success
  1    a regression (gate), a stale report (--check), a claim not reproduced (--strict), or
       a check of a rule or dataset that fails (check)
  2    wrong usage, or missing or corrupt data
  3    --time-limit ended the run, and the same command goes on; or the gate cannot decide
  4    some cells failed or diverged, or differ between stores (merge); the rest are stored
  5    the store cannot be read or written
  70   an error in sgbench itself
  130  interrupted (143: by SIGTERM, 129: by SIGHUP)

Results go to stdout, everything else to stderr."""
COMPLETION = """\b
Shell completion of verbs, options and exhibits, from your ~/.bashrc (or zsh, fish):
  eval "$(_SGBENCH_COMPLETE=bash_source sgbench)\""""


class Entrypoint(click.Group):
    """A group of verbs. Errors are caught here: one line on stderr, and an exit code."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> NoReturn:
        """Run a command line (the process's own if None) and exit with its code."""
        own = args is None
        if own:
            _library_settings.set_aside()
        _open_streams()
        args = list(sys.argv[1:] if args is None else args)
        extra |= {"prog_name": "sgbench", "standalone_mode": False, "obj": args}
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            extra["color"] = False  # nor bold; else as the stream is a terminal
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
            code = _discard_output()
        except Exception as error:
            if os.environ.get("SGBENCH_DEBUG"):
                import traceback

                traceback.print_exc()
            if isinstance(error, OSError) and error.errno in _NOT_WRITTEN and not error.filename:
                _discard_output()
                words = f"the output cannot be written: {error.strerror}"
                code = complain(words, StoreError.exit_code)
            elif words := _library_settings.unloadable(error):
                code = complain(words, UsageError.exit_code)
            else:
                what = f"{type(error).__name__}: {error}"
                code = complain(f"internal error: {what} (SGBENCH_DEBUG=1 shows where)", INTERNAL)
        if own:  # there is nothing left to interrupt
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke a verb; a reader that closes the pipe (`| head`) is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            return _discard_output()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of their declaration."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each verb with the whole first paragraph of its help; Click would truncate it."""
        rows = [
            (name, " ".join((verb.help or "").partition("\n\n")[0].split()))
            for name, verb in self.commands.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find a verb; for an unknown one, suggest a known one, as not every Click does."""
        known = self.get_command(ctx, args[0]) is not None
        if not known and not args[0].startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"unknown command {args[0]!r}{did_you_mean(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


def complain(message: object, code: int) -> int:
    """Print a message on one line of stderr; return the exit code."""
    with contextlib.suppress(OSError):
        click.echo(f"sgbench: {one_line(str(message))}", err=True)
    return code


def _open_streams() -> None:
    """Discard output to closed streams, and write `?` for characters that one cannot encode."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  until the process ends
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _discard_output() -> int:
    """Discard what is left in stdout's buffer; return the exit code of a broken pipe."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def examples(*commands: str) -> str:
    """Return the part of a verb's help that shows example commands."""
    return "\n".join(("\b", "Examples:", *(f"  {command}" for command in commands)))


@contextlib.contextmanager
def terminable(signals: list[int]) -> Generator[None]:
    """Have SIGTERM and SIGHUP interrupt as Ctrl-C does; they are appended to `signals`."""

    def handle(number: int, frame: object) -> None:
        signals.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, handle) for number in termination_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
