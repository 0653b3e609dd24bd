"""Conditions and changes as Python values, turned into the texts of `--where` and `--set`.

    where_texts({"rule": ["dni", "cdni"], "depth": 4})     # ["rule=dni,cdni", "depth=4"]
    where_texts({"p_update": slice(0.1, 0.5)})             # ["p_update>=0.1", "p_update<0.5"]
    set_texts({"iterations": 1000, "drops": [(0.6, 0.8), ()]})

So both are read, and refused, by one reader. A list holds several values; None is a field that does
not apply. The value of a field that is a list itself (`drops`) is a tuple.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from ...bench.configuration import field_of
from ...bench.errors import UsageError
from .field_text import check_field, format_value

_SIGNS = "<>="


def where_texts(where: Mapping[str, Any] | None) -> list[str]:
    """Return the texts of `--where` that pick the same cells.

    A slice is a range: `slice(a, b)` holds for a <= value < b, either of which may be left out.
    Raises UsageError where a field is unknown or a value cannot be written.
    """
    texts: list[str] = []
    for field, value in _items("where", where):
        check_field("--where", field)
        if isinstance(value, slice):
            texts += _range_texts(field, cast("slice[Any, Any, Any]", value))
        else:
            texts.append(f"{field}={_joined('where', field, value)}")
    return texts


def set_texts(changes: Mapping[str, Any] | None) -> list[str]:
    """Return the texts of `--set` that change the same fields; a list is tried value by value.

    Raises UsageError where a field is unknown or a value cannot be written.
    """
    texts: list[str] = []
    for field, value in _items("set", changes):
        check_field("--set", field)
        texts.append(f"{field}={_joined('set', field, value)}")
    return texts


def _items(argument: str, values: Any) -> Iterable[tuple[str, Any]]:
    if values is None:
        return ()
    if not isinstance(values, Mapping):
        raise UsageError(
            f"{argument}={values!r}: write a dict of fields and values, as in"
            f" {argument}={{'depth': 4}}"
        )
    return cast("Mapping[str, Any]", values).items()


def _range_texts(field: str, span: "slice[Any, Any, Any]") -> list[str]:
    if span.step is not None or (span.start is None and span.stop is None):
        raise UsageError(
            f"where={field!r}: {span!r} is no range; write slice(low, high), either of which may be"
            " None"
        )
    bounds = ((">=", span.start), ("<", span.stop))
    return [f"{field}{sign}{_plain(bound)}" for sign, bound in bounds if bound is not None]


def _joined(argument: str, field: str, value: Any) -> str:
    several = [_plain(one) for one in _several(field, value)]
    if not several:
        raise UsageError(f"{argument}={field!r}: its list of values is empty; give one, or no list")
    return ",".join(_text(argument, field, one) for one in several)


def _several(field: str, value: Any) -> list[Any]:
    """Return the values that stand for a field, in order: those of a list, or the one."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [value]
    values = list(cast("Iterable[Any]", value))
    return [tuple(values)] if field_of(field).many and isinstance(value, tuple) else values


def _text(argument: str, field: str, value: Any) -> str:
    if isinstance(value, str) and any(sign in value for sign in f",{_SIGNS}"):
        more = " or, for a range, slice(low, high)" if argument == "where" else ""
        raise UsageError(
            f"{argument}={field!r}: {value!r} is no value; for several write a list of them{more}"
        )
    if isinstance(value, tuple):
        value = tuple(map(_plain, cast("tuple[Any, ...]", value)))
    elif field_of(field).many and value is not None:
        raise UsageError(f"{argument}={field!r}: {value!r} must be a tuple, or a list of tuples")
    return format_value(field, value)


def _plain(value: Any) -> Any:
    """Return NumPy's scalars as Python's, whose texts are plain numbers."""
    return value.item() if hasattr(value, "item") else value
