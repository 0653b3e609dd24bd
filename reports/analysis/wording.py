"""Fields and their values in words, as tables and claims write them."""

from collections.abc import Mapping
from typing import Any, cast

from ...bench.configuration import hyperparameters
from ...reproductions.exhibits.schema import Exhibit

NONE = "\N{EN DASH}"
"""What stands where there is nothing: a field that does not apply, a number that is unknown."""

_HEADINGS = {"sg_layers": "hidden layers of M", "sg_scale": "S", "hidden_units": "units a layer"}
_PHRASES = {
    "depth": "depth {}",
    "sg_layers": "M {}",
    "T": "T = {}",
    "p_update": "p_update = {}",
    "hidden_units": "{} units",
    "delay": "{} ms",
    "straggler": "straggler {}",
    "stages": "{} stages",
}


def heading(field: str) -> str:
    """Return what stands above a column of a field's values."""
    own = hyperparameters().get(field)
    return _HEADINGS.get(field, field) if own is None else own.label


def phrase(exhibit: Exhibit, field: str, value: Any) -> str:
    """Return a field and its value where no heading names the field: `depth 4`, `T = 4`, `MNIST`.

    A word needs no field beside it.
    """
    known = label(exhibit, field, value)
    if not isinstance(value, int | float) or known != number(value):
        return known
    return _PHRASES.get(field, f"{heading(field)} = {{}}").format(known)


def label(exhibit: Exhibit, field: str, value: Any) -> str:
    """Return a field's value as the paper writes it, below the field's heading."""
    known = exhibit.label(field, value)
    if known != str(value):
        return known
    return NONE if value is None else number(value)


def number(value: Any) -> str:
    """Return a setting as a reader writes it.

    >>> number(500_000), number(3e-5), number(100 / 3), number((0.6, 0.8))
    ('500,000', '3e-5', '33.3', '0.6 and 0.8')
    """
    if isinstance(value, tuple):
        return " and ".join(map(number, cast("tuple[Any, ...]", value)))
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if 0 < abs(value) < 0.01:
            mantissa, exponent = f"{value:.2e}".split("e")
            return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
        return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
    return str(value)


def beside_limit(value: float, limit: float, form: str, digits: int) -> str:
    """Return a number with so many digits, or with as many as leave it on its side of a limit.

    >>> beside_limit(0.0497, 0.05, "f", 3), beside_limit(0.0312, 0.05, "f", 3)
    ('0.0497', '0.031')
    """
    while (float(text := f"{value:.{digits}{form}}") < limit) != (value < limit):
        digits += 1
    return text


def at(exhibit: Exhibit, fields: Mapping[str, Any]) -> str:
    """Return some fields as the paper writes them: `MNIST FCN depth 4`, `Copy T = 4`.

    A field that does not apply is left out, unless the exhibit has a label for that.
    """
    known = {n: v for n, v in fields.items() if v is not None or exhibit.has_label(n, None)}
    return " ".join(phrase(exhibit, name, v) for name, v in known.items())
