"""An exhibit: what the paper shows, as its TOML file says, and the cells that show it again.

    exhibit = load("table1")
    cells = expand(exhibit, "quick", {"iterations": 100}, seeds=1)

The file has the protocol, the grid, the scales, the paper's numbers with their grade of evidence,
the margins and the claims; `table1.toml` is the example to read. Free of torch.
"""

from collections.abc import Mapping
from fractions import Fraction
from importlib import resources
from typing import Any

from ..bench.cell import PAPER_LEARNING_RATE, Cell, applicable, coerce
from ..bench.errors import UsageError, did_you_mean
from .model import Exhibit, Scale
from .reading import parse
from .select import format_value


def names() -> tuple[str, ...]:
    """Return the names of the exhibits: the TOML files beside this module."""
    files = (path.name for path in resources.files(__package__ or "").iterdir())
    return tuple(sorted(name[:-5] for name in files if name.endswith(".toml")))


def load(name: str) -> Exhibit:
    """Return the exhibit `name`; UsageError if there is none or its file is malformed."""
    if name not in names():
        raise UsageError(f"unknown exhibit {name!r}{did_you_mean(name, names())}")
    path = resources.files(__package__ or "").joinpath(f"{name}.toml")
    return parse(name, path.read_text(encoding="utf-8"))


def expand(
    exhibit: Exhibit,
    scale: str,
    sets: Mapping[str, Any] | None = None,
    seeds: int | None = None,
) -> list[Cell]:
    """Return the cells of `exhibit` at `scale`, in the grid's order, seeds innermost.

    Args:
        exhibit: the exhibit.
        scale: the name of one of its scales.
        sets: protocol fields to change (`select.parse_set`), each in the cells it applies to.
            Such cells are of no scale of the exhibit; that label is the caller's.
        seeds: number of seeds, 0 to seeds - 1; the scale's own if None.

    Raises:
        UsageError: the scale is unknown; seeds is below 1; a set field is varied by the grid,
            applies to no cell or makes a cell invalid.
    """
    chosen, sets = exhibit.scale(scale), dict(sets or {})
    count = chosen.seeds if seeds is None else seeds
    if count < 1:
        raise UsageError(f"--seeds {count} must be at least 1")
    for field, value in sets.items():
        sets[field] = _settable(chosen, field, value)
    cells: list[Cell] = []
    unused = set(sets)
    for point in chosen.points():
        values = _resolve(chosen, point, sets)
        unused -= values.keys()
        try:
            cells += [Cell.from_dict({**values, "seed": n}) for n in range(count)]
        except UsageError as error:
            file = "" if sets else ".toml"
            raise UsageError(f"{exhibit.name}{file}: scales.{scale}: {error}") from None
    for field in unused:
        raise UsageError(f"--set {field} applies to no cell of {exhibit.name} at scale {scale}")
    return cells


def _settable(scale: Scale, field: str, value: Any) -> Any:
    if field == "seed":
        raise UsageError("--set seed: choose the number of seeds by --seeds")
    value = coerce(field, value)
    varied = scale.values(field)
    if len(varied) > 1:
        some = format_value(field, varied[0])
        raise UsageError(
            f"--set {field}: the grid at scale {scale.name} varies it;"
            f" pick among its values by --where {field}={some}"
        )
    return value


def _resolve(scale: Scale, point: dict[str, Any], sets: dict[str, Any]) -> dict[str, Any]:
    axes = {**point, **{field: sets[field] for field in point if field in sets}}
    protocol: dict[str, Any] = {}
    for layer in scale.layers:
        if all(axes.get(field) == value for field, value in layer.when.items()):
            protocol.update(layer.protocol)
    protocol.update(sets)
    recurrent = "T" in axes
    if "sg_scale" not in {**protocol, **axes} and not recurrent and protocol.get("learning_rate"):
        protocol["sg_scale"] = derived_sg_scale(protocol["learning_rate"])
    layers = {**protocol, **axes}.get("sg_layers")
    applies = applicable(axes["rule"], axes["network"], layers, axes["dataset"])
    return {**{k: v for k, v in protocol.items() if applies.get(k, True)}, **axes}


def derived_sg_scale(learning_rate: float) -> float:
    """Return the scale of M's target that keeps learning_rate / sg_scale as the paper has it.

    The ratio to the paper's rate, 3e-5, of the decimal numbers: 3e-4 gives exactly 10.
    """
    return float(Fraction(repr(learning_rate)) / Fraction(repr(PAPER_LEARNING_RATE)))
