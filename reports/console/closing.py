"""How a run ended: its results, its failures, and the commands that come next."""

import shlex
from collections.abc import Sequence

from ...reproductions.running.request import RunRequest
from ..analysis.naming import count, duration, short_id
from .eta import Tally
from .plan import title
from .terminal import outcome

_MOST_FAILURES = 5  # that are named
_BAD = ("failed", "diverged")


def closing(request: RunRequest, tally: Tally, argv: Sequence[str], reading: Sequence[str]) -> str:
    """Return the last lines of a run.

    Args:
        request: what was asked for.
        tally: what came of it.
        argv: the command's arguments.
        reading: the options by which another command reads the same store.
    """
    table = ""
    if tally.plan.programs and tally.counts["done"]:
        from .results import results_text  # pandas

        table = results_text(request, [record for record in tally.records if record is not None])
    lines = [_summary(request, tally), *_failures(tally)]
    if tally.cells_left:
        lines.append(f"go on:   {_command(argv)}")
    elif bad := unsuccessful(tally):
        again = _without(argv, "--retry")
        lines.append(f"retry:   {_command([*again, '--retry', ','.join(bad)])}")
    if tally.counts["done"]:
        report = ["report", request.exhibit, "--scale", request.label, *reading]
        lines.append(f"report:  {_command(report)}")
    return table + "\n".join(lines) + "\n"


def interruption(request: RunRequest, tally: Tally, argv: Sequence[str]) -> str:
    """Return what was interrupted, and the command that goes on with it."""
    done = f"{_summary(request, tally)}, stored in {request.store.path}"
    done = done if tally.states else "nothing was run"
    return f"interrupted: {done}; go on with: {_command(argv)}"


def unsuccessful(tally: Tally) -> list[str]:
    """Return the states of cells that came to no result and are trained again on demand only."""
    return [state for state in _BAD if tally.counts[state]]


def _without(argv: Sequence[str], option: str) -> list[str]:
    """Return the arguments without an option and its value."""
    kept: list[str] = []
    arguments = iter(argv)
    for argument in arguments:
        if argument == option:
            next(arguments, None)
        elif not argument.startswith(f"{option}="):
            kept.append(argument)
    return kept


def _command(argv: Sequence[str]) -> str:
    return shlex.join(["sgbench", *argv])


def _summary(request: RunRequest, tally: Tally) -> str:
    """Return the number of cells in each state, on one line."""
    counts = tally.counts
    words = f"{title(request)}: {counts['done']:,} of {count(len(tally.states), 'cell')} done"
    if tally.plan.programs:
        words += f" ({counts['done'] - tally.before:,} now, in {duration(tally.elapsed)})"
    words += "".join(f", {counts[s]:,} {s}" for s in _BAD if counts[s])
    return words + (f", {tally.cells_left:,} left" if tally.cells_left else "")


def _failures(tally: Tally) -> list[str]:
    """Return a line for each of the first cells that failed or diverged."""
    bad = [n for n, state in enumerate(tally.states) if state in _BAD]
    lines: list[str] = []
    for index in bad[:_MOST_FAILURES]:
        record = tally.records[index]
        reason = "" if record is None else outcome(record)
        lines.append(f"  {short_id(tally.plan.cells[index].id)}  {tally.names[index]}  {reason}")
    more = len(bad) - _MOST_FAILURES
    return [*lines, f"  and {more:,} more"] if more > 0 else lines
