"""Tables of what is no exhibit: studies of `sgbench tune`, timings of `sgbench time`, the verbs."""

import functools

import click
from sgbench.cli import main
from sgbench.reports.analysis.costs.speeds import speeds
from sgbench.reports.analysis.study_results import StudyResults, study_results
from sgbench.reports.figures.tuning import drawn
from sgbench.reports.tables.speeds import speed_table
from sgbench.reports.tables.study import outcome_table
from sgbench.reports.tables.table import Table, simple_table
from sgbench.results.store import study as studies
from sgbench.results.store.published import PUBLISHED, open_published
from sgbench.results.timings import Timing, Timings

from . import sources
from .markers import MarkerError


@functools.cache
def study(name: str) -> StudyResults:
    """Return a published study. Raises MarkerError where there is none of that name."""
    store = open_published()
    known = studies.names(store)
    if name not in known:
        raise MarkerError(f"no study {name!r}: {', '.join(known)}")
    return study_results(studies.load(store, name), sources.records())


def outcome(words: list[str]) -> Table:
    """Return the table of a study's outcome."""
    if len(words) != 1:
        raise MarkerError("write: study NAME")
    return outcome_table(study(words[0]))


@functools.cache
def study_figure(name: str, figure: str) -> tuple[str, bytes]:
    """Return (title, PNG) of a figure of a study. Raises MarkerError where there is none."""
    found = {one: (title, content["png"]) for one, title, content in drawn(study(name), ["png"])}
    if figure not in found:
        raise MarkerError(f"study {name} has no figure {figure!r}: {', '.join(found)}")
    return found[figure]


@functools.cache
def timings() -> tuple[Timing, ...]:
    """Return the published timings."""
    return tuple(Timings(PUBLISHED, read_only=True).scan_known())


def speed(words: list[str]) -> Table:
    """Return the table of the speeds of an exhibit's programs: those that FIELD=VALUE,… picks."""
    if not words:
        raise MarkerError("speeds: give an exhibit first")
    exhibit, *conditions = words
    where = sources.conditions(conditions)
    mine = [timing for timing in timings() if timing.exhibit == exhibit]
    found = [one for one in speeds(mine) if where is None or where.matches(one.cell)]
    if not found:
        raise MarkerError("no program was timed there")
    return speed_table(found)


def verbs(words: list[str]) -> Table:
    """Return the table of the commands, each with the first sentence of its help."""
    if words:
        raise MarkerError("verbs takes no words")
    rows = [(f"`sgbench {name}`", sentence) for name, sentence in commands()]
    return simple_table(("command", "what it does"), rows)


def commands() -> list[tuple[str, str]]:
    """Return (name, first sentence of its help) of every command, in the order of the help."""
    context = click.Context(main)
    found = [(name, main.get_command(context, name)) for name in main.list_commands(context)]
    return [(name, command.get_short_help_str(200)) for name, command in found if command]
