"""The arms that a study compares, and the cells of their trials. Free of torch.

An *arm* is a configuration of the grid that is tuned by itself, usually a rule. All arms have the
same number of trials and the same space, less the fields that do not apply. A *trial* is a choice
from the space, trained on the validation split with one cell per seed. The best trial and the
untuned protocol are then retrained on the test split, on seeds that no trial had.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...bench.cell import Cell
from ...bench.configuration import coerce
from ...bench.errors import UsageError
from ...results.store.study import Study
from ...results.tuning_objective import Objective, objective_of
from ..exhibits.exhibit import expand
from ..exhibits.field_text import format_value
from ..exhibits.schema import Exhibit
from ..exhibits.sets import parse_set
from ..exhibits.space import Dimension, applies, applying, as_json, decisions, in_order
from ..exhibits.where import Condition, Where, parse_where

MOST_ARMS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A configuration that is tuned by itself.

    Attributes:
        label: a name that no other arm of the study has.
        exhibit: the exhibit, its grid at the study's scale reduced to this configuration.
        where: the configuration, as for `--where`.
        sets: fields that the study changes in every trial.
        cell: the untuned protocol: the cell of seed 0, with `sets` and nothing searched.
        space: the dimensions of the study's space that apply.
        dropped: the fields of those that do not.
    """

    label: str
    exhibit: Exhibit
    where: Where
    sets: Mapping[str, Any]
    cell: Cell
    space: tuple[Dimension, ...]
    dropped: tuple[str, ...]

    @property
    def objective(self) -> Objective:
        """The result that is optimised."""
        return objective_of(self.cell.dataset)


def arms_of(
    exhibit: Exhibit,
    scale: str,
    where: str,
    sets: Sequence[str],
    space: Sequence[Dimension],
) -> list[Arm]:
    """Return an arm for each configuration that `where` selects, in the grid's order.

    Raises UsageError where it selects none or too many, or one to which no searched field applies.
    """
    picked = parse_where([where]) if where else None
    changed = changes_of(sets)
    cells = expand(exhibit, scale, seeds=1, where=picked)
    for field in changed:
        values = dict.fromkeys(cell.value(field) for cell in cells)
        varied = [value for value in values if value is not None]
        if len(varied) > 1:
            some = format_value(field, varied[0])
            raise UsageError(
                f"--set {field}: the grid at scale {scale} has several values of it, each tuned by"
                f" itself; select one by --where {field}={some}, which may then be changed"
            )
    if changed:
        expand(exhibit, scale, changed, seeds=1, where=picked)  # says what does not fit
    searched = {dimension.field for dimension in space}
    axes = list(dict.fromkeys(name for block in exhibit.scale(scale).blocks for name in block))
    places: dict[tuple[Any, ...], list[Cell]] = {}
    for cell in cells:
        place = tuple(cell.value(name) for name in axes if name not in searched)
        places.setdefault(place, []).append(cell)
    if len(places) > MOST_ARMS:
        raise UsageError(
            f"--where selects {len(places)} configurations of {exhibit.name} at scale {scale}, each"
            f" tuned by itself: select {MOST_ARMS} or fewer, as in --where rule=dni,depth=4, or"
            " search the fields in which they differ by --space"
        )
    bases = [_protocol(exhibit, some) for some in places.values()]
    telling = [n for n in axes if n not in searched and len({c.value(n) for c in bases}) > 1] or [
        "rule"
    ]
    return [
        _arm(
            exhibit,
            scale,
            cell,
            axes=axes,
            changed=changed,
            space=space,
            label=_label(cell, telling),
        )
        for cell in bases
    ]


def changes_of(sets: Sequence[str]) -> dict[str, Any]:
    """Return the fields that a study changes in every trial, from the texts of `--set`.

    Raises UsageError where one of them has several values.
    """
    combinations = parse_set(sets)
    if len(combinations) > 1:
        several = next(f for f, v in combinations[0].items() if v != combinations[-1][f])
        raise UsageError(
            f"--set {several}: a study changes a field to one value; search several by --space"
        )
    return combinations[0]


def _protocol(exhibit: Exhibit, cells: Sequence[Cell]) -> Cell:
    """Return the cell of an arm that the exhibit's table shows, or else the first."""
    first = cells[0]
    layers = exhibit.fixed_layers(first.dataset, first.network, first.rule)
    return next((cell for cell in cells if cell.sg_layers == layers), first)


def _label(cell: Cell, telling: Sequence[str]) -> str:
    words = {name: format_value(name, cell.value(name)) for name in telling}
    bare = ("dataset", "network", "rule")
    return " ".join(text if name in bare else f"{name}={text}" for name, text in words.items())


def _arm(
    exhibit: Exhibit,
    scale: str,
    cell: Cell,
    *,
    axes: Sequence[str],
    changed: Mapping[str, Any],
    space: Sequence[Dimension],
    label: str,
) -> Arm:
    where = Where(tuple(Condition(name, (cell.value(name),)) for name in axes))
    some = list(decisions(space))
    sets = {
        field: value
        for field, value in changed.items()
        if any(applies(field, cell, {**changed, **made}) for made in some)
    }
    own = _fitting(cell, sets, {})
    block = {name: (cell.value(name),) for name in axes}
    place = dataclasses.replace(exhibit.scale(scale), blocks=(block,))
    alone = dataclasses.replace(exhibit, scales={scale: place})
    (cell,) = expand(alone, scale, own, seeds=1)
    kept = applying(space, cell)
    if not kept:
        fields = ", ".join(dimension.field for dimension in space)
        raise UsageError(f"--space: none of {fields} applies to {label}: exclude it by --where")
    return Arm(
        label=label,
        exhibit=alone,
        where=where,
        sets=sets,
        cell=cell,
        space=tuple(in_order(kept)),
        dropped=tuple(d.field for d in space if d not in kept),
    )


def untuned_params(arm: Arm) -> dict[str, Any]:
    """Return the untuned protocol as a trial's choice: the arm's own values of what is searched.

    They may lie outside the space.
    """
    values = {d.field: arm.cell.value(d.field) for d in arm.space}
    return {
        field: as_json(value) for field, value in values.items() if applies(field, arm.cell, {})
    }


def trial_cells(study: Study, arm: Arm, params: Mapping[str, Any]) -> list[Cell]:
    """Return a trial's cells, one per seed, on the validation split. Raises UsageError."""
    split = {} if arm.cell.split is None else {"split": "validation"}
    sets = _fitting(arm.cell, arm.sets, params) | split
    return expand(arm.exhibit, study.scale, sets, study.seeds)


def fresh_cells(study: Study, arm: Arm, params: Mapping[str, Any] | None) -> list[Cell]:
    """Return the cells of a choice on the test split, of seeds that no trial has.

    Where `params` is None, those of the untuned protocol.
    """
    split = {} if arm.cell.split in (None, "test") else {"split": "test"}
    sets = _fitting(arm.cell, arm.sets, params or {}) | split
    cells = expand(arm.exhibit, study.scale, sets, study.seeds + study.fresh)
    return [cell for cell in cells if cell.seed >= study.seeds]


def _fitting(cell: Cell, sets: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changed and the chosen fields, less those that do not apply with them."""
    values = {**sets, **{field: coerce(field, value) for field, value in params.items()}}
    return {field: value for field, value in values.items() if applies(field, cell, values)}


def set_texts(arm: Arm, params: Mapping[str, Any]) -> list[str]:
    """Return the texts of `--set` that change the arm's configuration into a trial's choice."""
    values = _fitting(arm.cell, arm.sets, {} if params == untuned_params(arm) else params)
    return [f"{field}={format_value(field, value)}" for field, value in values.items()]
