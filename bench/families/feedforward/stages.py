"""Cells whose network is cut into stages, a process each: what fits together. Free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ... import registry
from ...contract import UNREPEATABLE
from ...errors import UsageError

if TYPE_CHECKING:
    from ...cell import Cell

MICRO_BATCHES = 4
"""Parts that a batch is cut into by the schedules of `MICRO_BATCHED`."""
MICRO_BATCHED = ("gpipe", "1f1b")
WHOLE_NETWORKS = ("data_parallel",)
"""Schedules where every process has the whole network and a part of the batch."""
MODELS, HEADS, ERRORS = "models", "heads", "errors"
"""Sources of an unlocked stage's gradients: its Ms, its layers' heads, or the error at the top."""
HELD = 64
"""Batches whose errors an unlocked stage waits for at most; then it runs no other forward."""
OF_STAGES = ("schedule", "delay", "straggler")
"""Fields that a cell with stages has as well."""
STAGED_FIELDS = ("stages", *OF_STAGES, "sg_at")
"""All fields of a network that is cut into stages."""


def schedules_of(rule: str) -> tuple[str, ...]:
    """Return the schedules by which a rule trains a network in stages; none of an external rule."""
    builtin = rule in registry.RULES.builtin_names()
    return registry.RULES.declared(rule).schedules if builtin else ()


def learns_from(rule: str) -> str:
    """Return what an unlocked stage learns from: `MODELS`, `HEADS` or `ERRORS`."""
    declared = registry.RULES.declared(rule)
    if declared.has_models:
        return MODELS
    return ERRORS if declared.locking == "update" else HEADS


def check_stages(values: Mapping[str, Any]) -> None:
    """Raise UsageError where the fields of a cell with stages do not fit one another."""
    stages, rule = values.get("stages"), values["rule"]
    if stages is None:
        for name in OF_STAGES:
            if values.get(name) is not None:
                raise UsageError(
                    f"{name}={values[name]} is of a network that is cut into stages; give stages"
                    " too, or leave it out"
                )
        return
    if values["network"] != "fcn":
        raise UsageError(
            f"stages={stages} does not fit network={values['network']}: only network=fcn is cut"
            " into stages; leave it out"
        )
    if not schedules_of(rule):
        able = filter(schedules_of, registry.rules_of("feedforward"))
        raise UsageError(
            f"stages={stages} does not apply to rule={rule}; leave it out, or choose rule from:"
            f" {', '.join(able)}"
        )
    for name in ("decoupled", "frozen_below"):
        if values.get(name):
            raise UsageError(
                f"stages={stages} does not go with {name}={values[name]}; leave one of them out"
            )
    if values.get("schedule") is not None:
        _check_schedule(values)


def _check_schedule(values: Mapping[str, Any]) -> None:
    """Raise UsageError where rule, depth or batch do not fit the schedule."""
    stages, schedule, able = values["stages"], values["schedule"], schedules_of(values["rule"])
    if schedule not in able:
        raise UsageError(
            f"schedule={schedule} does not train rule={values['rule']}; choose schedule from:"
            f" {', '.join(able)}"
        )
    if stages == 1 and (schedule != "locked" or values.get("delay")):
        raise UsageError(
            f"stages=1 sends no message: it goes with schedule=locked, delay=0 only, not with"
            f" schedule={schedule}, delay={values.get('delay')}; give stages=2 or more"
        )
    depth, batch = values.get("depth"), values.get("batch_size")
    if depth is not None and depth < stages and schedule not in WHOLE_NETWORKS:
        raise UsageError(
            f"stages={stages} is more than the {depth} layers of depth={depth}; give stages={depth}"
            " or fewer"
        )
    parts = MICRO_BATCHES if schedule in MICRO_BATCHED else 1
    parts = stages if schedule in WHOLE_NETWORKS else parts
    if batch is not None and (batch % parts or batch < 2 * parts):
        raise UsageError(
            f"batch_size={batch} is not {parts} equal parts of 2 or more examples, which"
            f" schedule={schedule} asks for; give a multiple of {parts} from {2 * parts}"
        )


START_SECONDS = 1.0
"""About what it takes to measure the stages of a cell before it trains."""


def whole_network(cell: Cell) -> Cell:
    """Return the cell without stages: about the same work, in one process."""
    if cell.stages is None:
        return cell
    changes = dict.fromkeys((*STAGED_FIELDS, "si_layers", "si_units"))
    return cell.replace(**changes)


def waiting_seconds(values: Mapping[str, Any]) -> float:
    """Return how long an update of a cell waits, at least, for delayed messages."""
    stages, schedule = values.get("stages"), values.get("schedule")
    if stages is None:
        return 0.0
    in_turn = 2 * (stages - 1)
    if schedule in UNREPEATABLE:  # errors: so many batches a round
        in_turn = in_turn / HELD if learns_from(values["rule"]) == ERRORS else 0
    elif schedule == "stale":  # two batches a round
        in_turn = 1
    return in_turn * float(values["delay"]) / 1000
