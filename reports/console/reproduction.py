"""What a reproduction will do: for each exhibit what is done and what a time is enough for."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ...bench import datasets
from ...bench.cell import Cell
from ...bench.errors import one_line
from ...reproductions.exhibits.exhibit import name_of
from ...reproductions.running.outlook import Outlook
from ...reproductions.running.rates import may_end_early
from ..analysis.naming import cell_names, count, duration
from ..tables.formats.text import text_table
from ..tables.table import simple_table
from .eta import about
from .terminal import dim

MOST_STEPS = 40  # of the order, that are printed


def outlook_text(seen: Outlook, limit: float | None, *, order: bool) -> str:
    """Return what is done, what is to do and what `limit` seconds are enough for.

    With `order`, the cells follow in the order in which they would be trained.
    """
    heads = ["exhibit", "cells", "done", "to train", "time", "undecided"]
    heads += [] if limit is None else [f"in {duration(limit)}"]
    rows = [_row(seen, number, limit) for number in range(len(seen.requests))]
    if len(rows) > 1:
        rows.append(_all(seen, limit))
    lines = [f"reproduce, scale {seen.requests[0].label}", ""]
    lines.append(text_table(simple_table(heads, rows)))
    workers = "one at a time" if seen.workers == 1 else f"{seen.workers} at a time"
    if seen.order:
        then = "then " if seen.prefixes else "first"
        asked = count(seen.deciding - seen.prefixes, "cell")
        lines += _prefixes_text(seen)
        lines.append(f"{then}    {asked} that undecided places and claims need")
        lines.append(f"time     {_taking(seen.total, _cells_of(seen))}, {workers}")
    else:
        lines.append("nothing is left to train")
    for dataset, number in seen.without_data.items():
        remedy = datasets.fetching([dataset], seen.requests[0].data_dir)
        lines.append(f"no data  {count(number, 'cell')} of {dataset} left out: {remedy}")
    lines.append(f"store    {seen.requests[0].store.path}")
    lines.append(f"machine  {one_line(seen.machine or 'unknown')}")
    if order and seen.order:
        lines += ["", "order", *_steps_text(seen, limit)]
    return "\n".join(lines) + "\n"


def _prefixes_text(seen: Outlook) -> list[str]:
    """Return a line on the first parts of training, none where there are none."""
    if not seen.prefixes:
        return []
    end = max((end or math.inf for end in seen.ends[: seen.prefixes]), default=math.inf)
    by = "" if end == math.inf else f", {_by(end)}"
    parts = count(seen.prefixes, "first part")
    return [f"first    {parts} of training, for the places before its end{by}"]


def _row(seen: Outlook, number: int, limit: float | None) -> list[str]:
    plan, (undecided, asked) = seen.plans[number], seen.undecided[number]
    left = seen.left_of(number)
    row = [name_of(seen.requests[number].exhibit), f"{len(plan.cells):,}"]
    row += [f"{plan.counts().get('done', 0):,}", f"{left:,}"]
    time = _taking(seen.seconds_of(number), _cells_of(seen, number))
    row += [time if left else "", f"{undecided} of {asked}"]
    return row if limit is None else [*row, f"{seen.reached(limit, number):,} cells"]


def _all(seen: Outlook, limit: float | None) -> list[str]:
    cells = sum(len(plan.cells) for plan in seen.plans)
    done = sum(plan.counts().get("done", 0) for plan in seen.plans)
    undecided, asked = (sum(column) for column in zip(*seen.undecided, strict=True))
    row = ["all", f"{cells:,}", f"{done:,}", f"{seen.left:,}"]
    time = _taking(seen.total, _cells_of(seen))
    row += [time if seen.order else "", f"{undecided} of {asked}"]
    if limit is None:
        return row
    reached = sum(seen.reached(limit, number) for number in range(len(seen.requests)))
    return [*row, f"{reached:,} cells"]


def _cells_of(seen: Outlook, number: int | None = None) -> Iterator[Cell]:
    """Yield the cells of a request's steps; of all steps without one."""
    steps = zip(seen.order, seen.owners, strict=True)
    return (planned.cell for planned, owner in steps if number in (None, owner))


def _taking(seconds: float | None, cells: Iterable[Cell]) -> str:
    return "unknown" if seconds is None else f"{about(cells)} {duration(seconds)}"


def _steps_text(seen: Outlook, limit: float | None) -> list[str]:
    """Return a line for each configuration as it comes, and when it ends."""
    steps = list(_steps(seen))
    lines: list[str] = []
    over = False
    for name, cells, seconds, end in steps[:MOST_STEPS]:
        if limit is not None and not over and (end is None or end > limit):
            over = True
            lines.append(dim(f"  -- not in {duration(limit)} --"))
        taken = "" if seconds is None else f"{_taking(seconds, cells)}, {_by(end)}"
        lines.append(f"  {name}, {count(len(cells), 'seed')}  {dim(taken)}".rstrip())
    more = len(steps) - MOST_STEPS
    return [*lines, dim(f"  and {more:,} more; --json has all")] if more > 0 else lines


def _by(end: float | None) -> str:
    return "" if end is None else f"done by {duration(end)}"


def _steps(seen: Outlook) -> Iterator[tuple[str, list[Cell], float | None, float | None]]:
    """Yield (name, cells, seconds, end) of runs of cells that differ in nothing but the seed.

    `seconds` is what they take one after another.
    """
    labels = [""] * len(seen.order)
    parts = [
        f", until {planned.until:,}" if n < seen.prefixes else ""
        for n, planned in enumerate(seen.order)
    ]
    for number, request in enumerate(seen.requests):  # names of all at once would be long
        mine = [n for n, owner in enumerate(seen.owners) if owner == number]
        alike = [seen.order[n].cell.with_seed(0) for n in mine]
        for n, name in zip(mine, cell_names(alike, seeds=False), strict=True):
            labels[n] = f"{name_of(request.exhibit)}: {name}{parts[n]}"
    cells = (planned.cell for planned in seen.order)
    steps = zip(labels, cells, seen.seconds, seen.ends, strict=True)
    for label, group in itertools.groupby(steps, key=lambda step: step[0]):
        some = list(group)
        known = [(taken, end) for *_, taken, end in some if taken is not None and end is not None]
        whole = len(known) == len(some)
        yield (
            label,
            [cell for _, cell, *_ in some],
            sum(taken for taken, _ in known) if whole else None,
            max(end for _, end in known) if whole else None,
        )


def outlook_values(seen: Outlook, limit: float | None) -> dict[str, Any]:
    """Return the same as JSON values, with every cell in order."""
    exhibits: list[dict[str, Any]] = []
    for number, request in enumerate(seen.requests):
        undecided, asked = seen.undecided[number]
        exhibits.append(
            {
                "exhibit": name_of(request.exhibit),
                "cells": len(seen.plans[number].cells),
                "states": seen.plans[number].counts(),
                "to_run": seen.left_of(number),
                "reached": seen.reached(limit, number),
                "seconds": seen.seconds_of(number),
                "at_most": may_end_early(_cells_of(seen, number)),
                "undecided": undecided,
                "questions": asked,
            }
        )
    return {
        "scale": seen.requests[0].label,
        "time_limit": limit,
        "exhibits": exhibits,
        "order": _cells(seen),
        "prefixes": seen.prefixes,
        "first": seen.deciding,
        "seconds": seen.total,
        "at_most": may_end_early(_cells_of(seen)),
        "without_data": dict(seen.without_data),
        "workers": seen.workers,
        "machine_class": seen.machine,
        "store": str(seen.requests[0].store.path),
    }


def _cells(seen: Outlook) -> Sequence[dict[str, Any]]:
    return [
        {
            "id": planned.id,
            "exhibit": name_of(seen.requests[owner].exhibit),
            "seed": planned.cell.seed,
            "until": planned.until,
            "seconds": seconds,
            "end": end,
        }
        for planned, owner, seconds, end in zip(
            seen.order, seen.owners, seen.seconds, seen.ends, strict=True
        )
    ]
