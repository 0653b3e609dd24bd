"""Records as one data frame, and as files for other tools; sgbench itself reads none of them."""

import dataclasses
import importlib
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bench.configuration import hyperparameters
from ..bench.errors import UsageError, did_you_mean
from .files.atomic_io import reason, write_file
from .record import NAMES, TYPES, Record, json_line
from .rows import FRACTIONS, ROW_TYPES

if TYPE_CHECKING:
    import pandas as pd

FORMATS = ("parquet", "csv", "jsonl")
_NUMBER = frozenset({float})  # a hyperparameter
_DTYPES: dict[type, str] = {bool: "boolean", int: "Int64", float: "Float64", str: "string"}


def to_frame(records: Iterable[Record]) -> "pd.DataFrame":
    """Return a row per record and a column per field, in the schema's order.

    Each hyperparameter is a column: those of all registered rules, and whatever the records have.
    Nullable types (Int64, Float64, boolean, string), so that a null is no NaN and an integer stays
    one. `drops`, `evaluate_at`, `curve`, `progression`, `pipeline` and `timeline` hold Python
    lists.
    """
    import pandas as pd

    rows = [record.to_dict() for record in records]
    own = dict.fromkeys(hyperparameters())
    for row in rows:
        own |= dict.fromkeys(row["hyperparameters"])
    columns: dict[str, pd.Series[Any]] = {}
    for name in NAMES:
        if name != "hyperparameters":
            columns[name] = pd.Series([row[name] for row in rows], dtype=_dtype(name))
            continue
        for one in own:
            values = [row[name].get(one) for row in rows]
            columns[_column(one)] = pd.Series(values, dtype="Float64")
    return pd.DataFrame(columns)


def described() -> list[tuple[str, str, str, str]]:
    """Return (column, dtype, unit, meaning) of each column of `to_frame`, in order."""
    rows: list[tuple[str, str, str, str]] = []
    for spec in dataclasses.fields(Record):
        if spec.name == "hyperparameters":
            own = hyperparameters().items()
            rows += [(_column(name), "Float64", "", one.doc) for name, one in own]
        else:
            unit, doc = spec.metadata["unit"], spec.metadata["doc"]
            rows.append((spec.name, _dtype(spec.name), unit, doc))
    return rows


def _column(hyperparameter: str) -> str:
    """Return the name of a hyperparameter's column: no rule can take a field's name."""
    return f"hyperparameters.{hyperparameter}" if hyperparameter in TYPES else hyperparameter


def encode(records: Iterable[Record], format: str) -> bytes:  # noqa: A002
    """Return the content of a file of `records`; `format` is one of FORMATS (UsageError otherwise).

    `jsonl` has the lines that `run --json` prints. `parquet` has nested columns for lists; `csv`
    has JSON text for them, and nothing for a null.
    """
    if format not in FORMATS:
        raise UsageError(f"unknown --format {format!r}{did_you_mean(format, FORMATS)}")
    if format == "jsonl":
        return "".join(json_line(record) + "\n" for record in records).encode()
    return _csv(to_frame(records)) if format == "csv" else _parquet(to_frame(records))


def write(records: Iterable[Record], path: Path, format: str) -> None:  # noqa: A002
    """Write `records` to the file `path`, completely or not at all; `format` as in `encode`.

    Raises UsageError where the format is unknown or the file cannot be written.
    """
    data = encode(records, format)
    try:
        write_file(path, data)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {reason(error)}; give another file") from error


def _kind(types: frozenset[type]) -> type:
    return next(kind for kind in types if kind is not type(None))


def _dtype(name: str) -> Any:
    return _DTYPES.get(_kind(TYPES[name]), "object")


def _csv(frame: "pd.DataFrame") -> bytes:
    for name in (*FRACTIONS, *ROW_TYPES):
        frame[name] = frame[name].map(_compact)
    return frame.to_csv(index=False, lineterminator="\n").encode()


def _parquet(frame: "pd.DataFrame") -> bytes:
    # Types are declared: an inferred type of a column of nulls would differ between files.
    pa: Any = importlib.import_module("pyarrow")
    scalars: dict[type, Any] = {
        bool: pa.bool_(),
        int: pa.int64(),
        float: pa.float64(),
        str: pa.string(),
    }
    floats = pa.list_(pa.float64())
    lists: dict[str, Any] = dict.fromkeys(FRACTIONS, floats)
    for field, kinds in ROW_TYPES.items():
        row = {name: scalars.get(_kind(types), floats) for name, types in kinds.items()}
        if field == "curve":
            row["updates"] = pa.list_(pa.int64())
        lists[field] = pa.list_(pa.struct(list(row.items())))
    columns = map(str, frame.columns)
    fields: list[tuple[str, Any]] = [
        (name, lists.get(name) or scalars[_kind(TYPES.get(name, _NUMBER))]) for name in columns
    ]
    buffer = io.BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", index=False, schema=pa.schema(fields))
    return buffer.getvalue()


def _compact(value: Any) -> str | None:
    return None if value is None else json.dumps(value, separators=(",", ":"))
