"""Words and columns that the verbs' texts share: times, counts, names of cells, outcomes.

Texts have the escape sequences of a terminal; what prints them strips these elsewhere.
"""

import itertools
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from ...bench.cell import Cell
from ...bench.configuration import hyperparameters
from ...results.metrics import Measure, measure_of, measures_of, objective_of, results_of
from ...results.record import Record
from ..tables.table import plain

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_DIGITS = 8  # of an id: enough to tell a store's cells apart


def width() -> int:
    """Return the width of the terminal."""
    return shutil.get_terminal_size((100, 30)).columns


def duration(seconds: float) -> str:
    """Return a time in one or two units: `8 s`, `1 min 50 s`, `2 h 5 min`, `3 d 4 h`."""
    for (size, name), (small, less) in itertools.pairwise(_UNITS):
        if round(seconds) >= size:
            whole, rest = divmod(round(seconds / small), size // small)
            return f"{whole} {name}" + (f" {rest} {less}" if rest else "")
    return f"{max(1, round(seconds))} s"


def count(number: int, word: str) -> str:
    """Return a number with its noun: `1 cell`, `1,200 cells`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def short_id(id: str) -> str:  # noqa: A002
    """Return the first digits of a cell's id, enough for `sgbench show`."""
    return id[:_DIGITS]


def cell_names(cells: Sequence[Cell | Record], *, seeds: bool = True) -> list[str]:
    """Return a short name for each cell, with the fields that distinguish it from the others.

    Records stand for their cells, also where their rule is not registered. Without `seeds` the
    names are those of programs, whose seeds are left out.
    """
    names = [
        f"{_base_name(cell)} seed {cell.seed}" if seeds else _base_name(cell) for cell in cells
    ]
    first: dict[str, dict[str, Any]] = {}
    extra: dict[str, None] = {}
    for name, cell in zip(names, cells, strict=True):
        values = cell.to_dict() if isinstance(cell, Cell) else cell.configuration
        other = first.setdefault(name, values)
        if other is not values:
            extra |= {field: None for field in values if values[field] != other.get(field)}
    tails = (" ".join(_told(cell, field) for field in extra) for cell in cells)
    return [plain(f"{name} {tail}") for name, tail in zip(names, tails, strict=True)]


def _told(cell: Cell | Record, field: str) -> str:
    value = cell.value(field)
    return f"{field}={value:g}" if isinstance(value, float) else f"{field}={value}"


def _base_name(cell: Cell | Record) -> str:
    size = cell.depth if cell.T is None else f"T{cell.T}"
    words = [f"{cell.dataset} {cell.network} {size} {cell.rule}"]
    for name, value in dict(cell.hyperparameters).items():
        known = hyperparameters().get(name)
        words += [f"{known.symbol}{value:g}"] if known and known.symbol else []
    if cell.sg_layers is not None:
        words.append(f"M{cell.sg_layers}")
    if cell.p_update is not None:
        words.append(f"{cell.decoupled} p{cell.p_update:g}")
    return " ".join(words)


def outcome(record: Record) -> str:
    """Return how a cell ended, in a few words."""
    if record.status != "ok":
        return f"{record.status}: {plain(record.error or 'no reason is known')}"
    words = ", ".join(_result(record, measure) for measure in measures_of(record))
    rate = record.steps_per_second
    return words + (f", {rate:,.{0 if rate >= 10 else 1}f} steps/s" if rate else "")


def evaluation(cell: Cell, point: Mapping[str, Any]) -> str:
    """Return what an evaluation during training has found: a point of a curve of the cell's."""
    measures = [measure_of(cell.dataset, result) for result in results_of(cell.dataset)]
    values = [point[field] for field in objective_of(cell.dataset).point]
    return ", ".join(_measured(v, m).strip() for v, m in zip(values, measures, strict=True))


def _result(record: Record, measure: Measure) -> str:
    values = (getattr(record, field) for field in measure.fields)
    value = next((value for value in values if value is not None), None)
    return _measured(value, measure)


def _measured(value: float | None, measure: Measure) -> str:
    if value is None:
        return "no result"
    return f"{value:6.{measure.decimals if isinstance(value, float) else 0}f} {measure.unit}"


def columns(rows: Sequence[Sequence[str]], *, left: int = 0) -> str:
    """Return rows in aligned columns, the first row as their heading.

    The first `left` columns are aligned on the left, the others on the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = [str.ljust if n < left else str.rjust for n in range(len(widths))]
    lines = [
        "  ".join(align(text, size) for align, text, size in zip(aligned, row, widths, strict=True))
        for row in rows
    ]
    head, *others = (line.rstrip() for line in lines)
    return "\n".join([dim(head), *others]) + "\n"


def wrap(text: str, width: int, indent: int) -> list[str]:
    """Return text in lines of at most `width` characters, indented; at least 30 are text."""
    return textwrap.wrap(
        text,
        max(width, indent + 30),
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
    ) or [""]


def bold(text: str) -> str:
    """Return text in bold."""
    return f"\x1b[1m{text}\x1b[0m"


def dim(text: str) -> str:
    """Return text in a faint colour."""
    return f"\x1b[2m{text}\x1b[0m" if text else ""
