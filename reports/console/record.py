"""One record: finding it by the first digits of its id, and all that it says."""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, cast

from ...bench.errors import UsageError, one_line
from ...results.applicable_fields import not_applying
from ...results.record import Record, describe
from ..analysis.naming import cell_names, count
from ..tables.formats.text import UNLIMITED, text_table
from ..tables.table import simple_table
from .terminal import bold, dim, outcome, wrap

_COLUMNS = {  # of a curve: its fields that are one number, and how they are headed
    "seconds": "seconds",
    "error": "error %",
    "error_a": "error A %",
    "error_b": "error B %",
    "loss": "loss",
    "train_loss": "train loss",
    "bits": "bits",
    "longest": "T_task",
    "aux_loss": "aux loss",
}
_PARTS = ("forward", "backward", "model", "update", "message")  # of an update of a stage
_NAME, _VALUE = 20, 24  # widths of the columns that `show` prints


def whole_record(record: Record, width: int) -> str:
    """Return everything that a record holds, with each field's meaning, then levels and curve.

    What does not apply to its cell is left out.
    """
    (name,), beside = cell_names([record]), not_applying(record)
    title = one_line(f"{record.exhibit}, scale {record.scale}: {name}")
    lines = [bold(title), outcome(record).strip(), ""]
    for field, value, unit, meaning in describe(record):
        if field in beside and value in (None, []):
            continue
        shown = _value(value, unit)
        if len(shown) <= _VALUE:
            first, *rest = wrap(meaning, width, _NAME + _VALUE + 2)
            lines.append(f"{field:{_NAME}}{shown:{_VALUE}}  {dim(first.strip())}")
        else:
            lines.append(f"{field:{_NAME}}{shown}")
            rest = wrap(meaning, width, _NAME + _VALUE + 2)
        lines += [dim(line) for line in rest]
    return "\n".join(lines) + "\n" + "".join(f"\n{table}" for table in _curve(record))


def pick(records: Iterable[Record], prefix: str, store: str) -> list[Record]:
    """Return the records, one a machine class, of the one cell whose id starts with `prefix`.

    Raises UsageError where no cell's id does, or several do.
    """
    records, start = list(records), prefix.strip().lower()
    ids = sorted({record.id for record in records})
    found = [name for name in ids if name.startswith(start)] if start else []
    if not found:
        near = difflib.get_close_matches(start, ids, n=3, cutoff=0.5)
        tail = f"; nearest: {', '.join(near)}" if near else f" ({count(len(ids), 'cell')})"
        raise UsageError(f"no record in {store} has an id that starts with {prefix!r}{tail}")
    if len(found) > 1:
        some = ", ".join(found[:4]) + (", …" if len(found) > 4 else "")
        raise UsageError(f"{prefix!r} is the start of {len(found)} ids, give more of it: {some}")
    return [record for record in records if record.id == found[0]]


def _value(value: Any, unit: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):  # of the curve, the progression, the stages or their timeline
        return count(len(cast("list[Any]", value)), "row")
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[Any, ...]", value))) or "none"
    return f"{one_line(str(value))} {unit}".strip()


def _curve(record: Record) -> list[str]:
    points = record.curve
    if not points:
        return _stages(record)
    names = [name for name in _COLUMNS if any(point[name] is not None for point in points)]
    rows = [[str(p["iteration"]), *(_short(p[name]) for name in names)] for p in points]
    tables = [_table(["iteration", *(_COLUMNS[name] for name in names)], rows)]
    if record.progression:
        heads = ["T_task", "symbols", "repeats", "iteration", "steps of data", "seconds"]
        keys = ("length", "symbols", "repeats", "iteration", "data_steps")
        solved = record.progression
        levels = [[*(str(p[key]) for key in keys), _short(p["seconds"])] for p in solved]
        tables.insert(0, _table(heads, levels))
    tables += _stages(record)
    layers = len(points[0]["sg_loss"] or ())
    if layers:
        heads = (f"{word} {n}" for word in ("M loss", "cosine") for n in range(1, layers + 1))
        rows = [
            [str(p["iteration"]), *(_short(v) for v in (*p["sg_loss"], *p["sg_cosine"]))]
            for p in points
        ]
        tables.append(_table(["iteration", *heads], rows))
    if points[0]["updates"]:
        heads = [f"updates {n}" for n in range(1, len(points[0]["updates"]) + 1)]
        rows = [[str(p["iteration"]), *map(str, p["updates"])] for p in points]
        tables.append(_table(["iteration", *heads], rows))
    return tables


def _stages(record: Record) -> list[str]:
    """Return what each stage did, and its times alone; nothing of a network trained whole."""
    if not record.pipeline:
        return []
    counts = {
        "layers": "layers",
        "updates": "updates",
        "updates_per_second": "updates/s",
        "busy": "busy %",
        "waiting": "waiting %",
        "communicating": "communicating %",
        "bytes_sent": "bytes sent",
        "dropped": "dropped",
        "staleness": "staleness",
        "staleness_max": "largest",
    }
    times = {f"{name}_seconds": f"{name} ms" for name in _PARTS}
    return [
        _table(
            ["stage", *heads.values()],
            [
                [str(row["stage"]), *(_scaled(head, row[n]) for n, head in heads.items())]
                for row in record.pipeline
            ],
        )
        for heads in (counts, times)
    ]


def _scaled(head: str, value: float | None) -> str:
    """Return a number in the unit that its heading names: percent or milliseconds."""
    factor = 100 if head.endswith("%") else 1000 if head.endswith(" ms") else 1
    return _short(None if value is None else factor * value)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return text_table(simple_table(heads, rows, stubs=0), UNLIMITED)


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
