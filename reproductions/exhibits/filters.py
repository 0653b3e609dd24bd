"""The texts of `--where` and `--set`: picking cells by their fields, and changing fields.

    where = parse_where(["rule=dni,cdni,p_update<0.2", "seed=0"])
    some = select(cells, where)
    sets = parse_set(["iterations=1e3", "drops=0.5,0.75"])

A value is written as it is read: `none` where a field does not apply, a list's items joined by
colons (`drops=0.6:0.8`; `none` for no drops), numbers in any notation (1e-3 is 0.001). A range of
a number is written by <, <=, > or >= and one bound; it holds for no cell that lacks the field.
"""

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...bench.cell import FIELDS, Cell, coerce, coerce_bound, kind_of, spec_of
from ...bench.errors import UsageError

_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MEANT = {"=<": "<=", "=>": ">=", "==": "="}
_ITEM = re.compile(r"([^<>=]*?)(!?[<>=]+)(.*)", re.DOTALL)
_USAGE = "write KEY=VALUE[,VALUE…], or 'KEY<NUMBER' (<, <=, > or >=; the shell needs the quotes)"
_MANY = 12  # values of a field that are named one by one


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
class Range:
    """A field is a number on one side of a bound; one that does not apply is on neither."""

    field: str
    sign: str
    bound: int | float

    def matches(self, cell: Cell) -> bool:
        """Tell whether `cell` has such a number."""
        value = getattr(cell, self.field)
        return value is not None and _HOLDS[self.sign](value, self.bound)

    def __str__(self) -> str:
        return f"{self.field}{self.sign}{self.bound}"


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions joined by *and*; `str` gives the text that `parse_where` reads back."""

    conditions: tuple[Condition | Range, ...]

    def matches(self, cell: Cell) -> bool:
        """Tell whether `cell` meets every condition."""
        return all(condition.matches(cell) for condition in self.conditions)

    def __str__(self) -> str:
        return ",".join(map(str, self.conditions))


def parse_where(options: Sequence[str]) -> Where:
    """Return what the texts of `--where` select.

    `rule=dni,cdni,depth=4` is rule in {dni, cdni} and depth 4: an item without a sign extends the
    key before it. `p_update>=0.1,p_update<0.5` is a range. Options are joined by *and*, as are two
    conditions on one field.

    Raises:
        UsageError: a field, sign or value is unknown, a value is missing, a range has several
            bounds or is of a field that is no number.
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
    met: list[Condition | Range] = []
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
        check_known("--set", field)
        if field == "seed":
            raise UsageError("--set seed: choose the number of seeds by --seeds")
        if field in sets:
            raise UsageError(f"--set {field} is given twice")
        sets[field] = parse_value(
            "--set", field, text.replace(",", ":") if kind_of(field)[2] else text
        )
    return sets


def format_value(field: str, value: Any) -> str:
    """Return the text of a field's value that `--where` and `--set` read back."""
    if value is None or value == ():
        return "none"
    return ":".join(map(repr, value)) if kind_of(field)[2] else str(value)


def _conditions(option: str) -> list[Condition | Range]:
    found: list[Condition | Range] = []
    for item in option.split(","):
        match = _ITEM.fullmatch(item)
        if match:
            field, sign, text = (part.strip() for part in match.groups())
            found.append(_condition(field, sign, text))
            continue
        if not found:
            raise UsageError(f"--where {option!r}: {_USAGE}")
        last, text = found[-1], item.strip()
        if isinstance(last, Range):
            raise UsageError(
                f"--where {last},{text}: a range has one bound, {last.bound};"
                f" write what else there is as KEY=VALUE or as a range"
            )
        try:
            value = parse_value("--where", last.field, text)
        except UsageError:
            if text not in FIELDS:  # bp_lambda is a rule as well
                raise
            raise UsageError(f"--where {option}: {text} has no sign; {_USAGE}") from None
        if value not in last.values:
            found[-1] = Condition(last.field, (*last.values, value))
    return found


def _condition(field: str, sign: str, text: str) -> Condition | Range:
    """Return the condition that an item with a sign begins."""
    item = f"--where {field}{sign}{text}"
    if sign != "=" and sign not in _HOLDS:
        tail = (
            f"did you mean {_MEANT[sign]!r}?" if sign in _MEANT else "choose from: =, <, <=, >, >="
        )
        raise UsageError(f"{item}: unknown sign {sign!r}; {tail}")
    if not field:
        raise UsageError(f"{item}: a field is missing; {_USAGE}")
    if not isinstance(_number(field), str):
        raise UsageError(
            f"{item}: write the field before its bound, an item a bound: p_update>0.1,p_update<0.5"
        )
    check_known("--where", field)
    if sign == "=":
        return Condition(field, (parse_value("--where", field, text),))
    scalar, _, many = kind_of(field)
    if many:
        raise UsageError(
            f"{item}: {field} is a list, not a number; write it whole: {field}=0.6:0.8"
        )
    if scalar is str:
        raise UsageError(f"{item}: {field} is no number; write {field}=VALUE[,VALUE…]")
    if not text:
        raise UsageError(f"{item}: a bound is missing")
    try:
        return Range(field, sign, coerce_bound(field, _number(text)))
    except UsageError as error:
        raise UsageError(f"{item}: {error}") from None


def check_known(flag: str, field: str) -> None:
    """Refuse a `field` that no cell has; UsageError naming the option `flag`."""
    try:
        spec_of(field)
    except UsageError as error:
        raise UsageError(f"{flag}: {error}") from None


def parse_value(flag: str, field: str, text: str) -> Any:
    """Return the value of `field` that `text` writes; UsageError naming the option `flag`."""
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
    values = list(dict.fromkeys(getattr(cell, field) for cell in cells))
    numbers = [value for value in values if isinstance(value, (int, float))]
    if len(numbers) > _MANY:
        lacking = "none and " if None in values else ""
        span = f"{len(numbers):,} from {min(numbers)} to {max(numbers)}"
        return f"{field} there: {lacking}{span}"
    return f"{field} there: {', '.join(format_value(field, value) for value in values)}"
