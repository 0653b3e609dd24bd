"""A record: all that is known about one trained cell, flat, typed and versioned.

The declarations of `Record` are the schema: type, unit and meaning of every field, in the order in
which they are written. `sgbench show` prints from them. `from_outcome` makes records,
`older_schemas` reads those of an earlier schema.
"""

import dataclasses
import json
import typing
from dataclasses import dataclass, field
from typing import Any

from ..bench.cell import Cell
from ..bench.configuration import FIELDS, hyperparameters
from ..bench.errors import UsageError
from .files.schema import (
    NewerSchemaError,
    RecordError,
    check_items,
    check_object,
    json_types,
)
from .older_schemas import OLDER, upgraded
from .registered import cell_of, missing, unregistered
from .rows import FRACTIONS, ROW_TYPES, check_lists

SCHEMA_VERSION = 9
"""Raised when a field is added, removed or changes its meaning."""

STATUSES: tuple[str, ...] = ("ok", "diverged", "failed", "timeout", "partial", "pruned")
ENDED: tuple[str, ...] = ("ok", "diverged")
"""Statuses that are results: the same cell on the same class of machines always ends so."""
LOST: tuple[str, ...] = ("diverged", "failed", "timeout", "partial")
"""Statuses without a result of a cell that was to be trained to its end."""


def _doc(text: str, unit: str = "") -> Any:
    return field(metadata={"doc": text, "unit": unit})


def _of_cell(name: str, unit: str = "") -> Any:
    return _doc(FIELDS[name].doc, unit)


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
    hyperparameters: dict[str, float] = _doc(  # noqa: RUF009
        "the rule's own hyperparameters, by name"
    )
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
    stages: int | None = _of_cell("stages")
    schedule: str | None = _of_cell("schedule")
    delay: float | None = _of_cell("delay", "ms")
    straggler: float | None = _of_cell("straggler")
    activation: str | None = _of_cell("activation")
    norm: str | None = _of_cell("norm")
    dropout: float | None = _of_cell("dropout")
    jitter: int | None = _of_cell("jitter", "pixels")
    flip: str | None = _of_cell("flip")
    input_norm: str | None = _of_cell("input_norm")
    optimizer: str | None = _of_cell("optimizer")
    loss_function: str | None = _of_cell("loss_function")
    last_batch: str | None = _of_cell("last_batch")
    zero_init: str | None = _of_cell("zero_init")
    sg_at: str | None = _of_cell("sg_at")
    solve_bits: float | None = _of_cell("solve_bits", "bits")
    solve_window: int | None = _of_cell("solve_window")
    patience: int | None = _of_cell("patience")
    precision: str = _of_cell("precision")
    rule_version: int = _doc("version of the learning rule's code")
    dataset_version: int = _doc("version of the dataset's code")
    protocol_version: int = _doc("version of the loop, the layers, the optimiser and the seeding")
    rule_source: str | None = _doc(
        "hash of the source of a rule from a file or an installed package; null: the package's own"
    )
    dataset_source: str | None = _doc("the same of the dataset")
    data_hash: str = _doc("hash of the data that was trained on")
    data_canonical: bool = _doc("whether that data is the original, byte for byte")
    status: str = _doc(
        "ok, diverged, failed, timeout, partial (run --until) or pruned (by a study)"
    )
    error: str | None = _doc("why the status is not ok")
    iterations_done: int = _doc("updates that were made")
    test_error: float | None = _doc("error on the test set (split=test, status ok)", "%")
    test_loss: float | None = _doc("loss on the test set (split=test, status ok)", "nats")
    validation_error: float | None = _doc(
        "error on the held-out examples (split=validation, status ok)", "%"
    )
    validation_loss: float | None = _doc(
        "loss on the held-out examples (split=validation, status ok)", "nats"
    )
    train_error: float | None = _doc(
        "error on the first 10,000 training examples, at the end of training", "%"
    )
    train_loss: float | None = _doc("loss on the same", "nats")
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
        " the cosine of synthetic and true gradient (sg_cosine), also on held-out examples"
        " (sg_held_cosine), at the last evaluation that of the gradients that the layer's weights"
        " get (sg_weight_cosine) and the one that a ridge"
        " regression on what M sees reaches (sg_ridge_cosine); and of recurrent cells bits a"
        " symbol, T_task of the longest level solved so far, and aux_loss; by layer from the"
        " bottom, the updates it has done (decoupled); error_a and error_b (two_lstms)"
    )
    pipeline: list[dict[str, Any]] = _doc(  # noqa: RUF009 - a dataclass field
        "stages of the network, each a process, from the bottom: layers; updates in the whole run"
        " and a second; shares of its time when busy, waiting and communicating; bytes_sent an"
        " update; messages that it never read (dropped); age in updates of what it learns from"
        " (staleness, staleness_max; null: it is on time); and measured alone before the run, the"
        " seconds of a forward pass, a backward pass, M, an optimiser step and a message"
    )
    timeline: list[dict[str, Any]] = _doc(  # noqa: RUF009 - a dataclass field
        "what each stage did in a window of at most a second: kind (forward, backward, model,"
        " update, waiting, communicating), batch, and start and end in seconds"
    )
    train_seconds: float = _doc("training time without evaluation and compilation", "s")
    evaluation_seconds: float = _doc("time of all evaluations", "s")
    steps_per_second: float | None = _doc("updates a second of the whole program", "1/s")
    examples_per_second: float | None = _doc("training examples a second", "1/s")
    tokens_per_second: float | None = _doc("symbols read a second (recurrent cells)", "1/s")
    replicas: int = _doc("cells that were trained together as one program")
    device: str = _doc("processor or GPU")
    threads: int = _doc("threads of the program")
    matmul: str = _doc("back-end of the matrix products; bfloat16: of precision=bf16's")
    matmul_error: float | None = _doc("its measured relative error against float64")
    torch: str = _doc("version of PyTorch")
    python: str = _doc("version of Python")
    numpy: str = _doc("version of NumPy")
    platform: str = _doc("operating system and architecture")
    processor: str | None = _doc(
        "the processor's vendor, family and model; null: not known, as before schema 6, or a GPU"
    )
    instructions: str | None = _doc(
        "its instruction set, and variables that choose it; null: not known, or a GPU"
    )
    cuda: str | None = _doc("version of CUDA; null: not known, or on a processor")
    cudnn: str | None = _doc("version of cuDNN; null: not known, or on a processor")
    machine_class: str = _doc(
        "machine properties that can change results bit for bit; only records of one class are"
        " compared"
    )
    sgbench: str = _doc("version of this package")
    git_revision: str | None = _doc("commit of the code, where it ran from a checkout")
    git_dirty: bool | None = _doc("whether the code differed from that commit")
    finished: str = _doc("when the cell ended, ISO 8601, UTC")

    @property
    def configuration(self) -> dict[str, Any]:
        """The cell's fields by name, the rule's hyperparameters among them (`Cell.from_dict`)."""
        return {name: getattr(self, name) for name in FIELDS} | self.hyperparameters

    @property
    def cell(self) -> Cell:
        """The cell that this record is of.

        Raises UsageError where its rule or dataset is not registered here.
        """
        problem = unregistered(self)
        if problem:
            raise UsageError(f"record {self.id}: {problem}")
        values = tuple(getattr(self, name) for name in FIELDS)
        own = tuple(sorted(self.hyperparameters.items()))
        return cell_of(values, own)

    @property
    def versions(self) -> dict[str, int]:
        """Versions of the code that made it, as `Cell.versions` names them."""
        return {
            "rule": self.rule_version,
            "dataset": self.dataset_version,
            "protocol": self.protocol_version,
        }

    @property
    def sources(self) -> dict[str, str | None]:
        """Hashes of the sources of its rule and dataset, as `Cell.source_hashes` names them."""
        return {"rule": self.rule_source, "dataset": self.dataset_source}

    @property
    def known(self) -> bool:
        """Whether the rule and the dataset that it was made with are registered here."""
        return missing(self) is None

    def value(self, name: str) -> Any:
        """Return a hyperparameter of the rule or else the field `name`; None where it has none."""
        if name in self.hyperparameters:
            return self.hyperparameters[name]
        return getattr(self, name, None)

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value, in the schema's order, a point's too."""
        values = {name: getattr(self, name) for name in NAMES}
        values["hyperparameters"] = dict(sorted(self.hyperparameters.items()))
        for name in FRACTIONS:
            values[name] = None if values[name] is None else list(values[name])
        for name, kinds in ROW_TYPES.items():
            values[name] = [{n: row[n] for n in kinds} for row in getattr(self, name)]
        return values

    @classmethod
    def from_dict(cls, values: Any) -> "Record":
        """Return the record of `to_dict`'s output, also of an older schema.

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
        if older:
            values = upgraded(typing.cast("dict[str, Any]", values), SCHEMA_VERSION)
        fields = check_object("", values, TYPES)
        if fields["schema"] != SCHEMA_VERSION:
            raise RecordError(f"schema={schema} must be {SCHEMA_VERSION} or older, from 1")
        if fields["status"] not in STATUSES:
            raise RecordError(f"status={fields['status']!r} must be one of {', '.join(STATUSES)}")
        check_items("hyperparameters", fields["hyperparameters"].values(), frozenset({int, float}))
        check_lists(fields)
        # By the names declared here: a call with as many names as parsed from JSON is slow.
        arguments: dict[str, Any] = {name: fields[name] for name in NAMES}
        for name in FRACTIONS:
            arguments[name] = None if fields[name] is None else tuple(fields[name])
        return cls(**arguments)


def describe(record: Record) -> list[tuple[str, Any, str, str]]:
    """Return (name, value, unit, meaning) of every field, in the schema's order.

    Hyperparameters have a row each: those of all registered rules, and the record's.
    """
    rows: list[tuple[str, Any, str, str]] = []
    for spec in dataclasses.fields(Record):
        if spec.name == "hyperparameters":
            own, declared = record.hyperparameters, hyperparameters()
            meanings = dict.fromkeys(own, f"hyperparameter of {record.rule}")
            meanings |= {name: one.doc for name, one in declared.items()}
            rows += [(name, own.get(name), "", doc) for name, doc in meanings.items()]
        else:
            value = getattr(record, spec.name)
            rows.append((spec.name, value, spec.metadata["unit"], spec.metadata["doc"]))
    return rows


def json_line(record: Record) -> str:
    """Return the record as one line of JSON, as `run --json` and `export` print it."""
    return json.dumps(record.to_dict(), separators=(",", ":"), allow_nan=False)


NAMES = tuple(spec.name for spec in dataclasses.fields(Record))
TYPES = json_types(Record)
