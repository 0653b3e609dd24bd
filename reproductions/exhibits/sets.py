"""`--set`: fields that a command changes in the cells of an exhibit.

    sets = parse_set(["iterations=1e3", "T=5,6"])     # two combinations: T = 5 and T = 6
    cells = expand(exhibit, "demo", sets)

Several values, joined by commas, are a sweep: each is tried with each value of the other fields.
Values are written as `field_text` says, so the items of a list are joined by colons, and its commas
too stand between values: `drops=0.6:0.8` is one list of two, `drops=0.6:0.8,none` is two lists.
A schedule may be in epochs (`epochs`): `--set "iterations=100 epochs"`.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from ...bench.configuration import field_of
from ...bench.errors import UsageError
from . import epochs
from .field_text import check_field, parse_value

MOST_COMBINATIONS = 1000
"""Of the values of all sweeps."""


def parse_set(options: Sequence[str]) -> list[dict[str, Any]]:
    """Return the combinations of values that the texts of `--set`, each FIELD=VALUE[,…], ask for.

    Each is a mapping of fields to typed values, the last option's values innermost; without options
    there is one, which is empty.

    Raises:
        UsageError: a field is unknown, set twice or `seed`; a value is given twice, of the wrong
            type or out of range; there are too many combinations.
    """
    values: dict[str, list[Any]] = {}
    for option in options:
        field, equals, text = (part.strip() for part in option.partition("="))
        if not equals:
            raise UsageError(f"--set {option}: write FIELD=VALUE")
        check_field("--set", field)
        if field == "seed":
            raise UsageError("--set seed: choose the number of seeds by --seeds")
        if field in values:
            raise UsageError(
                f"--set {field} is given twice; to try several values join them by commas"
            )
        values[field] = _values(field, text)
    number = math.prod(map(len, values.values()))
    if number > MOST_COMBINATIONS:
        raise UsageError(
            f"--set: {number:,} combinations of values; {MOST_COMBINATIONS:,} are the most"
        )
    return [dict(zip(values, some, strict=True)) for some in itertools.product(*values.values())]


def _values(field: str, text: str) -> list[Any]:
    texts = [part.strip() for part in text.split(",")]
    if other := next((part for part in texts if "=" in part), None):
        raise UsageError(f"--set {field}={text}: a field an option; add --set {other}")
    values = [_value(field, part) for part in texts]
    if field_of(field).many and len(values) > 1 and all(len(value or ()) == 1 for value in values):
        joined = ":".join(texts)
        raise UsageError(
            f"--set {field}={text}: the items of a list are joined by colons: {field}={joined};"
            f" commas stand between lists to try: {field}={joined},none"
        )
    if len(set(values)) < len(values):
        raise UsageError(f"--set {field}={text}: a value is given twice")
    return values


def _value(field: str, text: str) -> Any:
    try:
        passes = epochs.parse(field, text)
    except UsageError as error:
        raise UsageError(f"--set {error}") from None
    return parse_value("--set", field, text) if passes is None else passes
