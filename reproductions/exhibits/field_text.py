"""A field's value as text: how `--where`, `--set`, `--space` and messages write and read it.

`none` stands where a field does not apply, unless it is one of the field's own words (norm); the
items of a list are joined by colons (`0.6:0.8`; `none` for an empty list); numbers are in any
notation (1e-3 is 0.001). A rule or dataset may be given by its name or by the label that tables
show, in small or capital letters: bprop, cDNI.
"""

from typing import Any

from ...bench import registry
from ...bench.configuration import field_of
from ...bench.errors import UsageError
from ...bench.fields import Field

_KINDS: dict[str, registry.Registry[Any]] = {
    "rule": registry.RULES,
    "dataset": registry.DATASETS,
}
"""The fields whose values have labels, and can be external: in a file."""


def check_field(option: str, field: str) -> None:
    """Refuse a `field` that no cell has; UsageError naming the option."""
    try:
        field_of(field)
    except UsageError as error:
        raise UsageError(f"{option}: {error}") from None


def parse_value(option: str, field: str, text: str) -> Any:
    """Return the value of `field` that `text` writes; UsageError naming the option."""
    if not text:
        raise UsageError(f"{option} {field}=: a value is missing")
    spec = field_of(field)
    value: Any
    if spec.many:
        value = (
            (None if spec.optional else ())
            if text.lower() == "none"
            else tuple(number(t) for t in text.split(":"))
        )
    elif text.lower() == "none" and not _has_none(spec):
        value = None
    else:
        value = _name_of(field, text) if spec.scalar is str else number(text)
    try:
        return spec.coerce(value)
    except UsageError as error:
        raise UsageError(f"{option} {field}={text}: {error}") from None


def parse_number(option: str, field: str, text: str) -> Any:
    """Return a number that `field` may have, its default too; UsageError naming the option."""
    try:
        return field_of(field).checked(number(text))
    except UsageError as error:
        raise UsageError(f"{option} {field}={text}: {error}") from None


def format_value(field: str, value: Any) -> str:
    """Return the text of a field's value that `parse_value` reads back."""
    spec = field_of(field)
    if value is None and _has_none(spec):
        return str(spec.default)
    if value is None or value == ():
        return "none"
    return ":".join(map(repr, value)) if spec.many else str(value)


def _has_none(spec: Field) -> bool:
    """Tell whether `none` is one of a field's own words, as of norm: that it is absent is not."""
    return spec.choices is not None and spec.default is not None and "none" in spec.choices()


def _name_of(field: str, text: str) -> str:
    """Return the name that a name or label stands for; the text itself where that is not clear."""
    known = _KINDS.get(field)
    if known is None or text in known.names():
        return text
    folded = text.casefold()
    by_name = [name for name in known.names() if name.casefold() == folded]
    by_label = [name for name, one in known.loadable() if one.label.casefold() == folded]
    found = by_name or by_label
    return found[0] if len(found) == 1 else text


def number(text: str) -> int | float | str:
    """Return the number that `text` writes, or the text itself where it is none."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
