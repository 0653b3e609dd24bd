"""Checks of JSON values against the types of a dataclass.

Strict, because a record may have been edited by hand: 1 is no float and true is no int.
"""

import operator
import types
import typing
from collections.abc import Iterable
from typing import Any

from ...bench.errors import StoreError
from ...bench.fields import LARGEST, is_text

Types = dict[str, frozenset[type]]


class RecordError(StoreError):
    """A record does not have the schema: the message names the field."""


class NewerSchemaError(RecordError):
    """A record was written by a newer sgbench: nothing is wrong with it."""


def json_types(declared: type) -> Types:
    """Return the JSON types of each field of the dataclass `declared` (a tuple is a list)."""
    return {name: _arms(hint) for name, hint in typing.get_type_hints(declared).items()}


def check_object(where: str, value: Any, expected: Types) -> dict[str, Any]:
    """Return `value` if it is an object with exactly the `expected` fields, each of such a type.

    `where` goes before a field's name in the message of the RecordError otherwise.
    """
    prefix = f"{where}." if where else ""
    if type(value) is not dict:
        raise RecordError(f"{where or 'a record'} must be a JSON object")
    fields = typing.cast("dict[str, Any]", value)
    if fields.keys() != expected.keys():
        unknown, missing = fields.keys() - expected.keys(), expected.keys() - fields.keys()
        if unknown:
            raise RecordError(f"unknown field {prefix}{min(unknown)!r:.80}")
        raise RecordError(f"missing field {prefix}{min(missing)}")
    for name, kinds in expected.items():
        content = fields[name]
        kind: type[object] = content.__class__
        if kind not in kinds:
            raise RecordError(f"{prefix}{name}={content!r:.80} must be {_words(kinds)}")
        if kind is int and not -LARGEST <= content < LARGEST:
            raise RecordError(f"{prefix}{name}={content!r:.80} must fit into 64 bits")
        if kind is str and not (content.isascii() or is_text(content)):
            raise RecordError(f"{prefix}{name}={content!r:.80} must be text")
    return fields


def check_items(where: str, values: Iterable[Any], kinds: frozenset[type]) -> None:
    """Raise RecordError unless every one of `values` is of one of the JSON types `kinds`."""
    values = list(values)
    found = set(map(type, values))
    if not found <= kinds:
        raise RecordError(f"{where} must be {_words(kinds)} throughout")
    if int in found:
        whole = [value for value in values if type(value) is int]
        if not -LARGEST <= min(whole) <= max(whole) < LARGEST:
            raise RecordError(f"{where} must fit into 64 bits throughout")


def check_rows(where: str, rows: list[Any], expected: Types) -> None:
    """Raise RecordError unless each of `rows` is an object that passes `check_object`.

    By column, without a Python call per value: reading is mostly this and the parsing of JSON.
    """
    if not rows:
        return
    check_items(where, rows, frozenset({dict}))
    try:
        columns = list(zip(*map(operator.itemgetter(*expected), rows), strict=True))
        complete = set(map(len, rows)) == {len(expected)}
    except KeyError:
        columns, complete = [], False
    if not complete:
        for row in rows:
            check_object(where, row, expected)
    for (name, kinds), column in zip(expected.items(), columns, strict=True):
        check_items(f"{where}.{name}", column, kinds)


def _arms(hint: Any) -> frozenset[type]:
    arms = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    origins = (typing.get_origin(arm) or arm for arm in arms)
    return frozenset(list if origin is tuple else origin for origin in origins)


def _words(kinds: frozenset[type]) -> str:
    return " or ".join(sorted("null" if k is type(None) else k.__name__ for k in kinds))
