"""Exhibits: what the paper shows, as TOML files say, and the cells that show it again.

    exhibit = load("table1")                 # or load("./mine.toml")
    cells = expand(exhibit, "quick", {"iterations": 100}, seeds=1)

The file has the protocol, the grid, the scales, the paper's numbers with their grade of evidence,
the margins and the claims; `table1.toml` is the example to read. Free of torch.
"""

from .catalogue import names, own_names, read
from .expansion import MOST_SEEDS, derived_sg_scale, expand
from .schema import Exhibit
from .validate import validate

__all__ = ["MOST_SEEDS", "Exhibit", "derived_sg_scale", "expand", "load", "names"]


def load(name: str) -> Exhibit:
    """Return the exhibit that a name, or a path to a TOML file, stands for.

    Raises UsageError where there is none, its file is malformed, or parts of it do not fit one
    another: before anything trains.
    """
    exhibit = read(name)
    if exhibit.name not in own_names():  # the package's own are held so by its tests
        validate(exhibit)
    return exhibit
