"""The parser of exhibits' TOML files; `table1.toml` is an example with nearly all there may be."""

import itertools
import math
from collections.abc import Mapping
from typing import Any

from ...bench.configuration import field_of
from .claims import read_claim
from .evidence_parser import fixed, intermediate, margins, medians_of, numbers, spreads
from .schema import (
    ANY,
    FIGURE_KINDS,
    GATED_KINDS,
    MOST_CELLS,
    NEIGHBOUR_FIELDS,
    Exhibit,
    Figure,
    Gated,
    Layout,
    Override,
    Scale,
)
from .space import Dimension, parse_dimension
from .strict_toml import Table, parse_toml

_NEEDED_AXES = ("dataset", "network", "rule")


def parse(name: str, text: str | bytes, file: str | None = None) -> Exhibit:
    """Return the exhibit of a TOML text.

    Args:
        name: what the exhibit is called.
        text: the file's content.
        file: what messages call the file; NAME.toml unless given.

    Raises UsageError, naming the file and the key, where the text is not as it should be.
    """
    file = file or f"{name}.toml"
    root = parse_toml(text, file)
    base = Override(when={}, protocol=root.take_table("protocol").take_protocol())
    overrides = (base, *map(_override, root.take_tables("overrides")))
    grid = [table.take_axes() for table in root.take_tables("grid")]
    scales = root.take_table("scales")
    if not grid or not scales.remaining():
        raise root.error("" if grid else "grid", "must have a grid and scales")
    tables = root.take_tables("medians")
    medians = list(itertools.chain.from_iterable(map(medians_of, tables)))
    exhibit = Exhibit(
        name=name,
        file=file,
        title=root.take("title", str),
        short=root.take("short", str, ""),
        paper=root.take("paper", str, ""),
        source=root.take("source", str),
        scales={
            key: _scale(key, scales.take_table(key), overrides, grid) for key in scales.remaining()
        },
        numbers=numbers(root.take_tables("numbers")),
        intermediate=intermediate(root.take_tables("intermediate")),
        medians=tuple(median for median in medians if not median.censored),
        cut_off=tuple(median for median in medians if median.censored),
        fixed=fixed(root.take_tables("fixed")),
        margins=margins(root.take_table("margins", {})),
        spreads=spreads(root.take_tables("spreads")),
        baseline=_baseline(root),
        neighbours=_neighbours(root),
        readings=_readings(root.take_table("readings", {})),
        unstated=tuple(root.take_list("unstated", str, [])),
        claims=tuple(map(read_claim, root.take_tables("claims"))),
        figures=tuple(map(_figure, root.take_tables("figures"))),
        layout=_layout(root.take_table("layout")) if "layout" in root.remaining() else None,
        labels=_labels(root.take_table("labels", {})),
        gated=tuple(map(_gated, root.take_tables("gate"))),
        space=_space(root.take_table("space", {})),
    )
    root.close()
    return exhibit


def _override(table: Table) -> Override:
    when = table.take_table("when").take_fields(anything=ANY)
    protocol = table.take_table("protocol").take_protocol()
    table.close()
    return Override(when=when, protocol=protocol)


def _scale(
    name: str,
    table: Table,
    overrides: tuple[Override, ...],
    grid: list[dict[str, tuple[Any, ...]]],
) -> Scale:
    axes = table.take_table("axes", {}).take_axes()
    grid = [own.take_axes() for own in table.take_tables("grid")] or grid
    blocks = tuple({**axes, **{k: v for k, v in block.items() if k not in axes}} for block in grid)
    for field, block in itertools.product(_NEEDED_AXES, blocks):
        if field not in block:
            raise table.error("axes", f"and the grid lack {field}")
    own = Override(when={}, protocol=table.take_table("protocol", {}).take_protocol())
    scale = Scale(
        name=name,
        description=table.take("description", str),
        seeds=table.take("seeds", int),
        overrides=(*overrides, own, *map(_override, table.take_tables("overrides"))),
        blocks=blocks,
    )
    for field in itertools.chain.from_iterable(one.when for one in scale.overrides):
        if not scale.values(field):
            raise table.error("axes", f"and the grid lack {field}, which an override depends on")
    if scale.seeds < 1:
        raise table.error("seeds", "must be at least 1")
    table.close()
    size = scale.seeds * sum(math.prod(map(len, block.values())) for block in blocks)
    if size > MOST_CELLS:
        raise table.error("axes", f"and seeds give {size:,} cells; {MOST_CELLS:,} are the most")
    seen: set[frozenset[tuple[str, Any]]] = set()
    for point in scale.points():
        identity = frozenset(point.items())
        if identity in seen:
            raise table.error("axes", f"and the grid give a cell twice: {point}")
        seen.add(identity)
    return scale


def _baseline(root: Table) -> str | None:
    if "baseline" not in root.remaining():
        return None
    return root.coerced("baseline", "rule", root.take("baseline", str))


def _neighbours(root: Table) -> str | None:
    if "neighbours" not in root.remaining():
        return None
    return root.choice("neighbours", NEIGHBOUR_FIELDS)


def _readings(table: Table) -> dict[str, str]:
    return {name: table.take(name, str) for name in table.remaining()}


def _figure(table: Table) -> Figure:
    kind = table.choice("kind", FIGURE_KINDS)
    texts = ("name", "title", "source", "x", "y", "panels", "lines")
    figure = Figure(
        kind=kind,
        datasets=table.take_datasets(),
        rules=_rules(table, "rules"),
        references=_rules(table, "references"),
        **{key: table.take(key, str) for key in texts},
    )
    if kind == "population" and figure.lines != "iteration":
        raise table.error("lines", "of a population must be iteration")
    if figure.references and kind != "sweep":
        raise table.error("references", "are of a sweep alone")
    table.close()
    return figure


def _rules(table: Table, key: str) -> tuple[str, ...]:
    return tuple(table.coerced(key, "rule", name) for name in table.take_list(key, str, []))


def _gated(table: Table) -> Gated:
    gated = Gated(
        kind=table.choice("kind", GATED_KINDS),
        scale=table.take("scale", str),
        where=tuple(table.take_list("where", str, [])),
        set=tuple(table.take_list("set", str, [])),
    )
    table.close()
    return gated


def _layout(table: Table) -> Layout:
    layout = Layout(rows=table.take_layout("rows"), columns=table.take_layout("columns"))
    table.close()
    return layout


def _space(table: Table) -> tuple[Dimension, ...]:
    """Return the dimensions of a table: a field to what stands behind it in `--space`."""
    found: list[Dimension] = []
    for name in table.remaining():
        text = table.take(name, str)
        found.append(
            table.checked(name, lambda name=name, text=text: parse_dimension("space", name, text))
        )
    return tuple(found)


def _labels(table: Table) -> dict[str, Mapping[str, str]]:
    labels: dict[str, Mapping[str, str]] = {}
    for field in table.remaining():
        if field == "rule":
            raise table.error(field, "is not needed: a rule has its own label (RULE.label)")
        if field != "result":
            table.checked(field, lambda field=field: field_of(field))
        row = table.take_table(field)
        labels[field] = {value: row.take(value, str) for value in row.remaining()}
    return labels
