"""What the verbs say on a terminal, as text; what prints it strips the colours where need be."""

import difflib
import itertools
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from ...bench import registry
from ...bench.cell import Cell
from ...bench.datasets import Status
from ...bench.errors import UsageError
from ...reproductions.exhibits.schema import Exhibit
from ...reproductions.running.dry_run import DryRun
from ...results.metrics import Measure, measure_of, not_applying, results_of
from ...results.record import Record, describe
from ..tables.table import plain

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_NOTES = {
    "timeout": "were cut short",
    "pruned": "were given up by a study",
    "stale": "have results of other code or other data",
    "failed": "only with --retry failed",
    "diverged": "only with --retry diverged",
}
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
_NAME, _VALUE = 20, 24  # widths of the columns that `show` prints
_DIGITS = 8  # of an id: enough to tell a store's cells apart


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
    """Return as much of a cell's id as `sgbench show` needs."""
    return id[:_DIGITS]


def cell_names(cells: Sequence[Cell], *, seeds: bool = True) -> list[str]:
    """Return a short name for each cell, with the fields that tell it from the others.

    Without `seeds` they are names of programs, whose seed is left out.
    """
    names = [
        f"{_base_name(cell)} seed {cell.seed}" if seeds else _base_name(cell) for cell in cells
    ]
    first: dict[str, dict[str, Any]] = {}
    extra: dict[str, None] = {}
    for name, cell in zip(names, cells, strict=True):
        values = cell.to_dict()
        other = first.setdefault(name, values)
        if other is not values:
            extra |= {field: None for field in values if values[field] != other[field]}
    tails = (" ".join(_told(cell, field) for field in extra) for cell in cells)
    return [plain(f"{name} {tail}") for name, tail in zip(names, tails, strict=True)]


def _told(cell: Cell, field: str) -> str:
    value = cell.value(field)
    return f"{field}={value:g}" if isinstance(value, float) else f"{field}={value}"


def _base_name(cell: Cell) -> str:
    size = cell.depth if cell.T is None else f"T{cell.T}"
    words = [f"{cell.dataset} {cell.network} {size} {cell.rule}"]
    own = registry.RULES.declared(cell.rule).hyperparameters
    words += [f"{one.symbol}{cell.value(one.name):g}" for one in own if one.symbol]
    if cell.sg_layers is not None:
        words.append(f"M{cell.sg_layers}")
    if cell.p_update is not None:
        words.append(f"{cell.decoupled} p{cell.p_update:g}")
    return " ".join(words)


def outcome(record: Record) -> str:
    """Return how a cell ended, in a few words."""
    if record.status != "ok":
        return f"{record.status}: {plain(record.error or 'no reason is known')}"
    measures = (measure_of(record.dataset, result) for result in results_of(record.dataset))
    words, rate = ", ".join(_result(record, m) for m in measures), record.steps_per_second
    return words + (f", {rate:,.{0 if rate >= 10 else 1}f} steps/s" if rate else "")


def _result(record: Record, measure: Measure) -> str:
    values = (getattr(record, field) for field in measure.fields)
    value = next((value for value in values if value is not None), None)
    if value is None:
        return "no result"
    return f"{value:6.{measure.decimals if isinstance(value, float) else 0}f} {measure.unit}"


def plan_text(title: str, seen: DryRun, store: str) -> str:
    """Return what is done, what a run would do and how long it would take."""
    plan = seen.plan
    lines = [f"{title}: {count(len(plan.cells), 'cell')}", ""]
    rerun = {plan.cells[index].state for program in plan.programs for index in program}
    for state, number in plan.counts().items():
        note = _note(state, state in rerun, seen.checkpoints.get(state, 0))
        lines.append(f"  {state:9}  {number:6,}  {_dim(note)}".rstrip())
    lines.append("")
    cells = sum(map(len, plan.programs))
    if cells:
        programs = len(plan.programs)
        parts = "" if programs == cells else f" in {count(programs, 'program')}"
        workers = "one at a time" if seen.workers == 1 else f"{seen.workers} at a time"
        unknown = "time unknown (sgbench run --dry-run measures it)"
        time = unknown if seen.seconds is None else f"about {duration(seen.seconds)}"
        lines.append(f"next run   {count(cells, 'cell')}{parts}, {workers}, {time}")
    else:
        lines.append("next run   nothing to do")
    if seen.too_large:
        number = sum(len(plan.programs[program]) for program in seen.too_large)
        why = next(iter(seen.too_large.values())).partition(": ")[2]
        lines.append(f"too large  {count(number, 'cell')} would fail: {why}")
    lines.append(f"store      {store}")
    lines.append(f"machine    {seen.machine or 'a GPU: the records of every machine are counted'}")
    for name, number in sorted(seen.elsewhere.items()):
        lines.append(f"elsewhere  {count(number, 'cell')} done on {plain(name)}")
    return "\n".join(lines) + "\n"


def _note(state: str, again: bool, checkpoints: int) -> str:
    """Return what there is to say of the cells in a state; `again` if they would be run."""
    retried = again and state in ("failed", "diverged")
    words = ["run again" if retried else _NOTES.get(state, "")]
    if checkpoints == 1:
        words.append("1 goes on from its checkpoint")
    elif checkpoints:
        words.append(f"{checkpoints:,} go on from their checkpoints")
    elif state == "timeout":
        words.append("no checkpoint is left to go on from")
    return "; ".join(filter(None, words))


def plan_values(exhibit: str, scale: str, seen: DryRun, store: str) -> dict[str, Any]:
    """Return what `plan_text` tells as JSON values."""
    states = Counter(planned.state for planned in seen.plan.cells)
    return {
        "exhibit": exhibit,
        "scale": scale,
        "cells": len(seen.plan.cells),
        "states": dict(sorted(states.items())),
        "checkpoints": dict(sorted(seen.checkpoints.items())),
        "to_run": sum(map(len, seen.plan.programs)),
        "programs": len(seen.plan.programs),
        "too_large": sum(len(seen.plan.programs[number]) for number in seen.too_large),
        "workers": seen.workers,
        "seconds": seen.seconds,
        "machine_class": seen.machine,
        "elsewhere": seen.elsewhere,
        "store": store,
    }


def listing(
    exhibits: Iterable[tuple[Exhibit, Mapping[str, int]]], data: Mapping[str, str], width: int
) -> str:
    """Return the exhibits with their scales.

    Args:
        exhibits: each exhibit with its scales' numbers of cells.
        data: the state of each dataset.
        width: of the terminal.
    """
    blocks: list[str] = []
    for exhibit, cells in exhibits:
        lines = [f"{_bold(exhibit.name)}  {exhibit.title}"]
        for name, scale in exhibit.scales.items():
            needs = ", ".join(f"{dataset} ({data[dataset]})" for dataset in scale.datasets)
            lines.append(f"  {name:7} {count(cells[name], 'cell'):>12}   {needs}")
            lines += [_dim(line) for line in _wrap(scale.description, width, 25)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def data_table(found: Iterable[Status], width: int) -> str:
    """Return the datasets with what is there of each, under each other."""
    found, lines = list(found), list[str]()
    names = max((len(status.name) for status in found), default=0)
    states = max((len(status.state) for status in found), default=0)
    indent = names + 2 + states + 2
    for status in found:
        own = "" if status.canonical else f"; not the original (hash {status.data_hash})"
        first, *rest = _wrap(plain(f"{status.source}{own}"), width, indent)
        name, state = f"{status.name:{names}}", f"{status.state:{states}}"
        lines += [f"{_bold(name)}  {state}  {first.strip()}", *rest]
        if status.folder is not None:
            place = "fetch puts it into" if status.state == "missing" else "in"
            lines.append(_dim(f"{'':{indent}}{place} {plain(str(status.folder))}"))
    return "\n".join(lines) + "\n"


def whole_record(record: Record, width: int) -> str:
    """Return everything that a record holds, with each field's meaning, then levels and curve.

    What does not apply to its cell is left out.
    """
    (name,), beside = cell_names([record.cell]), not_applying(record)
    title = plain(f"{record.exhibit}, scale {record.scale}: {name}")
    lines = [_bold(title), outcome(record).strip(), ""]
    for field, value, unit, meaning in describe(record):
        if field in beside and value in (None, []):
            continue
        shown = _value(value, unit)
        if len(shown) <= _VALUE:
            first, *rest = _wrap(meaning, width, _NAME + _VALUE + 2)
            lines.append(f"{field:{_NAME}}{shown:{_VALUE}}  {_dim(first.strip())}")
        else:
            lines.append(f"{field:{_NAME}}{shown}")
            rest = _wrap(meaning, width, _NAME + _VALUE + 2)
        lines += [_dim(line) for line in rest]
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
    if isinstance(value, list):  # of the curve or the progression
        return count(len(cast("list[Any]", value)), "row")
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[Any, ...]", value))) or "none"
    return f"{plain(str(value))} {unit}".strip()


def _curve(record: Record) -> list[str]:
    points = record.curve
    if not points:
        return []
    names = [name for name in _COLUMNS if any(point[name] is not None for point in points)]
    rows = [[str(p["iteration"]), *(_short(p[name]) for name in names)] for p in points]
    tables = [_columns([["iteration", *(_COLUMNS[name] for name in names)], *rows])]
    if record.progression:
        heads = ["T_task", "symbols", "repeats", "iteration", "steps of data", "seconds"]
        keys = ("length", "symbols", "repeats", "iteration", "data_steps")
        solved = record.progression
        levels = [[*(str(p[key]) for key in keys), _short(p["seconds"])] for p in solved]
        tables.insert(0, _columns([heads, *levels]))
    layers = len(points[0]["sg_loss"] or ())
    if layers:
        heads = (f"{word} {n}" for word in ("M loss", "cosine") for n in range(1, layers + 1))
        rows = [
            [str(p["iteration"]), *(_short(v) for v in (*p["sg_loss"], *p["sg_cosine"]))]
            for p in points
        ]
        tables.append(_columns([["iteration", *heads], *rows]))
    if points[0]["updates"]:
        heads = [f"updates {n}" for n in range(1, len(points[0]["updates"]) + 1)]
        rows = [[str(p["iteration"]), *map(str, p["updates"])] for p in points]
        tables.append(_columns([["iteration", *heads], *rows]))
    return tables


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.rjust, row, widths)) for row in rows]
    return "\n".join([_dim(lines[0]), *lines[1:]]) + "\n"


def _wrap(text: str, width: int, indent: int) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, indent + 30),
        initial_indent=" " * indent,
        subsequent_indent=" " * indent,
        break_long_words=False,
    ) or [""]


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


def _dim(text: str) -> str:
    return f"\x1b[2m{text}\x1b[0m" if text else ""
