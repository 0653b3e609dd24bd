"""Fields of a cell: their types, bounds and choices, and how a given value is held against them."""

import math
import typing
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from .errors import UsageError, did_you_mean

LARGEST = 2**63
"""Integers lie below it and not below its negative, so that a column of them has 64 bits."""
_WORDS = {str: "a string", int: "an integer", float: "a number"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its name, meaning, type and bounds.

    Attributes:
        name: as in `--set NAME=VALUE`.
        doc: its meaning, in one line.
        scalar: str, int or float.
        optional: whether only some cells have it; the others hold None.
        many: whether it is a tuple of scalars.
        min: the smallest number, itself allowed.
        max: the largest number, itself allowed.
        above: a number that it must exceed.
        default: what a cell without the field is as; one that is given it has no such field (so
            its id is that of a cell without). None where there is none.
        choices: gives the strings that are allowed; None where any is.
    """

    name: str
    doc: str
    scalar: type
    optional: bool = False
    many: bool = False
    min: float | None = None
    max: float | None = None
    above: float | None = None
    default: str | float | None = None
    choices: Callable[[], Collection[str]] | None = None

    def coerce(self, value: Any) -> Any:
        """Return `value` as the field holds it (1 as 1.0 for a float, a list as a tuple).

        Its default is held as None.

        Raises UsageError where it is of the wrong type or out of range.
        """
        if value is None:
            if self.optional:
                return None
            raise UsageError(f"{self.name} must be given: {self.doc}")
        if not self.many:
            value = self.checked(value)
            return None if value == self.default else value
        if not isinstance(value, (list, tuple)):
            raise UsageError(f"{self.name}={value!r} must be a list: {self.doc}")
        if self.optional and not value:
            return None
        return tuple(map(self.checked, typing.cast("list[Any]", value)))

    def coerce_bound(self, value: Any) -> Any:
        """Return `value` as a bound to hold the field's numbers against.

        It has the field's type and is finite, but may lie outside the field's own range:
        p_update > 0 is a bound although 0 is no p_update. Raises UsageError otherwise.
        """
        return self._typed(value)

    def checked(self, value: Any) -> Any:
        """Return one value as the field holds it, its default among them.

        Raises UsageError where it is of the wrong type or out of range.
        """
        value = self._typed(value)
        if isinstance(value, str):
            choices = value if self.choices is None else self.choices()
            if value not in choices:
                file = {"rule": "--rule-file", "dataset": "--dataset-file"}.get(self.name)
                own = f"; one of your own comes by {file} FILE" if file else ""
                near = did_you_mean(value, choices)
                raise UsageError(f"unknown {self.name} {value!r}{near}{own}")
            return value
        number = typing.cast("float", value)
        low = -math.inf if self.min is None else self.min
        high = math.inf if self.max is None else self.max
        if number < low or number > high:
            least = self.min if self.min is not None else self.above
            raise UsageError(
                f"{self.name}={value} must be between {least} and {self.max}: {self.doc}"
            )
        if self.above is not None and number <= self.above:
            raise UsageError(f"{self.name}={value} must be above {self.above}: {self.doc}")
        return self._stored(value)

    def _stored(self, value: Any) -> Any:
        """Return `value`; UsageError where it is an integer of more than 64 bits."""
        if isinstance(value, int) and not -LARGEST <= value < LARGEST:
            raise UsageError(f"{self.name}={value!r:.80} must fit into 64 bits: {self.doc}")
        return value

    def _typed(self, value: Any) -> Any:
        """Return `value` as the field's type, whatever its range: what a record can hold."""
        if type(value) is self.scalar is int:
            return value
        if self.scalar is float and isinstance(value, (int, float)) and type(value) is not bool:
            value = _float(value)
        if self.scalar is int and isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, self.scalar) or isinstance(value, bool):
            raise UsageError(f"{self.name}={value!r} must be {_WORDS[self.scalar]}: {self.doc}")
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"{self.name}={value} must be a finite number: {self.doc}")
        if isinstance(value, str) and not is_text(value):
            raise UsageError(
                f"{self.name}={value!r} is not UTF-8, which a record cannot hold; rename it"
            )
        return value


def is_text(value: str) -> bool:
    """Tell whether a string can be encoded, as no file's name that is not UTF-8 can be."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _float(number: float) -> float:
    """Return `number` as the one float that has its value: no integer, no negative zero."""
    try:
        return float(number) + 0.0
    except OverflowError:
        return math.inf
