"""Words that the verbs' texts share: outcomes, wrapped lines, emphasis.

Texts have the escape sequences of a terminal; what prints them strips these elsewhere.
"""

import shutil
import textwrap
from collections.abc import Mapping
from typing import Any

from ...bench.cell import Cell
from ...bench.errors import one_line
from ...results.metrics import Measure, measure_of, measures_of, results_of
from ...results.record import Record
from ...results.tuning_objective import objective_of


def width() -> int:
    """Return the width of the terminal."""
    return shutil.get_terminal_size((100, 30)).columns


def outcome(record: Record) -> str:
    """Return how a cell ended, in a few words."""
    if record.status == "partial" and record.known and record.curve:
        at = f"at {record.iterations_done:,} of {record.iterations:,} iterations"
        return f"{evaluation(record.cell, record.curve[-1])} {at}"
    if record.status != "ok":
        return f"{record.status}: {one_line(record.error or 'no reason is known')}"
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
