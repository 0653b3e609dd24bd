"""An exhibit: what the paper shows, as its TOML file says, and the cells that show it again.

    exhibit = load("table1")
    cells = expand(exhibit, "quick", {"iterations": 100}, seeds=1)

The file has the protocol, the grid, the scales, the paper's numbers with their grade of evidence,
the margins and the claims; `table1.toml` is the example to read. Free of torch.
"""

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction
from importlib import resources
from typing import Any

from ...bench.cell import PAPER_LEARNING_RATE, Cell, applicable, coerce
from ...bench.errors import UsageError, did_you_mean
from .filters import Where, format_value, select
from .parser import parse
from .schema import Exhibit, Scale

MOST_SEEDS = 1000
"""Of a cell; a slip of the finger would fill the memory with cells. 100 is the paper's most."""


def names() -> tuple[str, ...]:
    """Return the names of the exhibits: the TOML files beside this module."""
    files = (path.name for path in resources.files(__package__ or "").iterdir())
    return tuple(sorted(name[:-5] for name in files if name.endswith(".toml")))


def load(name: str) -> Exhibit:
    """Return the exhibit `name`; UsageError if there is none or its file is malformed."""
    if name not in names():
        raise UsageError(f"unknown exhibit {name!r}{did_you_mean(name, names())}")
    path = resources.files(__package__ or "").joinpath(f"{name}.toml")
    return parse(name, path.read_bytes())


def expand(
    exhibit: Exhibit,
    scale: str,
    sets: Mapping[str, Any] | None = None,
    seeds: int | None = None,
    where: Where | None = None,
) -> list[Cell]:
    """Return the cells of `exhibit` at `scale`, in the grid's order, seeds innermost.

    Args:
        exhibit: the exhibit.
        scale: the name of one of its scales.
        sets: protocol fields to change (`filters.parse_set`), each in the cells it applies to.
            Such cells are of no scale of the exhibit; that label is the caller's.
        seeds: number of seeds, 0 to seeds - 1; the scale's own if None.
        where: which cells, by their fields before `sets` change them; all if None.

    Raises:
        UsageError: the scale is unknown; seeds is below 1 or above MOST_SEEDS; `where` matches
            nothing; a set field has several values in the cells that are left, applies to none or
            makes one invalid.
    """
    chosen, sets = exhibit.scale(scale), dict(sets or {})
    count = chosen.seeds if seeds is None else seeds
    if count < 1:
        raise UsageError(f"--seeds {count} must be at least 1")
    if count > MOST_SEEDS:
        raise UsageError(f"--seeds {count} must be at most {MOST_SEEDS}")
    for field, value in sets.items():
        if field == "seed":
            raise UsageError("--set seed: choose the number of seeds by --seeds")
        sets[field] = coerce(field, value)
    points = list(chosen.points())
    cells = [_cells(exhibit, chosen, point, {}, count) for point in points]
    if where is not None:
        kept = {id(c) for c in select(itertools.chain.from_iterable(cells), where)}
        cells = [[cell for cell in some if id(cell) in kept] for some in cells]
    if not sets:
        return list(itertools.chain.from_iterable(cells))
    pairs = [(point, some) for point, some in zip(points, cells, strict=True) if some]
    for field in sets:
        _check_varied(chosen, field, [point for point, _ in pairs])
        if not any(field in _resolve(chosen, point, sets) for point, _ in pairs):
            chosen_by = " that --where picks" if where is not None else ""
            raise UsageError(
                f"--set {field} applies to no cell of {exhibit.name} at scale {scale}{chosen_by}"
            )
    changed: list[Cell] = []
    for point, some in pairs:
        seeded = {cell.seed: cell for cell in _cells(exhibit, chosen, point, sets, count)}
        changed += [seeded[cell.seed] for cell in some]
    return changed


def _cells(
    exhibit: Exhibit, scale: Scale, point: dict[str, Any], sets: dict[str, Any], count: int
) -> list[Cell]:
    """Return the cells of a point of the grid, one a seed."""
    values = _resolve(scale, point, sets)
    try:
        return [Cell.from_dict({**values, "seed": n}) for n in range(count)]
    except UsageError as error:
        if not sets:
            raise UsageError(f"{exhibit.name}.toml: scales.{scale.name}: {error}") from None
        given = " ".join(f"--set {field}={format_value(field, v)}" for field, v in sets.items())
        raise UsageError(
            f"{given} with {exhibit.name} at scale {scale.name}: {error}"
            " (--set FIELD=VALUE gives a field, --set FIELD=none leaves it out)"
        ) from None


def _check_varied(scale: Scale, field: str, points: Sequence[dict[str, Any]]) -> None:
    """Refuse to set what the points vary: they would become the same cells."""
    varied = dict.fromkeys(point[field] for point in points if field in point)
    if len(varied) > 1:
        some = format_value(field, next(iter(varied)))
        raise UsageError(
            f"--set {field}: the grid at scale {scale.name} varies it;"
            f" pick among its values by --where {field}={some}, which may then be set"
        )


def _resolve(scale: Scale, point: dict[str, Any], sets: dict[str, Any]) -> dict[str, Any]:
    axes = {**point, **{field: sets[field] for field in point if field in sets}}
    protocol: dict[str, Any] = {}
    for layer in scale.layers:
        if all(axes.get(field) == value for field, value in layer.when.items()):
            protocol.update(layer.protocol)
    protocol.update(sets)
    recurrent = "T" in axes
    if "sg_scale" not in {**protocol, **axes} and not recurrent and protocol.get("learning_rate"):
        protocol["sg_scale"] = derived_sg_scale(protocol["learning_rate"])
    applies = applicable({**protocol, **axes})
    return {**{k: v for k, v in protocol.items() if applies.get(k, True)}, **axes}


def derived_sg_scale(learning_rate: float) -> float:
    """Return the scale of M's target that keeps learning_rate / sg_scale as the paper has it.

    The ratio to the paper's rate, 3e-5, of the decimal numbers: 3e-4 gives exactly 10.
    """
    return float(Fraction(repr(learning_rate)) / Fraction(repr(PAPER_LEARNING_RATE)))
