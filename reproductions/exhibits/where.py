"""`--where`: conditions that pick cells by their fields.

    where = parse_where(["rule=dni,cdni,p_update<0.2", "seed=0"])
    some = select(cells, where)

Values are written as `field_text` says. A range is written by <, <=, > or >= and one bound; it
holds for no cell that lacks the field.
"""

import contextlib
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...bench.cell import Cell
from ...bench.configuration import field_names, field_of
from ...bench.errors import UsageError
from ...results.record import Record
from .field_text import check_field, format_value, number, parse_value

_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MEANT = {"=<": "<=", "=>": ">=", "==": "="}
_ITEM = re.compile(r"([^<>=]*?)(!?[<>=]+)(.*)", re.DOTALL)
_USAGE = (
    "write FIELD=VALUE[,VALUE…], or 'FIELD<NUMBER' (<, <=, > or >=; the shell needs the quotes)"
)
_MOST_VALUES = 12  # of a field, that a message lists one by one


@dataclass(frozen=True, slots=True)
class Condition:
    """A field has one of some values."""

    field: str
    values: tuple[Any, ...]

    def matches(self, cell: Cell) -> bool:
        """Tell whether `cell` meets the condition."""
        return cell.value(self.field) in self.values or self._by_default(cell)

    def _by_default(self, cell: Cell) -> bool:
        found = cell.effective(self.field)
        return found is not None and found in self.values

    def parts(self) -> "Iterator[Condition]":
        """Yield a condition for each of its values."""
        for value in self.values:
            yield Condition(self.field, (value,))

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
        value = cell.effective(self.field)
        return value is not None and _HOLDS[self.sign](value, self.bound)

    def parts(self) -> "Iterator[Range]":
        """Yield the range itself: it has no values to tell apart."""
        yield self

    def __str__(self) -> str:
        return f"{self.field}{self.sign}{self.bound}"


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions joined by *and*; `str` gives the text that `parse_where` reads back."""

    conditions: tuple[Condition | Range, ...]

    def matches(self, cell: Cell) -> bool:
        """Tell whether `cell` meets every condition."""
        return all(condition.matches(cell) for condition in self.conditions)

    def without(self, condition: Condition | Range) -> "Where":
        """Return the other conditions."""
        return Where(tuple(one for one in self.conditions if one is not condition))

    def restricted(self, cells: Sequence[Cell]) -> "Where":
        """Return the same conditions without the values that none of some cells has."""
        kept: list[Condition | Range] = []
        for one in self.conditions:
            if isinstance(one, Range):
                kept.append(one)
            else:
                there = {cell.value(one.field) for cell in cells}
                kept.append(Condition(one.field, tuple(v for v in one.values if v in there)))
        return Where(tuple(kept))

    def __str__(self) -> str:
        return ",".join(map(str, self.conditions))


@dataclass(frozen=True, slots=True)
class Unmet:
    """A value or range of `--where` that picks no cell.

    Attributes:
        part: the value or range, as a condition of its own.
        conflicting: other conditions that exclude it together; none where no cell at all meets
            `part`.
        others: all conditions but the one that `part` is of.
        candidates: the cells that meet `conflicting`.
    """

    part: Condition | Range
    conflicting: tuple[Condition | Range, ...]
    others: Where
    candidates: tuple[Cell, ...]

    def __str__(self) -> str:
        if not self.candidates and not self.conflicting:
            return f"--where {self.part}: there is no cell to choose from"
        there = _values_there(self.part.field, self.candidates)
        if not self.conflicting:
            return f"--where {self.part}: no cell has it; {there}"
        met = Where(self.conflicting)
        words = f"--where {met},{self.part}: no cell has all of it; with {met}, {there}"
        if all(cell.value(self.part.field) is None for cell in self.candidates):
            words += f"; add {self.part.field}=none to take those without it too"
        return words


class UnmetError(UsageError):
    """A value or range of `--where` picks no cell."""

    def __init__(self, unmet: Unmet) -> None:
        super().__init__(str(unmet))
        self.unmet = unmet


def parse_where(options: Sequence[str]) -> Where:
    """Return what the texts of `--where` pick.

    `rule=dni,cdni,depth=4` is rule in {dni, cdni} and depth 4: an item without a sign is one more
    value of the field before it. `p_update>=0.1,p_update<0.5` is a range. Options are joined by
    *and*, as are two conditions on one field.

    Raises:
        UsageError: a field, sign or value is unknown, a value is missing, a range has several
            bounds or is of a field that is no number.
    """
    return Where(tuple(condition for option in options for condition in _conditions(option)))


def select(cells: Iterable[Cell], where: Where) -> list[Cell]:
    """Return the cells that `where` picks, in order.

    Raises UnmetError where a value or range in it picks none of them.
    """
    cells = list(cells)
    unmet = _first_unmet(cells, where)
    if unmet is not None:
        raise UnmetError(unmet)
    return [cell for cell in cells if where.matches(cell)]


def select_records(records: Iterable[Record], where: Where) -> list[Record]:
    """Return the records whose cells `where` picks, in order; the others are left out.

    So are records whose rule or dataset is not known here. Raises UnmetError as `select` does.
    """
    cells: list[tuple[Record, Cell]] = []
    for record in records:
        with contextlib.suppress(UsageError):
            cells.append((record, record.cell))
    select((cell for _, cell in cells), where)
    return [record for record, cell in cells if where.matches(cell)]


def _first_unmet(cells: Sequence[Cell], where: Where) -> Unmet | None:
    """Return the first value or range in `where` that picks none of the cells; None if all do.

    It is no fault that another condition on the same field excludes a value: that narrows it down.
    Nor is it that none of the cells that are picked lacks a field (`none`): that only permits it.
    """
    parts = [(part, whole) for whole in where.conditions for part in whole.parts()]
    for part, whole in parts:
        if not any(part.matches(cell) for cell in cells):
            return Unmet(part, (), where.without(whole), tuple(cells))
    for part, _ in parts:
        others = Where(tuple(one for one in where.conditions if one.field != part.field))
        unmet = _excluded(cells, part, others)
        if unmet is not None and not (isinstance(part, Condition) and part.values == (None,)):
            return unmet
    by_part = [_excluded(cells, part, where.without(whole)) for part, whole in parts]
    return by_part[0] if all(by_part) and by_part else None  # None: a cell is picked


def _excluded(cells: Sequence[Cell], part: Condition | Range, others: Where) -> Unmet | None:
    """Return which of the other conditions excludes `part`, which some cells meet; None if none."""
    met: list[Condition | Range] = [part]
    left = [cell for cell in cells if part.matches(cell)]
    for condition in others.conditions:
        fewer = [cell for cell in left if condition.matches(cell)]
        if not fewer:
            rest = Where((part, *others.without(condition).conditions))
            return Unmet(condition, tuple(met), rest, tuple(left))
        left = fewer
        met.append(condition)
    return None


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
                " write what else there is as FIELD=VALUE or as a range"
            )
        try:
            value = parse_value("--where", last.field, text)
        except UsageError:
            if text not in field_names():  # bp_lambda is a rule as well
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
    if not isinstance(number(field), str):
        raise UsageError(
            f"{item}: write the field before its bound, an item a bound: p_update>0.1,p_update<0.5"
        )
    check_field("--where", field)
    if sign == "=":
        return Condition(field, (parse_value("--where", field, text),))
    spec = field_of(field)
    scalar, many = spec.scalar, spec.many
    if many:
        raise UsageError(
            f"{item}: {field} is a list, not a number; write it whole: {field}=0.6:0.8"
        )
    if scalar is str:
        raise UsageError(f"{item}: {field} is no number; write {field}=VALUE[,VALUE…]")
    if not text:
        raise UsageError(f"{item}: a bound is missing")
    try:
        return Range(field, sign, field_of(field).coerce_bound(number(text)))
    except UsageError as error:
        raise UsageError(f"{item}: {error}") from None


def _values_there(field: str, cells: Sequence[Cell]) -> str:
    values = list(dict.fromkeys(cell.value(field) for cell in cells))
    numbers = [value for value in values if isinstance(value, (int, float))]
    if len(numbers) > _MOST_VALUES:
        lacking = "none and " if None in values else ""
        span = f"{len(numbers):,} from {min(numbers)} to {max(numbers)}"
        return f"{field} there: {lacking}{span}"
    return f"{field} there: {', '.join(format_value(field, value) for value in values)}"
