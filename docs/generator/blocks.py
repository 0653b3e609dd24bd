"""Blocks of generated lines: `<!-- begin: KIND … -->` and `<!-- end -->`.

Tables are those of reports, from published records, of what was run.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sgbench.bench.errors import SgbenchError
from sgbench.reports.analysis.costs.convergence import convergences
from sgbench.reports.analysis.costs.waits import waits
from sgbench.reports.analysis.selection.select import Selection
from sgbench.reports.analysis.verdicts.intermediate import intermediate
from sgbench.reports.analysis.verdicts.medians import bins
from sgbench.reports.analysis.verdicts.places import NOT_COMPARABLE, places
from sgbench.reports.pages import notes
from sgbench.reports.pages.stages import sections as stage_sections
from sgbench.reports.tables.claims import claims_table
from sgbench.reports.tables.convergence import convergence_table
from sgbench.reports.tables.convergence import note as convergence_note
from sgbench.reports.tables.exhibit import main_table, model_table, results_table
from sgbench.reports.tables.formats.markdown import escape_markdown, markdown_table
from sgbench.reports.tables.intermediate import intermediate_table
from sgbench.reports.tables.medians import medians_table
from sgbench.reports.tables.table import Table
from sgbench.reports.tables.waits import waits_table
from sgbench.reproductions.exhibits.schema import CUSTOM

from . import figures, other, overview, sources
from .markers import MarkerError

Asked = dict[str, tuple[str, str, str, tuple[str, ...]]]
"""The figures that pages show: by file name what is drawn."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """Writes the blocks of the page `page` in the folder `docs`; notes which figures it shows."""

    docs: Path
    page: Path
    asked: Asked = field(default_factory=dict[str, tuple[str, str, str, tuple[str, ...]]])

    def write(self, words: list[str]) -> str:
        """Return the lines between the markers of a block. Raises MarkerError."""
        kind, *rest = words
        if kind == "figure":
            return self._figure(rest)
        if kind not in KINDS:
            raise MarkerError(
                f"unknown block {kind!r}: write one of {', '.join([*KINDS, 'figure'])}"
            )
        try:
            return KINDS[kind](rest).rstrip("\n")
        except SgbenchError as error:
            raise MarkerError(str(error)) from None

    def _figure(self, words: list[str]) -> str:
        if len(words) < 3:
            raise MarkerError("write: figure EXHIBIT SCALE NAME [FIELD=VALUE,…] or tune STUDY NAME")
        exhibit, scale, name, where = words[0], words[1], words[2], tuple(words[3:])
        if exhibit != figures.TUNE and sources.whole(exhibit, scale).frame.empty:
            return f"*Nothing is published at scale {scale} yet.*"
        title = figures.title(exhibit, scale, name, where)
        file = figures.file_name(exhibit, scale, name, where)
        self.asked[file] = (exhibit, scale, name, where)
        folder = os.path.relpath(self.docs / figures.FOLDER, self.page.parent)
        return f"![{escape_markdown(title)}]({Path(folder, file).as_posix()})"


def _asked(words: Sequence[str]) -> tuple[str, str, tuple[str, ...]]:
    if len(words) < 2:
        raise MarkerError("write: KIND EXHIBIT SCALE [FIELD=VALUE,…]")
    return words[0], words[1], tuple(words[2:])


def _table(words: list[str]) -> str:
    """Our results beside the paper's numbers, with verdicts where they can be judged."""
    found = sources.selection(*_asked(words))
    table = main_table(found, places(found), notes.marks(found))
    return _lines(_without(NOT_COMPARABLE, table), _protocol(found))


def _places(words: list[str]) -> str:
    """All places of an exhibit, run or not, beside the paper's numbers."""
    exhibit, scale, where = _asked(words)
    found = sources.whole(exhibit, scale).narrowed(sources.conditions(where))
    table = main_table(found, places(found), notes.marks(found))
    return _lines(_without(NOT_COMPARABLE, table), _protocol(found))


def _ours(words: list[str]) -> str:
    """Our results alone, whatever their M."""
    found = sources.selection(*_asked(words))
    return _lines(results_table(found, places(found)))


def _models(words: list[str]) -> str:
    """Our results by the hidden layers of M."""
    found = sources.selection(*_asked(words))
    table = model_table(found, places(found), notes.marks(found))
    if table is None:
        raise MarkerError("nothing there has several depths of M")
    return _lines(table)


def _claims(words: list[str]) -> str:
    """The exhibit's claims that were run, tested; comparisons of ours are marked."""
    exhibit, scale, where = _asked(words)
    found = sources.selection(exhibit, scale, where)
    results = sources.claims_in(found)
    if not results:
        raise MarkerError(f"no claim of {exhibit} was tested there at scale {scale}")
    reasons = any(one.why_not for one in results)
    more = " Not comparable: what stands in parentheses depends on the schedule." if reasons else ""
    return _lines(claims_table(found, results, notes.marks(found)), more)


def _comparisons(words: list[str]) -> str:
    """All of the exhibit's claims, run or not: for pages that stand before the first record."""
    found = sources.whole(*_asked(words)[:2])
    results = sources.claim_results(found.exhibit.name, found.scale)
    return _lines(claims_table(found, results, notes.marks(found)))


def _waits(words: list[str]) -> str:
    """What each rule's hidden layers wait for and keep, by declarations."""
    found = sources.whole(*_asked(words)[:2])
    table = waits_table(found, waits(found))
    if table is None:
        raise MarkerError("all rules there wait for the same")
    return _lines(table)


def _convergence(words: list[str]) -> str:
    """How long each rule trained until its validation error no longer fell, where any was run."""
    found = sources.selection(*_asked(words))
    converged = convergences(found)
    table = convergence_table(found, converged)
    if table is None:
        raise MarkerError("no cell with patience was run there")
    return _lines(table, f" {convergence_note(converged)}")


def _medians(words: list[str]) -> str:
    """The medians of a population by bins of p_update, beside the paper's, where any was run."""
    exhibit, scale, where = _asked(words)
    found = sources.selection(exhibit, scale, where)
    there = set(found.cells)
    every = found if scale == CUSTOM else sources.whole(exhibit, scale)  # not several of one value
    some = [one for one in bins(every) if there.issuperset(one.cells)]
    ran = {one.paper.at for one in some if one.found}
    missing = sorted({round(o.paper.at * o.cell.iterations) for o in some if o.paper.at not in ran})
    if scale == CUSTOM:  # nothing more of them is planned
        missing, some = [], [one for one in some if one.found]
    table = medians_table(found, [one for one in some if one.paper.at in ran])
    listed = " and ".join(f"{n:,}" for n in missing)
    not_run = f" Not run: the medians after {listed} iterations." if missing else ""
    return _lines(_without(NOT_COMPARABLE, table), _protocol(found) + not_run)


def _intermediate(words: list[str]) -> str:
    """The places before the end of training, run or not, beside the paper's curves."""
    exhibit, scale, where = _asked(words)
    sources.selection(exhibit, scale, where)  # which refuses what picks no cell
    found = sources.whole(exhibit, scale).narrowed(sources.conditions(where))
    table = intermediate_table(found, intermediate(found), notes.marks(found))
    if table is None:
        raise MarkerError(f"{exhibit} has no places before the end of training at scale {scale}")
    return _lines(_without(NOT_COMPARABLE, table), _protocol(found))


def _code(table: str) -> str:
    """Return a table whose escaped backticks are code again."""
    return re.sub(r"\\`(.*?)\\`", lambda m: f"`{m[1]}`".replace("\\", ""), table)


def _without(word: str, table: Table) -> Table:
    """Return the table without the lines that say `word`: the words below it say it once."""
    rows = tuple(
        (stub, tuple(replace(e, lines=tuple(w for w in e.lines if w != word)) for e in entries))
        for stub, entries in table.rows
    )
    return replace(table, rows=rows)


def _protocol(found: Selection) -> str:
    """Return how the protocol differs from the paper's, if it does."""
    words = found.difference()
    return "" if words is None else f" Not comparable with the paper's numbers ({words})."


def _lines(table: Table, more: str = "") -> str:
    caption = f"{table.caption}: mean ± half-width of the 95 % interval (seeds)."
    if "interval" in table.caption or not any("±" in line for line in _entry_lines(table)):
        caption = f"{table.caption}."
    return f"{markdown_table(table)}\n{escape_markdown(caption + more)}\n"


def _entry_lines(table: Table) -> list[str]:
    return [line for _, entries in table.rows for entry in entries for line in entry.lines]


def _exhibits(words: list[str]) -> str:
    """README: whether the paper reproduces, an exhibit a row (no words)."""
    return _code(markdown_table(overview.exhibits(words)))


def _beside(words: list[str]) -> str:
    """README: Table 1 on MNIST beside the paper's, at every schedule that was run (no words)."""
    return markdown_table(overview.beside(words))


def _stages(words: list[str]) -> str:
    """A part of the report on networks in stages (EXHIBIT SCALE answer, crossovers, seconds…)."""
    if len(words) != 3:
        raise MarkerError("write: stages EXHIBIT SCALE NAME")
    found = sources.stages(words[0], words[1])
    parts = {one.name: one for one in stage_sections(found)} if found else {}
    if words[2] not in parts:
        raise MarkerError(f"{words[0]} {words[1]} has no part {words[2]!r}: {', '.join(parts)}")
    part = parts[words[2]]
    if part.table is not None:
        return markdown_table(part.table)
    return "\n".join(f"- {escape_markdown(line)}" for line in part.notes)


def _study(words: list[str]) -> str:
    """The outcome of a published study (NAME)."""
    return _lines(other.outcome(words))


def _speeds(words: list[str]) -> str:
    """Published timings of programs (EXHIBIT, and FIELD=VALUE,…)."""
    return markdown_table(other.speed(words))


def _verbs(words: list[str]) -> str:
    """README: the commands, each with its help's first sentence (no words)."""
    return _code(markdown_table(other.verbs(words)))


KINDS: Mapping[str, Callable[[list[str]], str]] = {
    "table": _table,
    "places": _places,
    "ours": _ours,
    "models": _models,
    "claims": _claims,
    "comparisons": _comparisons,
    "waits": _waits,
    "convergence": _convergence,
    "medians": _medians,
    "intermediate": _intermediate,
    "exhibits": _exhibits,
    "beside": _beside,
    "verbs": _verbs,
    "stages": _stages,
    "study": _study,
    "speeds": _speeds,
}
"""By kind: what writes it. `figure`, which knows its page, is in `Blocks`."""
