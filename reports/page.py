"""The words of a report around its tables and figures: as a page, for LaTeX, for a terminal."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..bench import datasets
from ..results.record import STATUSES, Record
from . import tables
from .gather import Gathered
from .judge import NOT_COMPARABLE, Place, Row, at
from .protocol import PAPER, difference
from .table import Grid, escape_markdown, markdown_table, plain, tex_table, text_table

_VERDICTS = (
    "reproduced: the 90 % Student-t interval over seeds lies inside the paper's number ± the"
    " exhibit's margin; not reproduced: it lies wholly outside; inconclusive: neither, or one seed;"
    " not run: no record; not comparable: the protocol is not the paper's."
    " A claim is reproduced where its p is below 0.05, not reproduced where its contrary's is."
)
_MOST_FAILURES = 10


class Picture(NamedTuple):
    """A figure's file and its title."""

    file: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a report tells: the gathered records, judged."""

    gathered: Gathered
    places: Sequence[Place]
    rows: Sequence[Row]

    @property
    def marks(self) -> dict[tuple[str, str], str]:
        """Data that is not the original, (dataset, hash) to its mark: [a], [b] and so on."""
        records = self.gathered.records
        found = sorted({(r.dataset, r.data_hash) for r in records if not r.data_canonical})
        return {pair: f"[{_letters(n)}]" for n, pair in enumerate(found)}

    def grids(self) -> list[tuple[str, Grid]]:
        """Return the tables, each with a name."""
        main = tables.main(self.gathered, self.places, self.marks)
        models = tables.by_model(self.gathered, self.places, self.marks)
        claims = tables.claims(self.gathered, self.rows, self.marks) if self.rows else None
        named = {"table": main, "claims": claims, "models": models}
        return [(name, grid) for name, grid in named.items() if grid is not None]


def claim_name(told: Told, row: Row) -> str:
    """Return a claim's row by name and place."""
    place = at(told.gathered, row.test.place)
    return f"{row.test.claim.name} ({place})" if place else row.test.claim.name


def markdown(told: Told, pictures: Iterable[Picture]) -> str:
    """Return the whole page in Markdown; `pictures` lie beside it."""
    gathered = told.gathered
    blocks = [f"# {escape_markdown(gathered.exhibit.title)}", escape_markdown(_source(gathered))]
    notes = _notes(told)
    blocks += [f"> {escape_markdown(note)}" for note in _warning(gathered)]
    blocks += ["\n".join(f"- {escape_markdown(line)}" for line in _summary(told))]
    headings = {"table": "Table", "claims": "Ordering claims", "models": "The depth of M"}
    for name, grid in told.grids():
        blocks += [f"## {headings[name]}", escape_markdown(f"{grid.caption}.")]
        blocks += [markdown_table(grid).rstrip()]
        if name == "table":
            blocks += [escape_markdown(note) for note in notes]
    shown = [f"![{escape_markdown(title)}]({file})" for file, title in pictures]
    if shown:
        blocks += ["## Figures", *shown]
    blocks += ["## Runs", "\n".join(f"- {escape_markdown(line)}" for line in _runs(told))]
    return "\n\n".join(blocks) + "\n"


def tex(told: Told) -> str:
    """Return the tables in LaTeX, for an input line; they need the package booktabs."""
    warning = _warning(told.gathered)
    name = f"{told.gathered.exhibit.name}-{told.gathered.scale}"
    parts = [
        tex_table(
            grid,
            f"tab:{name}-{kind}",
            [*warning, *(_notes(told) if kind == "table" else _data_notes(told))],
        )
        for kind, grid in told.grids()
    ]
    return "% needs \\usepackage{booktabs}\n" + "\n".join(parts)


def text(told: Told) -> str:
    """Return the report for a terminal: summary, tables, failures."""
    gathered = told.gathered
    blocks = [f"{plain(gathered.exhibit.title)}\n{plain(_source(gathered))}"]
    blocks += [plain(line) for line in _warning(gathered)]
    for _, grid in told.grids():
        blocks.append(f"{plain(grid.caption)}.\n\n{text_table(grid).rstrip()}")
    blocks += ["\n".join(plain(line) for line in _notes(told))]
    blocks += ["\n".join(plain(line) for line in (*_summary(told), *_failures(gathered)))]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _source(gathered: Gathered) -> str:
    exhibit, scale = gathered.exhibit, gathered.exhibit.scale(gathered.scale)
    return f"Source: {exhibit.source}. Scale {scale.name}: {scale.description}."


def _warning(gathered: Gathered) -> list[str]:
    """Return how the protocol differs from the paper's, where it does."""
    words = difference(gathered.exhibit, gathered.scale)
    if words is None:
        return []
    if gathered.exhibit.numbers:
        return [f"{NOT_COMPARABLE.capitalize()} with the paper's numbers. {words}."]
    return [f"{words}."]


def _summary(told: Told) -> list[str]:
    gathered = told.gathered
    status = Counter(record.status for record in gathered.records)
    counts = ", ".join(f"{status[name]} {name}" for name in STATUSES if status[name])
    lines = [
        f"cells: {gathered.done} of {gathered.wanted} run" + (f" ({counts})" if counts else "")
    ]
    extra = len(gathered.records) - gathered.done
    if extra:
        lines.append(f"further seeds than the scale's own: {extra} cells")
    stale = sum(group.stale for group in gathered.groups)
    if stale:
        lines.append(f"left out, made by other versions of the code: {stale} records")
    if gathered.exhibit.numbers and gathered.scale == PAPER:
        lines.append(f"places: {_counted(p.verdict for p in told.places if p.fills)}")
    if told.rows:
        words = _counted(row.verdict for row in told.rows)
        lines.append(f"claims at scale {gathered.scale}: {words}")
    return lines


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{n} {word}" for word, n in Counter(words).most_common())


def _notes(told: Told) -> list[str]:
    """Return what explains the table: its numbers, its verdicts, its data."""
    notes = ["Mean ± half-width of the 95 % Student-t interval over seeds (number of seeds)."]
    if told.gathered.exhibit.numbers:
        notes.append(_VERDICTS)
    return notes + _data_notes(told)


def _data_notes(told: Told) -> list[str]:
    return [
        f"{mark} {told.gathered.exhibit.label('dataset', dataset)} from files that are not the"
        f" original: data hash {name}, original {datasets.canonical_hash(dataset)}."
        for (dataset, name), mark in told.marks.items()
    ]


def _runs(told: Told) -> list[str]:
    records = told.gathered.records
    lines = [
        f"machine: {name} ({n} cells)"
        for name, n in Counter(_machine(record) for record in records).most_common()
    ]
    lines += [
        f"code: {name} ({n} cells)"
        for name, n in Counter(_code(record) for record in records).most_common()
    ]
    if records:
        hours = sum(record.train_seconds for record in records) / 3600
        lines.append(f"training, without evaluation and compilation: {hours:.2f} h in all")
    return [*(lines or ["no records"]), *_failures(told.gathered)]


def _machine(record: Record) -> str:
    threads = "1 thread" if record.threads == 1 else f"{record.threads} threads"
    return f"{record.device}, {threads}, {record.matmul}, torch {record.torch}"


def _code(record: Record) -> str:
    revision = "" if record.git_revision is None else f", revision {record.git_revision[:12]}"
    return f"sgbench {record.sgbench}{revision}{' with changes' if record.git_dirty else ''}"


def _failures(gathered: Gathered) -> list[str]:
    failed = [record for record in gathered.records if record.status != "ok"]
    names = ("dataset", "network", "depth", "rule", "sg_layers", "seed")
    lines: list[str] = []
    for record in failed[:_MOST_FAILURES]:
        cell = ",".join(
            f"{name}={getattr(record, name)}" for name in names if getattr(record, name) is not None
        )
        lines.append(f"{record.status}: {record.id} {cell}: {(record.error or '')[:160]}")
    if len(failed) > _MOST_FAILURES:
        lines.append(f"and {len(failed) - _MOST_FAILURES} more that are not ok")
    return lines


def _letters(n: int) -> str:
    return chr(ord("a") + n % 26) * (n // 26 + 1)
