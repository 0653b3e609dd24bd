"""The texts of `--where` and `--set`: picking cells by their fields, and changing fields.

    where = parse_where(["rule=dni,cdni,depth=4", "seed=0"])
    some = select(cells, where)
    sets = parse_set(["iterations=1e3", "drops=0.5,0.75"])

A value is written as it is read: `none` where a field does not apply, a list's items joined by
colons (`drops=0.6:0.8`; `none` for no drops), numbers in any notation (1e-3 is 0.001).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..bench.cell import Cell, coerce, kind_of, spec_of
from ..bench.errors import UsageError


@dataclass(frozen=True, slots=True)
class Condition:
    """A field has one of some values."""

    field: str
    values: tuple[Any, ...]

    def matches(self, cell: Cell) -> bool:
        """Tell whether `cell` meets the condition."""
        return getattr(cell, self.field) in self.values

    def __str__(self) -> str:
        texts = ",".join(format_value(self.field, value) for value in self.values)
        return f"{self.field}={texts}"


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions joined by *and*; `str` gives the text that `parse_where` reads back."""

    conditions: tuple[Condition, ...]

    def matches(self, cell: Cell) -> bool:
        """Tell whether `cell` meets every condition."""
        return all(condition.matches(cell) for condition in self.conditions)

    def __str__(self) -> str:
        return ",".join(map(str, self.conditions))


def parse_where(options: Sequence[str]) -> Where:
    """Return what the texts of `--where` select.

    `rule=dni,cdni,depth=4` is rule in {dni, cdni} and depth 4: an item without `=` extends the
    key before it. Options are joined by *and*, as are two conditions on one field.

    Raises:
        UsageError: a field or value is unknown, or a value is missing.
    """
    return Where(tuple(condition for option in options for condition in _conditions(option)))


def select(cells: Iterable[Cell], where: Where) -> list[Cell]:
    """Return the cells that `where` matches, in order; UsageError saying why if there are none."""
    cells = list(cells)
    chosen = [cell for cell in cells if where.matches(cell)]
    if chosen or not where.conditions:
        return chosen
    for condition in where.conditions:
        if not any(condition.matches(cell) for cell in cells):
            raise UsageError(
                f"--where {condition}: no cell has it; {_existing(condition.field, cells)}"
            )
    met: list[Condition] = []
    for condition in where.conditions:
        left = [cell for cell in cells if condition.matches(cell)]
        if not left:
            break
        cells = left
        met.append(condition)
    unmet = where.conditions[len(met)]
    raise UsageError(
        f"--where {Where(tuple(met))},{unmet}: no cell has all of it;"
        f" with {Where(tuple(met))}, {_existing(unmet.field, cells)}"
    )


def parse_set(options: Sequence[str]) -> dict[str, Any]:
    """Return the fields that the texts of `--set`, each KEY=VALUE, change, with typed values.

    A list's items are joined by commas or colons. What the grid varies is refused by
    `exhibit.expand`, which knows the grid.

    Raises:
        UsageError: a field is unknown, set twice or `seed`; a value is of the wrong type or range.
    """
    sets: dict[str, Any] = {}
    for option in options:
        field, equals, text = (part.strip() for part in option.partition("="))
        if not equals:
            raise UsageError(f"--set {option}: write KEY=VALUE")
        _known("--set", field)
        if field == "seed":
            raise UsageError("--set seed: choose the number of seeds by --seeds")
        if field in sets:
            raise UsageError(f"--set {field} is given twice")
        sets[field] = _value("--set", field, text.replace(",", ":") if kind_of(field)[2] else text)
    return sets


def format_value(field: str, value: Any) -> str:
    """Return the text of a field's value that `--where` and `--set` read back."""
    if value is None or value == ():
        return "none"
    return ":".join(map(repr, value)) if kind_of(field)[2] else str(value)


def _conditions(option: str) -> Iterable[Condition]:
    groups: list[tuple[str, list[Any]]] = []
    for item in option.split(","):
        key, equals, text = item.partition("=")
        if equals:
            groups.append((key.strip(), []))
            _known("--where", groups[-1][0])
        elif not groups:
            raise UsageError(f"--where {option}: write KEY=VALUE[,VALUE…]")
        field, values = groups[-1]
        value = _value("--where", field, (text if equals else item).strip())
        if value not in values:
            values.append(value)
    return (Condition(field, tuple(values)) for field, values in groups)


def _known(flag: str, field: str) -> None:
    try:
        spec_of(field)
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def _value(flag: str, field: str, text: str) -> Any:
    if not text:
        raise UsageError(f"{flag} {field}=: a value is missing")
    scalar, optional, many = kind_of(field)
    value: Any
    if many:
        value = (
            (None if optional else ())
            if text.lower() == "none"
            else tuple(_number(t) for t in text.split(":"))
        )
    elif text.lower() == "none":
        value = None
    else:
        value = text if scalar is str else _number(text)
    try:
        return coerce(field, value)
    except UsageError as error:
        raise UsageError(f"{flag} {field}={text}: {error}") from None


def _number(text: str) -> int | float | str:
    """Return the number that `text` writes, or the text for `coerce` to refuse."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _existing(field: str, cells: list[Cell]) -> str:
    values = dict.fromkeys(getattr(cell, field) for cell in cells)
    return f"{field} there: {', '.join(format_value(field, value) for value in values)}"
