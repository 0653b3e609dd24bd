"""A timing: how fast a program is on a machine, with what it was held against in the same rounds.

One JSON file a program and machine class in the store's `timings/`, written and read as records
are. A program is fixed by its cell (of which seed, rates and schedule do not matter) and by how
many such cells it trains together.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

from ..bench.cell import Cell, canonical_json
from ..bench.errors import UsageError
from .schema import NewerSchemaError, RecordError, Types, check_items, check_object, json_types
from .statistics.intervals import median_interval
from .store.codec import pack, unpack
from .store.json_store import JsonStore, StoredKind, publish_lines

SCHEMA_VERSION = 1
SAME_SIZES = (
    *("dataset", "network", "depth", "T", "batch_size", "hidden_units", "filters"),
    *("kernel_size", "precision"),
)
"""What a program and the baseline that it is held against share."""
PARTS = ("forward", "backward", "m", "update", "other")
ROUNDS = ("step", "limit", *PARTS, "matmul", "copy")
CONFIDENCE = 0.95
LEAST_ROUNDS = 6
"""Fewer have no interval of that confidence."""
WIDE = 0.10
"""An interval wider than this part of the median is too wide to rely on."""


class Median(NamedTuple):
    """The median over rounds and its 95 % interval; the range of fewer than `LEAST_ROUNDS`."""

    median: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """The interval's, as a part of the median; 0 where that is 0."""
        return (self.high - self.low) / self.median if self.median else 0.0

    @property
    def wide(self) -> bool:
        """Whether the machine was too unsteady to rely on the median."""
        return self.width > WIDE


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How fast a program is. Times are in seconds, wall-clock on a CPU, the device's on a GPU."""

    schema: int
    id: str
    """Hash of the cell without what does not matter, the replicas and the versions of the code."""
    exhibit: str
    scale: str
    session: str
    """Timings of one session were taken in the same rounds."""
    cell: dict[str, Any]
    replicas: int
    rounds: dict[str, list[float]]
    """For each round the seconds of a step, under `step`, `limit`, the parts and `other`, and the
    machine's own rates: `matmul` in FLOP/s, `copy` in bytes/s, read and written."""
    steps: int
    """In a turn of a round."""
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
    machine_class: str
    sgbench: str
    git_revision: str | None
    git_dirty: bool | None
    measured: str
    """When, ISO 8601, UTC."""

    def of(self, what: str) -> Median:
        """Return what of the rounds."""
        return over_rounds(self.rounds[what])

    @property
    def trained(self) -> Cell:
        """The cell; its seed, rates and schedule do not matter."""
        return Cell.from_dict(self.cell)

    @property
    def steps_per_second(self) -> float:
        """Updates of the whole program."""
        return 1 / self.of("step").median

    @property
    def examples_per_second(self) -> float:
        """Examples, or of recurrent cells symbols, of all replicas."""
        cell = self.trained
        return self.steps_per_second * cell.batch_size * cell.data_steps * self.replicas

    @property
    def fraction(self) -> Median:
        """The limit's time over the step's, round by round."""
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
        fields = check_object("", values, _TYPES)
        if schema != SCHEMA_VERSION:
            raise RecordError(f"schema={schema} must be {SCHEMA_VERSION}")
        try:
            Cell.from_dict(fields["cell"])
        except UsageError as error:
            raise RecordError(f"cell: {error}") from error
        rounds = check_object("rounds", fields["rounds"], _ROUND_TYPES)
        for name, seconds in rounds.items():
            check_items(f"rounds.{name}", seconds, _FLOATS)
        lengths = {len(seconds) for seconds in rounds.values()}
        if len(lengths) != 1 or lengths == {0}:
            raise RecordError("rounds must all be as many, at least one")
        if min(map(min, (rounds["step"], rounds["matmul"], rounds["copy"]))) <= 0:
            raise RecordError("rounds of step, matmul and copy must be above 0")
        return cls(**fields)


def identity(shape: Mapping[str, Any], replicas: int, versions: Mapping[str, int]) -> str:
    """Return the id of the timing of a program: of what of its cell matters, and its code."""
    value = {"shape": dict(shape), "replicas": replicas, "versions": dict(versions)}
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:16]


def over_rounds(values: list[float]) -> Median:
    """Return the median of values, at least one, and its interval."""
    found = median_interval(values, CONFIDENCE)
    if found.low is None or found.high is None:
        return Median(found.median, min(values), max(values))
    return Median(found.median, found.low, found.high)


def ratio(above: list[float], below: list[float]) -> Median:
    """Return what some values are of others, round by round."""
    return over_rounds([a / b for a, b in zip(above, below, strict=True)])


def relative(one: Timing, other: Timing) -> tuple[Median, bool]:
    """Return the time of a step over another's, and whether both were timed in the same rounds.

    Where they were not it is the medians' ratio, without an interval.
    """
    if one.session == other.session:
        return ratio(one.rounds["step"], other.rounds["step"]), True
    found = one.of("step").median / other.of("step").median
    return Median(found, found, found), False


def encode(timing: Timing) -> bytes:
    """Return the line of JSON that stores `timing`. Raises RecordError if it cannot be stored."""
    values = timing.to_dict()
    Timing.from_dict(values)  # what is written can be read back
    return pack("timing", values)


def decode(data: bytes) -> Timing:
    """Return the timing that `data` stores.

    Raises RecordError if it is not whole, NewerSchemaError if it is whole and of a newer schema.
    """
    return Timing.from_dict(unpack("timing", data))


def is_timings(name: str) -> bool:
    """Tell whether a published file of that name holds timings."""
    return name.startswith("timings.")


class Timings(JsonStore[Timing]):
    """The timings in the folder `path` of a store."""

    kind = StoredKind(folder="timings", encode=encode, decode=decode, published=is_timings)


def publish(timings: Iterable[Timing], folder: Path) -> list[Path]:
    """Write timings into `folder`, a file an exhibit and scale; return the files."""
    return publish_lines(timings, folder, lambda t: f"timings.{t.exhibit}.{t.scale}.jsonl", encode)


_FLOATS = frozenset({float})
_TYPES = json_types(Timing)
_ROUND_TYPES: Types = {name: frozenset({list}) for name in ROUNDS}
