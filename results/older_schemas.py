"""Upgrades records of older schemas to the current one.

Schema 1 knew feed-forward cells only; schema 2 added recurrent ones, schema 3 decoupled layers,
BP(lambda) and two networks; schema 4 holds the rule's own hyperparameters in one object, and the
source of a rule or dataset that is not the package's own; schema 5 has two more cosines of M,
schema 6 what tells machines of one model apart, schema 7 networks that are cut into stages,
schema 8 what the papers of other rules train by, and more of what stages take, and schema 9 the
cosine of M on held-out examples.
"""

from typing import Any, cast

from .files.schema import RecordError

OLDER = (1, 2, 3, 4, 5, 6, 7, 8)
"""Schemas that are read as well as the current one."""
ADDED = {
    2: (
        *("T", "corpus", "sg_factor", "aux_weight", "solve_bits", "solve_window", "patience"),
        *("longest", "validation_bits", "test_bits", "tokens_per_second"),
    ),
    3: (
        *("bp_lambda", "decoupled", "p_update", "evaluate_at", "si_layers", "si_units"),
        *("error_a", "error_b"),
    ),
    4: ("rule_source", "dataset_source"),
    6: ("processor", "instructions", "cuda", "cudnn"),
    7: ("stages", "schedule", "delay", "straggler", "sg_at"),
    8: (
        *("activation", "norm", "dropout", "jitter", "flip", "input_norm", "optimizer"),
        *("loss_function", "last_batch", "zero_init"),
    ),
}
"""The fields that each schema added, null in records before it."""
ADDED_TO_POINTS = {
    2: ("bits", "longest", "aux_loss"),
    3: ("updates", "error_a", "error_b"),
    5: ("sg_weight_cosine", "sg_ridge_cosine"),
    9: ("sg_held_cosine",),
}
ADDED_TO_STAGES = {
    8: ("overhead_seconds", "target_seconds", "send_seconds", "read_seconds", "together")
}
ADDED_ROWS = {2: ("progression",), 7: ("pipeline", "timeline")}
"""The lists that each schema added, empty in records before it."""
HYPERPARAMETERS = ("bp_lambda", "aux_weight")
"""Fields of their own before schema 4."""
_WITH_HYPERPARAMETERS = 4


def upgraded(record: dict[str, Any], schema: int) -> dict[str, Any]:
    """Return what a record of a schema of `OLDER` would be in the current one, `schema`.

    A field of its own schema that is missing stays missing, so that the check names it. Raises
    RecordError where that is a hyperparameter.
    """
    old = record["schema"]
    fields = {**_NULLS[old], **record, "schema": schema}
    fields |= {name: [] for since, names in ADDED_ROWS.items() if since > old for name in names}
    if old < _WITH_HYPERPARAMETERS:
        absent = [name for name in HYPERPARAMETERS if name not in fields]
        if absent:
            raise RecordError(f"missing field {absent[0]}")
        own = {name: fields.pop(name) for name in HYPERPARAMETERS}
        fields["hyperparameters"] = {n: value for n, value in own.items() if value is not None}
    for name, nulls in (("curve", _NULLS_OF_POINTS[old]), ("pipeline", _NULLS_OF_STAGES[old])):
        rows = fields.get(name)
        if nulls and type(rows) is list:
            fields[name] = [
                nulls | row if type(row) is dict else row for row in cast("list[Any]", rows)
            ]
    return fields


def _nulls(added: dict[int, tuple[str, ...]], old: int) -> dict[str, Any]:
    """Return what schemas later than `old` added, as nulls."""
    later = (names for schema, names in added.items() if schema > old)
    return {name: None for names in later for name in names}


_NULLS = {old: _nulls(ADDED, old) for old in OLDER}
_NULLS_OF_POINTS = {old: _nulls(ADDED_TO_POINTS, old) for old in OLDER}
_NULLS_OF_STAGES = {old: _nulls(ADDED_TO_STAGES, old) for old in OLDER}
