"""Makes a record from an outcome, with machine and code."""

import dataclasses
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ..bench import datasets
from ..bench.cell import Cell
from ..bench.configuration import FIELDS
from ..bench.outcome import CurvePoint, Outcome, Span, StageRow
from . import provenance
from .record import SCHEMA_VERSION, Record
from .rows import ROW_TYPES


def make_record(
    cell: Cell,
    outcome: Outcome,
    *,
    exhibit: str,
    scale: str,
    data_hash: str,
    machine_class: str,
) -> Record:
    """Return the record of `outcome`, finished now, by the code that runs now.

    Final errors and losses are kept only where the status is ok, because a failure is never a
    result; its curve is kept.

    Args:
        cell: the cell that was trained.
        outcome: what training gave.
        exhibit: the table or figure for which it was trained.
        scale: the exhibit's scale.
        data_hash: of the data that was trained on (`bench.datasets.data_hash`).
        machine_class: of the outcome's machine (`bench.hardware.machine_class`).
    """
    versions, sources, code = cell.versions(), cell.source_hashes(), provenance.revision()
    ok, test = outcome.status == "ok", cell.split == "test"
    error, loss = _number(outcome.error_rate, ok), _number(outcome.loss, ok)
    configuration: dict[str, Any] = {name: getattr(cell, name) for name in FIELDS}
    machine: dict[str, Any] = dataclasses.asdict(outcome.machine)
    machine["matmul_error"] = _number(outcome.machine.matmul_error)
    return Record(
        **configuration,
        hyperparameters=dict(cell.hyperparameters),
        schema=SCHEMA_VERSION,
        id=cell.id(data_hash),
        key=cell.key,
        exhibit=exhibit,
        scale=scale,
        rule_version=versions["rule"],
        dataset_version=versions["dataset"],
        protocol_version=versions["protocol"],
        rule_source=sources["rule"],
        dataset_source=sources["dataset"],
        data_hash=data_hash,
        data_canonical=datasets.is_canonical(cell.dataset, data_hash),
        status=outcome.status,
        error=outcome.error,
        iterations_done=outcome.iterations_done,
        test_error=error if test else None,
        test_loss=loss if test else None,
        validation_error=None if test else error,
        validation_loss=None if test else loss,
        train_error=_number(outcome.train_error, ok),
        train_loss=_number(outcome.train_loss, ok),
        longest=outcome.longest if ok else None,
        validation_bits=_number(outcome.validation_bits, ok),
        test_bits=_number(outcome.test_bits, ok),
        error_a=_number(outcome.error_a, ok),
        error_b=_number(outcome.error_b, ok),
        progression=[solved.to_dict() for solved in outcome.progression],
        curve=[_point(point) for point in outcome.curve],
        pipeline=[_row(row) for row in outcome.pipeline],
        timeline=[_row(span) for span in outcome.timeline],
        train_seconds=float(outcome.train_seconds),
        evaluation_seconds=float(outcome.evaluation_seconds),
        steps_per_second=_number(outcome.steps_per_second),
        examples_per_second=_number(outcome.examples_per_second),
        tokens_per_second=_number(outcome.tokens_per_second),
        replicas=outcome.replicas,
        **machine,
        machine_class=machine_class,
        sgbench=provenance.release(),
        git_revision=code.commit,
        git_dirty=code.dirty,
        finished=datetime.now(UTC).isoformat(timespec="microseconds"),
    )


def _number(value: float | None, keep: bool = True) -> float | None:
    return float(value) if keep and value is not None and math.isfinite(value) else None


def _row(row: StageRow | Span) -> dict[str, Any]:
    """Return the fields of a row as the record's JSON types: 1 as 1.0 where a float is due."""
    kinds = ROW_TYPES["pipeline" if isinstance(row, StageRow) else "timeline"]
    values = dataclasses.asdict(row)
    return {
        name: float(value) if float in kinds[name] and value is not None else value
        for name, value in values.items()
    }


def _point(point: CurvePoint) -> dict[str, Any]:
    def numbers(values: Iterable[float | None] | None) -> list[float | None] | None:
        return None if values is None else [_number(value) for value in values]

    return {
        "iteration": point.iteration,
        "seconds": float(point.seconds),
        "error": _number(point.error),
        "loss": _number(point.loss),
        "train_loss": _number(point.train_loss),
        "sg_loss": numbers(point.sg_loss),
        "sg_cosine": numbers(point.sg_cosine),
        "sg_held_cosine": numbers(point.sg_held_cosine),
        "sg_weight_cosine": numbers(point.sg_weight_cosine),
        "sg_ridge_cosine": numbers(point.sg_ridge_cosine),
        "bits": _number(point.bits),
        "longest": point.longest,
        "aux_loss": _number(point.aux_loss),
        "updates": point.updates,
        "error_a": _number(point.error_a),
        "error_b": _number(point.error_b),
    }
