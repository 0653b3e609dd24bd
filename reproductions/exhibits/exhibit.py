"""Exhibits: what the paper shows, as TOML files say, and the cells that show it again.

    exhibit = load("table1")                 # or load("./mine.toml")
    cells = expand(exhibit, "quick", {"iterations": 100}, seeds=1)

The file has the protocol, the grid, the scales, the paper's numbers with their grade of evidence,
the margins and the claims; `table1.toml` is the example to read. Free of torch.
"""

from collections.abc import Sequence

from ...bench.cell import Cell
from .catalogue import builtin_names, name_of, names, read
from .expansion import MOST_SEEDS, derived_sg_scale, expand
from .external import external_rules, with_rules
from .schema import Exhibit
from .sets import parse_set
from .validate import validate
from .where import Where, parse_where

__all__ = [
    "MOST_SEEDS",
    "Exhibit",
    "derived_sg_scale",
    "expand",
    "load",
    "name_of",
    "names",
    "pick_cells",
]


def load(name: str, where: Where | None = None) -> Exhibit:
    """Return the exhibit that a name, or a path to a TOML file, stands for.

    Its grid has the rules of external files, and those of installed packages that `where`
    names, beside its own.

    Raises UsageError where there is none, its file is malformed, or parts of it, or an external
    rule, do not fit: before anything trains.
    """
    exhibit = with_rules(read(name), external_rules(where))
    if exhibit.external or exhibit.name not in builtin_names():  # our own are held so by tests
        validate(exhibit)
    return exhibit


def pick_cells(
    name: str,
    scale: str,
    *,
    where: Sequence[str] = (),
    sets: Sequence[str] = (),
    seeds: int | None = None,
) -> list[Cell]:
    """Return the cells of an exhibit that a command's options pick.

    Args:
        name: the exhibit's name, or the path to its file.
        scale: the name of one of its scales.
        where: the texts of `--where`.
        sets: the texts of `--set`.
        seeds: the number of seeds; the scale's own if None.

    Raises UsageError as `load` and `expand` do.
    """
    conditions = parse_where(where) if where else None
    return expand(load(name, conditions), scale, parse_set(sets), seeds, conditions)
