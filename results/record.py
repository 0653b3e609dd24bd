"""A record: everything that is known about one trained cell, flat, typed and versioned.

The declarations below are the schema: the type, the unit and the meaning of every field, in the
order in which they are written. `sgbench show` prints from them.
"""

import dataclasses
import itertools
import json
import math
import operator
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..bench import datasets
from ..bench.cell import Cell
from ..bench.configuration import FIELDS, field_of
from ..bench.outcome import CurvePoint, Outcome, Solved
from . import provenance
from .schema import (
    NewerSchemaError,
    RecordError,
    check_items,
    check_object,
    check_rows,
    json_types,
)

CELL_FIELDS = (*FIELDS, "bp_lambda", "aux_weight")
SCHEMA_VERSION = 3
"""Raised when a field is added, removed or changes its meaning; `_upgraded` reads older ones."""

STATUSES: tuple[str, ...] = ("ok", "diverged", "failed", "timeout", "pruned")
ENDED: tuple[str, ...] = ("ok", "diverged")
"""What a cell comes to on a class of machines; else something happened to its run."""
LOST: tuple[str, ...] = ("diverged", "failed", "timeout")
"""Statuses without a result of a cell that was to be trained to its end."""


def _doc(text: str, unit: str = "") -> Any:
    return field(metadata={"doc": text, "unit": unit})


def _of_cell(name: str, unit: str = "") -> Any:
    return _doc(field_of(name).doc, unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One cell's configuration, result and circumstances. Stored floats are finite."""

    schema: int = _doc("version of this schema")
    id: str = _doc("hash of the cell, the versions of its code and its data")
    key: str = _doc("hash of the cell alone")
    exhibit: str = _doc("table or figure for which the cell was run first")
    scale: str = _doc("demo, quick, paper or custom")
    dataset: str = _of_cell("dataset")
    network: str = _of_cell("network")
    depth: int | None = _of_cell("depth")
    T: int | None = _of_cell("T")
    rule: str = _of_cell("rule")
    bp_lambda: float | None = _of_cell("bp_lambda")
    decoupled: str | None = _of_cell("decoupled")
    p_update: float | None = _of_cell("p_update")
    sg_layers: int | None = _of_cell("sg_layers")
    seed: int = _of_cell("seed")
    split: str | None = _of_cell("split")
    corpus: str | None = _of_cell("corpus")
    iterations: int = _of_cell("iterations")
    batch_size: int = _of_cell("batch_size")
    learning_rate: float = _of_cell("learning_rate")
    drops: tuple[float, ...] = _of_cell("drops")
    drop_factor: float = _of_cell("drop_factor")
    evaluate_every: int = _of_cell("evaluate_every")
    evaluate_at: tuple[float, ...] | None = _of_cell("evaluate_at")
    hidden_units: int | None = _of_cell("hidden_units")
    filters: int | None = _of_cell("filters")
    kernel_size: int | None = _of_cell("kernel_size")
    sg_units: int | None = _of_cell("sg_units")
    sg_scale: float | None = _of_cell("sg_scale")
    sg_factor: float | None = _of_cell("sg_factor")
    si_layers: int | None = _of_cell("si_layers")
    si_units: int | None = _of_cell("si_units")
    aux_weight: float | None = _of_cell("aux_weight")
    solve_bits: float | None = _of_cell("solve_bits", "bits")
    solve_window: int | None = _of_cell("solve_window")
    patience: int | None = _of_cell("patience")
    precision: str = _of_cell("precision")
    rule_version: int = _doc("version of the learning rule's code")
    dataset_version: int = _doc("version of the dataset's code")
    protocol_version: int = _doc("version of the loop, the layers, the optimiser and the seeding")
    data_hash: str = _doc("hash of the data that was trained on")
    data_canonical: bool = _doc("whether that data is the original, byte for byte")
    status: str = _doc("ok, diverged, failed, timeout or pruned (by a study)")
    error: str | None = _doc("why the status is not ok")
    iterations_done: int = _doc("updates that were made")
    test_error: float | None = _doc("error on the test set (split=test, status ok)", "%")
    test_loss: float | None = _doc("cross-entropy on the test set (split=test, status ok)", "nats")
    validation_error: float | None = _doc(
        "error on the held-out examples (split=validation, status ok)", "%"
    )
    validation_loss: float | None = _doc(
        "cross-entropy on the held-out examples (split=validation, status ok)", "nats"
    )
    train_error: float | None = _doc("error on the first 10,000 training examples", "%")
    train_loss: float | None = _doc("cross-entropy on the same", "nats")
    longest: int | None = _doc("T_task of the longest level solved, 0: none (episodes, status ok)")
    validation_bits: float | None = _doc(
        "bits per character of the validation text, at the evaluation where that was lowest"
    )
    test_bits: float | None = _doc("bits per character of the test text, there (split=test)")
    error_a: float | None = _doc(
        "counts of A that are wrong, on the split (two_lstms, status ok)", "%"
    )
    error_b: float | None = _doc(
        "counts of B that are wrong, on the split (two_lstms, status ok)", "%"
    )
    progression: list[dict[str, Any]] = _doc(  # noqa: RUF009
        "levels of the curriculum as they were solved: T_task (length); symbols; repeats; updates"
        " (iteration); steps of data (data_steps: updates times T); seconds of training"
    )
    curve: list[dict[str, Any]] = _doc(  # noqa: RUF009
        "evaluations during training: iteration; seconds of training; error (%) and loss (nats) on"
        " the split; train_loss; by hidden layer from the bottom, M's regression loss (sg_loss) and"
        " the cosine of synthetic and true gradient (sg_cosine); and of recurrent cells bits a"
        " symbol, T_task of the longest level solved so far, and aux_loss; by layer from the"
        " bottom, the updates it has done (decoupled); error_a and error_b (two_lstms)"
    )
    train_seconds: float = _doc("training time without evaluation and compilation", "s")
    evaluation_seconds: float = _doc("time of all evaluations", "s")
    steps_per_second: float | None = _doc("updates a second of the whole program", "1/s")
    examples_per_second: float | None = _doc("training examples a second", "1/s")
    tokens_per_second: float | None = _doc("symbols read a second (recurrent cells)", "1/s")
    replicas: int = _doc("cells that were trained together as one program")
    device: str = _doc("processor or GPU")
    threads: int = _doc("threads of the program")
    matmul: str = _doc("back-end of the matrix products")
    matmul_error: float | None = _doc("its measured relative error against float64")
    torch: str = _doc("version of PyTorch")
    python: str = _doc("version of Python")
    numpy: str = _doc("version of NumPy")
    platform: str = _doc("operating system and architecture")
    machine_class: str = _doc("what records must share for their times to be compared")
    sgbench: str = _doc("version of this package")
    git_revision: str | None = _doc("commit of the code, where it ran from a checkout")
    git_dirty: bool | None = _doc("whether the code differed from that commit")
    finished: str = _doc("when the cell ended, ISO 8601, UTC")

    @property
    def cell(self) -> Cell:
        """The cell that this record is of."""
        return Cell.from_dict({name: getattr(self, name) for name in CELL_FIELDS})

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value, in the schema's order, a point's too."""
        values = {name: getattr(self, name) for name in NAMES}
        for name in FRACTIONS:
            values[name] = None if values[name] is None else list(values[name])
        values["curve"] = [{name: point[name] for name in POINT_TYPES} for point in self.curve]
        values["progression"] = [{n: row[n] for n in SOLVED_TYPES} for row in self.progression]
        return values

    @classmethod
    def from_dict(cls, values: Any) -> "Record":
        """Return the record of `to_dict`'s output.

        Raises RecordError where a field is unknown, missing or of the wrong type (1 is no float,
        true is no int), NewerSchemaError where a newer sgbench wrote it.
        """
        schema = typing.cast("dict[str, Any]", values).get("schema") if type(values) is dict else 0
        if type(schema) is int and schema > SCHEMA_VERSION:
            raise NewerSchemaError(
                f"schema {schema} is newer than this sgbench reads ({SCHEMA_VERSION}):"
                " upgrade sgbench"
            )
        older = type(schema) is int and schema in OLDER  # true is no 1
        fields = check_object("", _upgraded(values) if older else values, TYPES)
        if fields["schema"] != SCHEMA_VERSION:
            raise RecordError(f"schema={schema} must be {SCHEMA_VERSION} or older, from 1")
        if fields["status"] not in STATUSES:
            raise RecordError(f"status={fields['status']!r} must be one of {', '.join(STATUSES)}")
        for name in FRACTIONS:
            check_items(name, fields[name] or (), _FLOATS)
        points = fields["curve"]
        check_rows("curve", points, POINT_TYPES)
        check_rows("progression", fields["progression"], SOLVED_TYPES)
        for name, kinds in _ITEMS.items():
            lists = filter(None, map(operator.itemgetter(name), points))
            check_items(f"curve.{name}", itertools.chain.from_iterable(lists), kinds)
        # By the names declared here: a call with as many names as parsed from JSON is slow.
        arguments: dict[str, Any] = {name: fields[name] for name in NAMES}
        for name in FRACTIONS:
            arguments[name] = None if fields[name] is None else tuple(fields[name])
        return cls(**arguments)


def _upgraded(values: Any) -> Any:
    """Return what a record of an older schema would be in this one.

    Schema 1 knew feed-forward cells only, schema 2 neither decoupled layers nor two networks. A
    field of its own schema that is missing stays missing, so that it is told of.
    """
    old = values["schema"]
    fields = dict.fromkeys((*NEW_IN_2, *NEW_IN_3) if old == 1 else NEW_IN_3) | values
    fields["schema"] = SCHEMA_VERSION
    if old == 1:
        fields["progression"] = []
    if type(fields.get("curve")) is list:
        added = dict.fromkeys((*POINTS_IN_2, *POINTS_IN_3) if old == 1 else POINTS_IN_3)
        fields["curve"] = [
            added | point if type(point) is dict else point for point in fields["curve"]
        ]
    return fields


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

    `data_hash` is of the data that was trained on (`bench.datasets.data_hash`), `machine_class`
    what `bench.hardware.machine_class` says of the outcome's machine. Final errors and losses
    are kept only where the status is ok: a failure is never a result; its curve stays.
    """
    versions, code = cell.versions(), provenance.revision()
    ok, test = outcome.status == "ok", cell.split == "test"
    error, loss = _number(outcome.error_rate, ok), _number(outcome.loss, ok)
    configuration: dict[str, Any] = {name: cell.value(name) for name in CELL_FIELDS}
    machine: dict[str, Any] = dataclasses.asdict(outcome.machine)
    machine["matmul_error"] = _number(outcome.machine.matmul_error)
    return Record(
        **configuration,
        schema=SCHEMA_VERSION,
        id=cell.id(data_hash),
        key=cell.key,
        exhibit=exhibit,
        scale=scale,
        rule_version=versions["rule"],
        dataset_version=versions["dataset"],
        protocol_version=versions["protocol"],
        data_hash=data_hash,
        data_canonical=data_hash == datasets.canonical_hash(cell.dataset),
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
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def describe(record: Record) -> list[tuple[str, Any, str, str]]:
    """Return (name, value, unit, meaning) of every field, in the schema's order."""
    return [
        (spec.name, getattr(record, spec.name), spec.metadata["unit"], spec.metadata["doc"])
        for spec in dataclasses.fields(Record)
    ]


def json_line(record: Record) -> str:
    """Return the record as one line of JSON, as `run --json` and `export` print it."""
    return json.dumps(record.to_dict(), separators=(",", ":"), allow_nan=False)


def _number(value: float | None, keep: bool = True) -> float | None:
    return float(value) if keep and value is not None and math.isfinite(value) else None


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
        "bits": _number(point.bits),
        "longest": point.longest,
        "aux_loss": _number(point.aux_loss),
        "updates": point.updates,
        "error_a": _number(point.error_a),
        "error_b": _number(point.error_b),
    }


NAMES = tuple(spec.name for spec in dataclasses.fields(Record))
FRACTIONS = ("drops", "evaluate_at")
"""Fields that are tuples of numbers."""
OLDER = (1, 2)
"""Schemas that are read as well as this one."""
_FLOATS = frozenset({float})
_FLOATS_OR_NULL = frozenset({float, type(None)})
_ITEMS = {
    "sg_loss": _FLOATS_OR_NULL,
    "sg_cosine": _FLOATS_OR_NULL,
    "updates": frozenset({int}),
}
TYPES = json_types(Record)
POINT_TYPES = json_types(CurvePoint)
SOLVED_TYPES = json_types(Solved)
NEW_IN_2 = (
    *("T", "corpus", "sg_factor", "aux_weight", "solve_bits", "solve_window", "patience"),
    *("longest", "validation_bits", "test_bits", "tokens_per_second"),
)
NEW_IN_3 = (
    *("bp_lambda", "decoupled", "p_update", "evaluate_at", "si_layers", "si_units"),
    *("error_a", "error_b"),
)
POINTS_IN_2 = ("bits", "longest", "aux_loss")
POINTS_IN_3 = ("updates", "error_a", "error_b")
