"""Lists: of exhibits with their scales, of data sets, of records."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ...bench.datasets import Status
from ...bench.errors import one_line
from ...reproductions.exhibits.schema import Exhibit
from ...results.metrics import measures_of
from ...results.record import Record
from ..analysis.naming import cell_names, count, short_id
from ..tables.formats.text import UNLIMITED, text_table
from ..tables.table import simple_table
from .terminal import bold, dim, outcome, wrap

Counted = tuple[Exhibit, Mapping[str, int]]
"""An exhibit and the number of cells of each of its scales."""


def exhibits_text(exhibits: Iterable[Counted], data: Mapping[str, str], width: int) -> str:
    """Return the exhibits with their scales, for a terminal of some width.

    `data` has the state of each data set.
    """
    blocks: list[str] = []
    for exhibit, cells in exhibits:
        paper = f" ({exhibit.other_paper})" if exhibit.other_paper else ""
        lines = [f"{bold(exhibit.name)}  {exhibit.title}{paper}"]
        for name, scale in exhibit.scales.items():
            needs = ", ".join(f"{dataset} ({data[dataset]})" for dataset in scale.datasets)
            lines.append(f"  {name:7} {count(cells[name], 'cell'):>12}   {needs}")
            lines += [dim(line) for line in wrap(scale.description, width, 25)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def exhibit_values(
    exhibits: Iterable[Counted], data: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the JSON values of each scale of the exhibits; `data` as in `exhibits_text`."""
    for exhibit, cells in exhibits:
        for name, scale in exhibit.scales.items():
            yield {
                "exhibit": exhibit.name,
                "scale": name,
                "title": exhibit.title,
                "paper": exhibit.other_paper or None,
                "description": scale.description,
                "cells": cells[name],
                "seeds": scale.seeds,
                "data": {dataset: data[dataset] for dataset in scale.datasets},
            }


def records_text(records: Sequence[Record]) -> str:
    """Return a line for each record: id, end, exhibit, scale, cell and outcome."""
    if not records:
        return "no records\n"
    groups: dict[tuple[str, str], list[int]] = {}
    for n, record in enumerate(records):
        groups.setdefault((record.exhibit, record.scale), []).append(n)
    names: dict[int, str] = {}  # told apart within an exhibit's scale: those of all would be long
    for members in groups.values():
        told = cell_names([records[n] for n in members])
        names |= dict(zip(members, told, strict=True))
    rows = [
        [
            short_id(record.id),
            record.finished[:16].replace("T", " "),
            one_line(record.exhibit),
            one_line(record.scale),
            names[n],
            outcome(record),
        ]
        for n, record in enumerate(records)
    ]
    heads = ["id", "finished (UTC)", "exhibit", "scale", "cell", "result"]
    return text_table(simple_table(heads, rows, stubs=len(heads)), UNLIMITED)


def record_values(record: Record) -> dict[str, Any]:
    """Return the JSON values that tell one record from others, and its results."""
    fields = ("id", "finished", "exhibit", "scale", "dataset", "network", "rule", "seed")
    values: dict[str, Any] = {name: getattr(record, name) for name in fields}
    (values["cell"],) = cell_names([record])
    results = [field for measure in measures_of(record) for field in measure.fields]
    return {
        **values,
        "status": record.status,
        "error": record.error,
        **{field: getattr(record, field) for field in results},
        "machine_class": record.machine_class,
    }


def data_table(found: Iterable[Status], width: int) -> str:
    """Return the datasets with what is there of each, under each other."""
    found, lines = list(found), list[str]()
    names = max((len(status.name) for status in found), default=0)
    states = max((len(status.state) for status in found), default=0)
    indent = names + 2 + states + 2
    for status in found:
        own = "" if status.canonical else f"; not the original (hash {status.data_hash})"
        first, *rest = wrap(one_line(f"{status.source}{own}"), width, indent)
        name, state = f"{status.name:{names}}", f"{status.state:{states}}"
        lines += [f"{bold(name)}  {state}  {first.strip()}", *rest]
        if status.folder is not None:
            place = "fetch puts it into" if status.state == "missing" else "in"
            lines.append(dim(f"{'':{indent}}{place} {one_line(str(status.folder))}"))
    return "\n".join(lines) + "\n"
