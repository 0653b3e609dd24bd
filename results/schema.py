"""Checks JSON values against the types of a dataclass: what a record's file must look like.

Strict, because a record may have been edited by hand: 1 is no float and true is no int.
"""

import math
import types
import typing
from typing import Any

from ..bench.errors import StoreError

Types = dict[str, frozenset[type]]


class RecordError(StoreError):
    """A record does not have the schema: the message names the field."""


def json_types(declared: type) -> Types:
    """Return the JSON types of each field of the dataclass `declared` (a tuple is a list)."""
    return {name: _arms(hint) for name, hint in typing.get_type_hints(declared).items()}


def as_object(where: str, value: Any) -> dict[str, Any]:
    """Return `value` if it is a JSON object, else raise RecordError about `where`."""
    if type(value) is not dict:
        raise RecordError(f"{where or 'a record'} must be a JSON object")
    return typing.cast("dict[str, Any]", value)


def check_fields(where: str, fields: dict[str, Any], expected: Types) -> None:
    """Raise RecordError unless `fields` has exactly the `expected` ones, each of such a type.

    `where` goes before a field's name in the message. Floats must be finite.
    """
    if fields.keys() != expected.keys():
        unknown, missing = fields.keys() - expected.keys(), expected.keys() - fields.keys()
        fault = f"unknown field {min(unknown)}" if unknown else f"missing field {min(missing)}"
        raise RecordError(f"{where}: {fault}" if where else fault)
    prefix = f"{where}." if where else ""
    for name, value in fields.items():
        if value.__class__ not in expected[name]:
            wanted = " or ".join(sorted(_word(kind) for kind in expected[name]))
            raise RecordError(f"{prefix}{name}={value!r:.80} must be {wanted}")
        if value.__class__ is float and not math.isfinite(value):
            raise RecordError(f"{prefix}{name}={value} must be finite")


def check_floats(where: str, values: list[Any], *, nullable: bool) -> None:
    """Raise RecordError unless every one of `values` is a finite float (or null)."""
    for value in values:
        if not (value is None and nullable) and (
            value.__class__ is not float or not math.isfinite(value)
        ):
            raise RecordError(f"{where} holds {value!r:.80}, not a finite float")


def _arms(hint: Any) -> frozenset[type]:
    arms = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    origins = (typing.get_origin(arm) or arm for arm in arms)
    return frozenset(list if origin is tuple else origin for origin in origins)


def _word(kind: type) -> str:
    return "null" if kind is type(None) else kind.__name__
