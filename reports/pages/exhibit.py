"""The words of a report around its tables and figures: as a page, for LaTeX, for a terminal."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from ...bench import datasets
from ...results.record import STATUSES
from ..analysis import medians, population
from ..analysis.protocol import PAPER
from ..analysis.select import Selection
from ..analysis.verdicts import NOT_COMPARABLE, Place, Row, at
from ..tables import exhibit as exhibit_tables
from ..tables.csv import OF_RULES
from ..tables.latex import tex_table
from ..tables.table import Grid, escape_markdown, markdown_table, plain, text_table

_INTERVAL = "Mean ± half-width of the 95 % Student-t interval over seeds (number of seeds)."
_VERDICTS = (
    "Verdicts. Reproduced: the 90 % interval lies inside the paper's number ± the exhibit's margin;"
    " not reproduced: it lies wholly outside; inconclusive: neither, or one seed; not run: no"
    " record; not comparable: the protocol is not the paper's."
)
_CLAIMS = (
    "The numbers compared are means over seeds. p is one-sided, paired by seed, adjusted by Holm"
    " over all rows. Reproduced: p is below 0.05; not reproduced: the p of the contrary is;"
    " inconclusive: neither."
)
_LEVELS = "Not comparable: a level that this scale misses, whose protocol is not the paper's."
_RULES = {
    "no_bprop": "only the classifier learns",
    "backprop": "every layer learns from the true gradient",
    "dni": "a hidden layer learns from the gradient that its model M predicts from its output",
    "cdni": "the same, M sees the label too",
    "bp_lambda": (
        "a hidden layer learns from λ times the gradient of the layer above, pulled back, and"
        " 1 - λ times what M predicts"
    ),
}
_RECURRENT_RULES = {
    "bptt": "backprop through the T steps of an unroll",
    "dni": "an unroll also learns from the gradient that M predicts at its end",
    "dni_aux": "the same, and the core predicts M's coming predictions",
}
_PAIR_RULES = {
    "end_to_end": "both networks learn from both losses, once in T x T steps",
    "no_feedback": "A learns from its own loss alone, every T steps",
    "dni": "A also learns from the gradient that M predicts at its message",
}
_RULES_OF = {"feedforward": _RULES, "recurrent": _RECURRENT_RULES, "pair": _PAIR_RULES}
_HEADINGS = {
    "table": "Table",
    "medians": "The paper's medians",
    "claims": "Ordering claims",
    "models": "The depth of M",
}
_MOST_FAILURES = 10


class Picture(NamedTuple):
    """A figure's file and its title."""

    file: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a report tells: the selection records, judged."""

    selection: Selection
    places: Sequence[Place]
    rows: Sequence[Row]
    bins: Sequence[medians.Bin]

    @property
    def marks(self) -> dict[tuple[str, str], str]:
        """Data that is not the original, (dataset, hash) to its mark: [a], [b] and so on."""
        found = self.selection.other_data[["dataset", "data_hash"]].drop_duplicates()
        pairs = sorted(zip(found["dataset"], found["data_hash"], strict=True))
        return {pair: f"[{_letters(n)}]" for n, pair in enumerate(pairs)}

    def grids(self) -> list[tuple[str, Grid]]:
        """Return the tables, each with a name."""
        main = binned = claims = None
        if not medians.instead(self.selection, self.bins):
            main = exhibit_tables.main(self.selection, self.places, self.marks)
        if self.bins:
            binned = medians.grid(self.selection, self.bins)
        if self.rows:
            claims = exhibit_tables.claims(self.selection, self.rows, self.marks)
        models = exhibit_tables.by_model(self.selection, self.places, self.marks)
        named = {"table": main, "medians": binned, "claims": claims, "models": models}
        return [(name, grid) for name, grid in named.items() if grid is not None]


def claim_name(told: Told, row: Row) -> str:
    """Return a claim's row by name, place and verdict."""
    place = at(told.selection, row.test.place)
    name = f"{row.test.claim.name} ({place})" if place else row.test.claim.name
    return f"{name}: {row.verdict}"


def markdown(told: Told, pictures: Iterable[Picture]) -> str:
    """Return the whole page in Markdown; `pictures` lie beside it."""
    selection = told.selection
    blocks = [f"# {escape_markdown(selection.exhibit.title)}", escape_markdown(_source(selection))]
    for lead, words in _warning(selection):
        blocks.append(f"> {f'**{escape_markdown(lead)}** ' * bool(lead)}{escape_markdown(words)}")
    blocks += [_list(_summary(told))]
    for name, grid in told.grids():
        blocks += [f"## {_HEADINGS[name]}", escape_markdown(f"{grid.caption}.")]
        blocks += [markdown_table(grid).rstrip()]
        blocks += [escape_markdown(note) for note in _notes(told, name)]
    shown = [f"![{escape_markdown(title)}]({file})" for file, title in pictures]
    if shown:
        blocks += ["## Figures", *shown]
    blocks += ["## Runs", _list(_runs(selection))]
    return "\n\n".join(blocks) + "\n"


def tex(told: Told) -> str:
    """Return the tables in LaTeX, for an input line; they need the package booktabs."""
    warning = [" ".join(words).strip() for words in _warning(told.selection)]
    label = f"tab:{told.selection.exhibit.name}-{told.selection.scale}"
    parts = [
        tex_table(grid, f"{label}-{name}", [*warning, *_notes(told, name)])
        for name, grid in told.grids()
    ]
    return "% needs \\usepackage{booktabs}\n" + "\n".join(parts)


def text(told: Told) -> str:
    """Return the report for a terminal: summary, tables, failures."""
    selection = told.selection
    blocks = [f"{plain(selection.exhibit.title)}\n{plain(_source(selection))}"]
    blocks += [plain(" ".join(words)) for words in _warning(selection)]
    for name, grid in told.grids():
        notes = "\n".join(plain(note) for note in _notes(told, name))
        blocks += [f"{plain(grid.caption)}.\n\n{text_table(grid).rstrip()}", notes]
    blocks += ["\n".join(plain(line) for line in (*_summary(told), *_failures(selection)))]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {escape_markdown(line)}" for line in lines)


def _source(selection: Selection) -> str:
    exhibit, scale = selection.exhibit, selection.exhibit.scale(selection.scale)
    return f"Source: {exhibit.source}. Scale {scale.name}: {scale.description}."


def _warning(selection: Selection) -> list[tuple[str, str]]:
    """Return how the protocol differs from the paper's, where it does, after what that means."""
    words = selection.difference()
    if words is None:
        return []
    told = selection.exhibit.numbers or selection.exhibit.medians
    lead = "Not comparable with the paper's numbers." if told else ""
    return [(lead, f"{words}.")]


def _summary(told: Told) -> list[str]:
    selection = told.selection
    found = Counter(selection.frame["status"])
    counts = ", ".join(f"{found[name]} {name}" for name in STATUSES if found[name])
    lines = [
        f"cells: {selection.done} of {selection.wanted} run" + (f" ({counts})" if counts else "")
    ]
    extra = len(selection.frame) - selection.done
    if extra:
        lines.append(f"further seeds than the scale's own: {extra} cells")
    if selection.stale:
        lines.append(f"left out, made by other versions of the code: {selection.stale} records")
    if selection.exhibit.numbers and selection.scale == PAPER:
        lines.append(f"places: {_counted(p.verdict for p in told.places if p.fills)}")
    if told.bins and selection.scale == PAPER:
        lines.append(f"medians: {_counted(one.verdict for one in told.bins)}")
    if told.rows:
        words = _counted(row.verdict for row in told.rows)
        lines.append(f"claims at scale {selection.scale}: {words}")
    return lines


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{n} {word}" for word, n in Counter(words).most_common())


def _notes(told: Told, name: str) -> list[str]:
    """Return what explains the table `name`: its numbers, its verdicts, its data."""
    notes = [{"claims": _CLAIMS, "medians": medians.NOTE}.get(name, _INTERVAL)]
    if name == "claims" and any(row.verdict == NOT_COMPARABLE for row in told.rows):
        notes.append(_LEVELS)
    first = "medians" if medians.instead(told.selection, told.bins) else "table"
    if name == first and exhibit_tables.against_paper(told.places):
        notes.append(_VERDICTS)
    if name == first:
        cells = told.selection.cells
        said = _RULES_OF[cells[0].family]
        rules = dict.fromkeys(cell.rule for cell in cells if cell.rule in said)
        label = told.selection.exhibit.label
        words = "; ".join(f"{label('rule', rule)}: {said[rule]}" for rule in rules)
        notes.append(f"Rules. {words}.")
        notes += population.notes(told.selection)
    left_out = len(told.rows) - len(exhibit_tables.shown(told.rows))
    if name == "claims" and left_out:
        notes.append(f"Not run, and not shown: {left_out} further rows.")
    return notes + [
        f"{mark} {told.selection.exhibit.label('dataset', dataset)} from files that are not the"
        f" original: data hash {data}, original {datasets.canonical_hash(dataset)}."
        for (dataset, data), mark in told.marks.items()
    ]


def _runs(selection: Selection) -> list[str]:
    """Return what the records were made on, by what and how long."""
    frame = selection.frame
    if frame.empty:
        return ["no records"]
    machines = frame.groupby(["device", "threads", "matmul", "torch"]).size()
    code = frame.groupby(["sgbench", "git_revision", "git_dirty"], dropna=False).size()
    hours = frame["train_seconds"].sum() / 3600
    return [
        *(f"machine: {_machine(*key)} ({_cells(n)})" for key, n in _largest_first(machines)),
        *(f"code: {_code(*key)} ({_cells(n)})" for key, n in _largest_first(code)),
        f"training, without evaluation and compilation: {hours:.2f} h in all",
        *_failures(selection),
    ]


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number} cells"


def _largest_first(sizes: "pd.Series[int]") -> Iterable[tuple[Any, int]]:
    return sizes.sort_values(ascending=False, kind="stable").items()


def _machine(device: str, threads: int, matmul: str, torch: str) -> str:
    words = "1 thread" if threads == 1 else f"{threads} threads"
    return f"{device}, {words}, {matmul}, torch {torch}"


def _code(sgbench: str, revision: Any, dirty: Any) -> str:
    words = "" if pd.isna(revision) else f", revision {revision[:12]}"
    return f"sgbench {sgbench}{words}{' with changes' if dirty is True else ''}"


def _failures(selection: Selection) -> list[str]:
    failed = selection.frame[selection.frame["status"] != "ok"]
    names = ("dataset", "network", "depth", "T", "rule", *OF_RULES, "sg_layers", "seed")
    lines: list[str] = []
    for row in failed[:_MOST_FAILURES].to_dict("records"):
        cell = ",".join(f"{name}={row[name]}" for name in names if not pd.isna(row[name]))
        reason = "" if pd.isna(row["error"]) else row["error"][:160]
        lines.append(f"{row['status']}: {row['id']} {cell}: {reason}")
    if len(failed) > _MOST_FAILURES:
        lines.append(f"and {len(failed) - _MOST_FAILURES} more that are not ok")
    return lines


def _letters(n: int) -> str:
    return chr(ord("a") + n % 26) * (n // 26 + 1)
