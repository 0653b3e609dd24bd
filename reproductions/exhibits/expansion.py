"""Expansion of an exhibit's scale into cells: its grid, its protocol, and what `--set` changes."""

import contextlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ...bench.cell import Cell
from ...bench.configuration import PAPER_LEARNING_RATE, applicable
from ...bench.errors import UsageError
from .epochs import coerce_schedule, in_updates
from .field_text import format_value
from .schema import MOST_CELLS, Exhibit, Scale
from .where import Condition, Unmet, UnmetError, Where, select

MOST_SEEDS = 1000
"""Of a cell; a slip of the finger would fill the memory with cells. 100 is the paper's most."""

Changes = Mapping[str, Any]
"""Fields and the values that `--set` gives them."""
Point = dict[str, Any]
"""A point of a grid: each axis and its value."""


def expand(
    exhibit: Exhibit,
    scale: str,
    sets: Changes | Sequence[Changes] | None = None,
    seeds: int | None = None,
    where: Where | None = None,
) -> list[Cell]:
    """Return the cells of `exhibit` at `scale`, in the grid's order, seeds innermost.

    Args:
        exhibit: the exhibit.
        scale: the name of one of its scales.
        sets: fields to change, or several such combinations (`sets.parse_set`), whose cells follow
            one another, each cell once. A field changes in the cells that it applies to; where it
            is an axis of the grid its value replaces all of the axis. Changed cells are of no
            scale of the exhibit; that label is the caller's.
        seeds: number of seeds, 0 to seeds - 1; the scale's own if None.
        where: which cells, by their fields before `sets` change them; all if None.

    Raises:
        UsageError: the scale is unknown; seeds is below 1 or above MOST_SEEDS; a value in `where`
            picks nothing; a field in `sets` applies to no cell that is left or makes one invalid.
    """
    try:
        return _expand(exhibit, scale, _combinations(sets), seeds, where)
    except UnmetError as error:
        raise UsageError(f"{error}{_remedy(exhibit, scale, error.unmet)}") from None


def _expand(
    exhibit: Exhibit,
    scale: str,
    combinations: Sequence[Changes],
    seeds: int | None,
    where: Where | None,
) -> list[Cell]:
    chosen = exhibit.scale(scale)
    count = _seeds(chosen, seeds)
    by_point = [(point, _cells(exhibit, chosen, point, {}, count)) for point in chosen.points()]
    if where is not None:
        kept = set(select(itertools.chain.from_iterable(cells for _, cells in by_point), where))
        by_point = [(point, [c for c in cells if c in kept]) for point, cells in by_point]
        by_point = [(point, cells) for point, cells in by_point if cells]
    if not any(combinations):
        return [cell for _, cells in by_point for cell in cells]
    _check_changes(exhibit, chosen, combinations, [point for point, _ in by_point], where)
    size = len(combinations) * sum(len(cells) for _, cells in by_point)
    if size > MOST_CELLS:
        raise UsageError(f"--set gives {size:,} cells; {MOST_CELLS:,} are the most")
    changed: dict[Cell, None] = {}
    for changes, (point, cells) in itertools.product(combinations, by_point):
        seeded = _cells(exhibit, chosen, point, changes, count)
        wanted = {cell.seed for cell in cells}
        changed.update(dict.fromkeys(cell for cell in seeded if cell.seed in wanted))
    return list(changed)


def _combinations(sets: Changes | Sequence[Changes] | None) -> list[dict[str, Any]]:
    several: Iterable[Changes] = [sets or {}] if isinstance(sets, Mapping | None) else sets
    found = [{name: coerce_schedule(name, value) for name, value in one.items()} for one in several]
    if any("seed" in one for one in found):
        raise UsageError("--set seed: choose the number of seeds by --seeds")
    return found


def _seeds(scale: Scale, seeds: int | None) -> int:
    count = scale.seeds if seeds is None else seeds
    if count < 1:
        raise UsageError(f"--seeds {count} must be at least 1")
    if count > MOST_SEEDS:
        raise UsageError(f"--seeds {count} must be at most {MOST_SEEDS}")
    return count


def _remedy(exhibit: Exhibit, scale: str, unmet: Unmet) -> str:
    """Return the tail of an error about `--where`: the options that would give such cells."""
    part, others = unmet.part, unmet.others
    wanted = Where((part, *others.conditions))
    if part.field == "seed":
        most = max(part.values) + 1 if isinstance(part, Condition) else MOST_SEEDS + 1
        return f"; --seeds {most} has it" if most <= MOST_SEEDS else ""
    remedies = [
        f"--scale {name}"
        for name in exhibit.scales
        if name != scale and any(map(wanted.matches, _expand(exhibit, name, [{}], 1, None)))
    ]
    if isinstance(part, Condition):
        rest = tuple(one for one in others.conditions if one.field != part.field)
        value = part.values[0]
        with contextlib.suppress(UsageError):  # where it cannot be set
            _expand(exhibit, scale, [{part.field: value}], 1, Where(rest))
            remedies.append(f"--set {part.field}={format_value(part.field, value)}")
    return f"; {' or '.join(remedies)} gives such cells" if remedies else ""


def _check_changes(
    exhibit: Exhibit,
    scale: Scale,
    combinations: Sequence[Changes],
    points: Sequence[Point],
    where: Where | None,
) -> None:
    """Refuse to change what no cell has, or the rule where the grid has several.

    A rule comes with axes of its own, which the blocks of other rules lack.
    """
    for field in combinations[0]:
        varied = list(dict.fromkeys(point[field] for point in points if field in point))
        if field == "rule" and len(varied) > 1:
            raise UsageError(
                f"--set rule: the grid at scale {scale.name} has several, each with axes of its"
                f" own; pick one by --where rule={varied[0]}, which may then be changed"
            )
        resolved = (_resolve(scale, p, c) for p, c in itertools.product(points, combinations))
        if not any(field in values for values in resolved):
            picked = " that --where picks" if where is not None else ""
            raise UsageError(
                f"--set {field} applies to no cell of {exhibit.name} at scale {scale.name}{picked}"
            )


def _cells(
    exhibit: Exhibit, scale: Scale, point: Point, changes: Changes, count: int
) -> list[Cell]:
    """Return the cells of a point of the grid, one a seed."""
    try:
        values = in_updates(_resolve(scale, point, changes))
        first = Cell.from_dict({**values, "seed": 0})
        return [first, *(first.with_seed(n) for n in range(1, count))]
    except UsageError as error:
        if not changes and point["rule"] in exhibit.external:
            raise UsageError(
                f"rule {point['rule']} on {exhibit.name} at scale {scale.name}: {error}"
            ) from None
        if not changes:
            raise UsageError(f"{exhibit.file}: scales.{scale.name}: {error}") from None
        given = " ".join(f"--set {field}={format_value(field, v)}" for field, v in changes.items())
        raise UsageError(
            f"{given} with {exhibit.name} at scale {scale.name}: {error}"
            " (--set FIELD=VALUE gives a field, --set FIELD=none leaves it out)"
        ) from None


def _resolve(scale: Scale, point: Point, changes: Changes) -> dict[str, Any]:
    axes = {**point, **{field: changes[field] for field in point if field in changes}}
    protocol: dict[str, Any] = {}
    for override in scale.overrides:
        if override.fits({**axes, **changes}):
            protocol.update(override.protocol)
    protocol.update(changes)
    values = {**protocol, **axes}
    if "sg_scale" not in values and "T" not in values and values.get("learning_rate"):
        protocol["sg_scale"] = derived_sg_scale(values["learning_rate"])
    applies = applicable(values)
    return {**{k: v for k, v in protocol.items() if applies.get(k, True)}, **axes}


def derived_sg_scale(learning_rate: float) -> float:
    """Return the scale of M's target that keeps learning_rate / sg_scale as the paper has it.

    The ratio to the paper's rate, 3e-5, of the decimal numbers: 3e-4 gives exactly 10.
    """
    return float(Fraction(repr(learning_rate)) / Fraction(repr(PAPER_LEARNING_RATE)))
