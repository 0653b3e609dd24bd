"""A timing: the speed of a program on a machine, and the machine's limits in the same rounds.

A timing is one JSON file per program and machine class in the store's `timings/`, written and read
as records are. A program is defined by its cell, apart from seed, rates and schedule, and by the
number of such cells that it trains together.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..bench.cell import Cell, canonical_json
from ..bench.errors import UsageError
from .files.codec import pack, unpack
from .files.json_store import JsonStore, StoredKind, publish_lines
from .files.schema import (
    NewerSchemaError,
    RecordError,
    Types,
    check_items,
    check_object,
    json_types,
)
from .registered import missing, unregistered
from .statistics.rounds import Median, over_rounds, ratio

SCHEMA_VERSION = 3
"""Older ones are read as well."""
ADDED = {
    2: ("rule_source", "dataset_source"),
    3: ("processor", "instructions", "cuda", "cudnn"),
}
"""The fields that each schema added, null in timings before it."""
SAME_SIZES = (
    *("dataset", "network", "depth", "T", "batch_size", "hidden_units", "filters"),
    *("kernel_size", "precision"),
)
"""Fields in which a program and the baseline that it is compared with agree."""
PARTS = ("forward", "backward", "m", "update", "other")
ROUNDS = ("step", "limit", *PARTS, "matmul", "copy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The speed of a program. Times are in seconds: wall-clock on a CPU, the device's on a GPU."""

    schema: int
    id: str
    """Hash of the fields of the cell that matter, the replicas, and the versions of the code."""
    exhibit: str
    scale: str
    session: str
    """Name shared by timings that were taken in the same rounds."""
    cell: dict[str, Any]
    replicas: int
    rounds: dict[str, list[float]]
    """One number a round: seconds of a step (`step`), of the machine's limit (`limit`) and of each
    part of a step; and the machine's rates, `matmul` in FLOP/s and `copy` in bytes/s, both ways."""
    steps: int
    """Steps in one turn of a round."""
    limit_by: str
    flops: float
    bytes: float
    adam_bytes: float
    peak_bytes: int
    compile_seconds: float
    load_before: float | None
    load_after: float | None
    device: str
    cores: int
    threads: int
    matmul: str
    matmul_error: float | None
    torch: str
    python: str
    numpy: str
    platform: str
    processor: str | None
    instructions: str | None
    cuda: str | None
    cudnn: str | None
    machine_class: str
    rule_source: str | None
    """Of a rule that is not the package's own, as in a record."""
    dataset_source: str | None
    sgbench: str
    git_revision: str | None
    git_dirty: bool | None
    measured: str
    """Time of the measurement, ISO 8601, UTC."""

    def median_of(self, what: str) -> Median:
        """Return the median over rounds of one of `ROUNDS`."""
        return over_rounds(self.rounds[what])

    @property
    def rule(self) -> str:
        """Name of the cell's learning rule."""
        return self.cell["rule"]

    @property
    def dataset(self) -> str:
        """Name of the cell's dataset."""
        return self.cell["dataset"]

    @property
    def known(self) -> bool:
        """Whether the rule and the dataset that it was made with are registered here."""
        return missing(self) is None

    @property
    def trained(self) -> Cell:
        """The cell; its seed, rates and schedule do not matter.

        Raises UsageError where its rule or dataset is not registered here.
        """
        problem = unregistered(self)
        if problem:
            raise UsageError(f"timing {self.id}: {problem}")
        return Cell.from_dict(self.cell)

    @property
    def steps_per_second(self) -> float:
        """Updates a second of the whole program."""
        return 1 / self.median_of("step").median

    @property
    def examples_per_second(self) -> float:
        """Examples (symbols in recurrent cells) a second, of all replicas together."""
        cell = self.trained
        return self.steps_per_second * cell.batch_size * cell.data_steps * self.replicas

    @property
    def fraction(self) -> Median:
        """Fraction of the machine's limit: the limit's time over the step's, round by round."""
        return ratio(self.rounds["limit"], self.rounds["step"])

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value."""
        return {spec.name: getattr(self, spec.name) for spec in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, values: Any) -> "Timing":
        """Return the timing of `to_dict`'s output.

        Raises RecordError where a field is unknown, missing or of the wrong type,
        NewerSchemaError where a newer sgbench wrote it.
        """
        schema = cast("dict[str, Any]", values).get("schema") if type(values) is dict else 0
        if type(schema) is int and schema > SCHEMA_VERSION:
            raise NewerSchemaError(
                f"schema {schema} is newer than this sgbench reads ({SCHEMA_VERSION}):"
                " upgrade sgbench"
            )
        if type(schema) is int and 1 <= schema < SCHEMA_VERSION:
            later = (names for number, names in ADDED.items() if number > schema)
            added: dict[str, Any] = {name: None for names in later for name in names}
            values = added | cast("dict[str, Any]", values) | {"schema": SCHEMA_VERSION}
        fields = check_object("", values, _TYPES)
        if fields["schema"] != SCHEMA_VERSION:
            raise RecordError(f"schema={schema} must be {SCHEMA_VERSION} or older, from 1")
        _check_cell(fields)
        rounds = check_object("rounds", fields["rounds"], _ROUND_TYPES)
        for name, seconds in rounds.items():
            check_items(f"rounds.{name}", seconds, _FLOATS)
        lengths = {len(seconds) for seconds in rounds.values()}
        if len(lengths) != 1 or lengths == {0}:
            raise RecordError("rounds must have the same length, at least 1")
        if min(map(min, (rounds["step"], rounds["matmul"], rounds["copy"]))) <= 0:
            raise RecordError("rounds of step, matmul and copy must be above 0")
        return cls(**fields)


def _check_cell(fields: Mapping[str, Any]) -> None:
    """Raise RecordError where the cell is invalid, if its rule and dataset are builtin.

    An external one's file may have changed since: that breaks no timing.
    """
    cell = fields["cell"]
    for name in ("rule", "dataset"):
        if type(cell.get(name)) is not str:
            raise RecordError(f"cell.{name} must be str")
    if fields["rule_source"] is None and fields["dataset_source"] is None:
        try:
            Cell.from_dict(cell)
        except UsageError as error:
            raise RecordError(f"cell: {error}") from error


def identity(
    shape: Mapping[str, Any],
    replicas: int,
    versions: Mapping[str, int],
    sources: Mapping[str, str | None],
) -> str:
    """Return the id of the timing of a program.

    Args:
        shape: what of its cell matters for its speed.
        replicas: how many cells it trains together.
        versions: of the code (`Cell.versions`).
        sources: of an external rule or dataset (`Cell.source_hashes`).
    """
    value: dict[str, Any] = {"shape": dict(shape), "replicas": replicas, "versions": dict(versions)}
    external = {kind: source for kind, source in sources.items() if source is not None}
    if external:  # or else the id is what it was before there were any
        value["sources"] = external
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]


def relative(one: Timing, other: Timing) -> tuple[Median, bool]:
    """Return the ratio of two step times, and whether they were timed in the same rounds.

    Otherwise it is the ratio of the medians, without an interval.
    """
    if one.session == other.session:
        return ratio(one.rounds["step"], other.rounds["step"]), True
    found = one.median_of("step").median / other.median_of("step").median
    return Median(found, found, found), False


def encode(timing: Timing) -> bytes:
    """Return the line of JSON that stores `timing`. Raises RecordError if it cannot be stored."""
    values = timing.to_dict()
    Timing.from_dict(values)  # what is written can be read back
    return pack("timing", values)


def decode(data: bytes) -> Timing:
    """Return the timing that the line `data` stores.

    Raises RecordError where the line is incomplete or changed, NewerSchemaError where the timing is
    of a newer schema.
    """
    return Timing.from_dict(unpack("timing", data))


def is_timings(name: str) -> bool:
    """Tell whether a published file of that name holds timings."""
    return name.startswith("timings.")


class Timings(JsonStore[Timing]):
    """The timings in the folder `path` of a store."""

    kind = StoredKind(folder="timings", encode=encode, decode=decode, published=is_timings)


def publish(timings: Iterable[Timing], folder: Path) -> list[Path]:
    """Write timings into `folder`, a file per exhibit and scale; return the files."""
    return publish_lines(timings, folder, lambda t: f"timings.{t.exhibit}.{t.scale}.jsonl", encode)


_FLOATS = frozenset({float})
_TYPES = json_types(Timing)
_ROUND_TYPES: Types = {name: frozenset({list}) for name in ROUNDS}
