"""Strict tables of a TOML file: keys are typed, none is left over, errors name file and key."""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from ...bench.configuration import coerce, field_of
from ...bench.errors import UsageError, did_you_mean, one_line
from ...results.metrics import METRIC_BY_RESULT
from .epochs import coerce_schedule

MOST_CHARACTERS, LONGEST_LINE = 64 * 1024, 2000
"""Limits of an exhibit's text; ours have an eighth. The time and memory that Python's TOML reader
needs grow with the square of the parts of a key, which is on one line."""
T = TypeVar("T", str, int, float)
R = TypeVar("R")
C = TypeVar("C", bound=str)


class Table:
    """A table of an exhibit's file: each `take…` removes a key, `close` refuses what is left."""

    def __init__(self, values: Mapping[str, Any], file: str, path: str = "") -> None:
        """Wrap `values`, found at the dotted `path` of `file`."""
        self._values = dict(values)
        self._known: list[str] = []
        self.file = file
        self.path = path

    def error(self, key: str, problem: str) -> UsageError:
        """Return the error that `key` of this table has `problem`."""
        return UsageError(one_line(f"{self.file}: {self._at(key)} {problem}"))

    def remaining(self) -> tuple[str, ...]:
        """Return the keys not yet taken, in the file's order."""
        return tuple(self._values)

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        """Return the string, integer or number at `key`; UsageError if absent without default."""
        value = self._pop(key, default)
        return self._typed(key, value, kind)

    def take_list(self, key: str, kind: type[T], default: list[T] | None = None) -> list[T]:
        """Return the list at `key`, each item a `kind`."""
        value = self._list(key, default)
        return [self._typed(f"{key}[{n}]", item, kind) for n, item in enumerate(value)]

    def take_rows(self, key: str, width: int) -> list[list[float]]:
        """Return the list of lists of `width` numbers at `key`."""
        rows: list[list[float]] = []
        for n, row in enumerate(self._list(key, None)):
            if not isinstance(row, list) or len(cast("list[Any]", row)) != width:
                raise self.error(f"{key}[{n}]", f"must be a list of {width} numbers")
            items = enumerate(cast("list[Any]", row))
            rows.append([self._typed(f"{key}[{n}][{i}]", item, float) for i, item in items])
        return rows

    def take_table(self, key: str, default: dict[str, Any] | None = None) -> "Table":
        """Return the table at `key`."""
        return self._table(key, self._pop(key, default))

    def take_tables(self, key: str) -> "list[Table]":
        """Return the array of tables at `key`, empty where there is none."""
        return [self._table(f"{key}[{n}]", v) for n, v in enumerate(self._list(key, []))]

    def take_by(self, key: str, name: str, kind: type[T], optional: bool = False) -> dict[str, T]:
        """Return the table at `key`: values of the cell's field `name` to a `kind` each."""
        table = self.take_table(key, {} if optional else None)
        return {table.coerced(k, name, k): table.take(k, kind) for k in table.remaining()}

    def take_field_name(self, key: str) -> str:
        """Return the string at `key`, the name of a cell's field."""
        name = self.take(key, str)
        return self.checked(key, lambda: field_of(name)).name

    def take_field_names(self, key: str) -> tuple[str, ...]:
        """Return the list at `key` of names of a cell's fields."""
        found = self.take_list(key, str)
        return self.checked(key, lambda: tuple(field_of(name).name for name in found))

    def take_layout(self, key: str) -> tuple[str, ...]:
        """Return the list at `key` of names of a cell's fields, `result` among them."""
        found = self.take_list(key, str)
        return self.checked(
            key, lambda: tuple(n if n == "result" else field_of(n).name for n in found)
        )

    def take_result(self) -> str | None:
        """Return the string at `result`, one of a cell's several results; None if not there."""
        return self.choice("result", tuple(METRIC_BY_RESULT)) if "result" in self._values else None

    def take_datasets(self) -> tuple[str, ...]:
        """Return the list at `datasets`, empty where there is none."""
        found = self.take_list("datasets", str, [])
        return tuple(self.coerced("datasets", "dataset", name) for name in found)

    def take_fields(self, absent: bool = False, anything: str | None = None) -> dict[str, Any]:
        """Return all keys that are left as fields of a cell, each of its type.

        With `absent`, the text none is None: the field does not apply. The text `anything` stays.
        """
        found: dict[str, Any] = {}
        for key in self.remaining():
            value = self._pop(key, None)
            none = (
                absent and value == "none" and self.checked(key, lambda k=key: field_of(k)).optional
            )
            stays = anything is not None and value == anything
            found[key] = None if none else value if stays else self.field(key, value)
        return found

    def take_protocol(self) -> dict[str, Any]:
        """Return all keys that are left as fields of a cell; a schedule may be in epochs."""
        found = {key: self._pop(key, None) for key in self.remaining()}
        return {key: self.field(key, value, coerce_schedule) for key, value in found.items()}

    def take_flag(self, key: str) -> bool:
        """Return the boolean at `key`, False where there is none."""
        value = self._pop(key, False)
        if not isinstance(value, bool):
            raise self.error(key, "must be true or false")
        return value

    def take_axes(self) -> dict[str, tuple[Any, ...]]:
        """Return all keys that are left as axes: fields of a cell with their distinct values."""
        axes: dict[str, tuple[Any, ...]] = {}
        for key in self.remaining():
            values = tuple(self.field(key, item) for item in self._list(key, None))
            if not values or len(set(values)) != len(values):
                raise self.error(key, "must have values, each once")
            axes[key] = values
        return axes

    def field(self, key: str, value: Any, coerced: Callable[[str, Any], Any] = coerce) -> Any:
        """Return `value` as the cell's field `key`; the seed is refused."""
        if key == "seed":
            raise self.error(key, "is not set in a file: a scale has a number of seeds")
        return self.checked(key, lambda: coerced(key, value))

    def coerced(self, key: str, name: str, value: Any) -> Any:
        """Return `value`, found at `key`, as the cell's field `name` holds it."""
        return self.checked(key, lambda: coerce(name, value))

    def checked(self, key: str, action: Callable[[], R]) -> R:
        """Return `action()`; a UsageError that it raises is told with the file and the key."""
        try:
            return action()
        except UsageError as error:
            raise UsageError(one_line(f"{self.file}: {self._at(key)}: {error}")) from None

    def choice(self, key: str, choices: tuple[C, ...]) -> C:
        """Return the string at `key`, one of `choices`."""
        value = self.take(key, str)
        found = next((choice for choice in choices if choice == value), None)
        if found is None:
            raise self.error(key, f"is unknown: {value!r}{did_you_mean(value, choices)}")
        return found

    def close(self) -> None:
        """Raise UsageError if a key is left."""
        for key in self._values:
            raise self.error(key, f"is unknown{did_you_mean(key, self._known)}")

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path and key else key or self.path

    def _pop(self, key: str, default: Any) -> Any:
        self._known.append(key)
        value = self._values.pop(key, default)
        if value is None:
            near = difflib.get_close_matches(key, self._values, n=1)
            raise self.error(key, "is missing" + (f"; is it {near[0]!r}, there?" if near else ""))
        return value

    def _list(self, key: str, default: list[Any] | None) -> list[Any]:
        value = self._pop(key, default)
        if not isinstance(value, list):
            raise self.error(key, f"must be a list, not {value!r}")
        return cast("list[Any]", value)

    def _table(self, key: str, value: Any) -> "Table":
        if not isinstance(value, dict):
            raise self.error(key, f"must be a table, not {value!r}")
        return Table(cast("dict[str, Any]", value), self.file, self._at(key))

    def _typed(self, key: str, value: Any, kind: type[T]) -> T:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or isinstance(value, bool):
            word = {str: "a string", int: "an integer", float: "a number"}[kind]
            raise self.error(key, f"must be {word}, not {value!r}")
        return value


def parse_toml(text: str | bytes, file: str) -> Table:
    """Return the root table of a TOML text; UsageError naming `file` where it is no TOML."""
    line = max(map(len, text.splitlines()), default=0)
    if len(text) > MOST_CHARACTERS or line > LONGEST_LINE:
        raise UsageError(
            f"{file}: has {len(text):,} characters, a line {line:,}; the most are"
            f" {MOST_CHARACTERS:,} and {LONGEST_LINE:,}"
        )
    try:
        return Table(
            tomllib.loads(text if isinstance(text, str) else text.decode("utf-8-sig")), file
        )
    except (ValueError, RecursionError) as error:  # no UTF-8, no TOML, a number of 5,000 digits
        raise UsageError(f"{file}: not TOML: {one_line(str(error)):.200}") from None
