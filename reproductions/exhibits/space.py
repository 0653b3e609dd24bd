"""Search spaces, as `--space` and an exhibit's `[space]` write them.

    parse_space(["learning_rate=1e-5:1e-2:log", "sg_units=64,256,1024", "sg_layers=0:2"])

FIELD=LOW:HIGH is a range with both ends included, of integers where the field is an integer; `:log`
makes it logarithmic. FIELD=VALUE,VALUE is a choice; `none` and lists are written as for `--set`.
Free of torch and Optuna.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ...bench.cell import Cell
from ...bench.configuration import applicable, coerce, field_of
from ...bench.errors import UsageError, did_you_mean
from .field_text import check_field, format_value, parse_number, parse_value

_USAGE = "write FIELD=LOW:HIGH, FIELD=LOW:HIGH:log or FIELD=VALUE,VALUE"
_PICKED = "select it by --where"
_MEASURED = "it decides how results are measured, which is the same in all trials"
_REFUSED = {
    "seed": "give the number of seeds by --seeds",
    "split": "trials are judged on the validation split, the winner on the test split",
    "dataset": _PICKED,
    "network": _PICKED,
    "rule": _PICKED,
    "corpus": "give it by --set",
    "iterations": "it is the same in all trials: give it by --set",
    "evaluate_every": _MEASURED,
    "evaluate_at": _MEASURED,
    "solve_bits": _MEASURED,
    "solve_window": _MEASURED,
    "precision": "give it by --set",
}
_DECIDING = ("decoupled", "sg_layers", "si_layers")  # others apply or not: these are chosen first


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """A field and its possible values: `values`, or without any, the range `low` to `high`.

    `str` gives the text that `parse_space` reads.
    """

    field: str
    values: tuple[Any, ...] = ()
    low: float = 0
    high: float = 0
    log: bool = False

    def contains(self, value: Any) -> bool:
        """Tell whether the field may have this value."""
        if self.values:
            return value in self.values
        return value is not None and self.low <= value <= self.high

    @property
    def ends(self) -> tuple[Any, ...]:
        """The values, or the two ends of the range."""
        return self.values or (self.low, self.high)

    @property
    def text(self) -> str:
        """The text after the field's name and `=`."""
        if self.values:
            return ",".join(format_value(self.field, value) for value in self.values)
        ends = (f"{end:g}" if float(f"{end:g}") == end else repr(end) for end in self.ends)
        return ":".join([*ends, *(["log"] if self.log else [])])

    def __str__(self) -> str:
        return f"{self.field}={self.text}"


def parse_space(options: Sequence[str]) -> tuple[Dimension, ...]:
    """Return the dimensions that the texts of `--space` declare.

    Raises:
        UsageError: a field is unknown, given twice, or must not be searched; a range is empty or
            not of numbers; there is only one value; a value does not fit the field.
    """
    found: dict[str, Dimension] = {}
    for option in options:
        field, equals, text = (part.strip() for part in option.partition("="))
        if not equals:
            raise UsageError(f"--space {option}: {_USAGE}")
        if field in found:
            raise UsageError(f"--space {field} is given twice")
        found[field] = parse_dimension("--space", field, text)
    return tuple(found.values())


def parse_dimension(flag: str, field: str, text: str) -> Dimension:
    """Return the dimension that `text` writes for `field`; UsageError naming `flag`."""
    check_field(flag, field)
    if field in _REFUSED:
        raise UsageError(f"{flag} {field} cannot be searched: {_REFUSED[field]}")
    spec = field_of(field)
    scalar, many = spec.scalar, spec.many
    item = f"{flag} {field}={text}"
    if not text:
        raise UsageError(f"{item}: the values are missing; {_USAGE}")
    if many or scalar is str or "," in text or ":" not in text:
        values = tuple(parse_value(flag, field, part.strip()) for part in text.split(","))
        if len(set(values)) != len(values):
            raise UsageError(f"{item}: a value is given twice")
        if len(values) < 2:
            raise UsageError(f"{item}: one value is nothing to choose from; give it by --set")
        return Dimension(field=field, values=values)
    low, high, *more = (part.strip() for part in text.split(":"))
    if more and more != ["log"]:
        wrong = ":".join(more)
        raise UsageError(f"{item}: unknown {wrong!r}{did_you_mean(wrong, ['log'])}; {_USAGE}")
    if "none" in (low.lower(), high.lower()):
        raise UsageError(f"{item}: none cannot be the end of a range; {_USAGE}")
    bounds = [parse_number(flag, field, bound) for bound in (low, high)]
    dimension = Dimension(field=field, low=bounds[0], high=bounds[1], log=bool(more))
    if dimension.low > dimension.high:
        raise UsageError(f"{item}: the range is empty; write {field}={high}:{low}")
    if dimension.low == dimension.high:
        raise UsageError(f"{item}: one value is nothing to choose from; give it by --set")
    if dimension.log and dimension.low <= 0:
        raise UsageError(f"{item}: a logarithmic range must begin above 0, not at {low}")
    return dimension


def refuse_fixed(space: Iterable[Dimension], fixed: Mapping[str, str]) -> None:
    """Raise UsageError where a dimension is among `fixed`: fields and the options that fix them."""
    for dimension in space:
        if option := fixed.get(dimension.field):
            raise UsageError(
                f"--space {dimension}: {option} fixes {dimension.field}; give one of the two"
            )


def in_space(space: Iterable[Dimension], params: Mapping[str, Any]) -> bool:
    """Tell whether a choice has values of the space only."""
    some = [(d, params[d.field]) for d in space if d.field in params]
    return all(d.contains(value) or d.contains(coerce(d.field, value)) for d, value in some)


def as_json(value: Any) -> Any:
    """Return a field's value as JSON has it: a tuple as a list."""
    return list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value


def in_order(space: Iterable[Dimension]) -> list[Dimension]:
    """Return the dimensions in the order of choice: those on which others depend come first."""
    return sorted(space, key=lambda d: d.field not in _DECIDING)


def applies(field: str, cell: Cell, params: Mapping[str, Any]) -> bool:
    """Tell whether `field` applies to `cell` with these fields changed."""
    return applicable({**cell.to_dict(), **params}).get(field, True)


def applying(space: Sequence[Dimension], cell: Cell) -> tuple[Dimension, ...]:
    """Return the dimensions that apply to `cell` for at least some choice of the others."""
    some = list(decisions(space))
    return tuple(d for d in space if any(applies(d.field, cell, made) for made in some))


def decisions(space: Iterable[Dimension]) -> Iterator[dict[str, Any]]:
    """Yield the choices of fields on which others depend; one empty choice if there are none."""
    deciding = [d for d in space if d.field in _DECIDING]
    for values in itertools.product(*(d.ends for d in deciding)):
        yield dict(zip((d.field for d in deciding), values, strict=True))


def largest(space: Sequence[Dimension], cell: Cell) -> dict[str, Any]:
    """Return the choice that needs the most memory: the highest of every number."""
    params: dict[str, Any] = {}
    for d in in_order(space):
        if applies(d.field, cell, params):
            numbers = [value for value in d.ends if isinstance(value, (int, float))]
            params[d.field] = max(numbers, default=d.ends[-1])
    return params


def inside(space: Collection[Dimension], cell: Cell) -> dict[str, Any] | None:
    """Return the choice that gives `cell` its fields; None where it is outside the space."""
    params: dict[str, Any] = {}
    for d in in_order(space):
        if applies(d.field, cell, params):
            value = cell.value(d.field)
            if not d.contains(value):
                value = cell.effective(d.field)  # a range has the default as a number
            if not d.contains(value):
                return None
            params[d.field] = value
    return params
