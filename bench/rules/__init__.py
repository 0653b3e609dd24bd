"""The learning rules, one file each; the folder is the registry.

A rule's module has `VERSION` (raised when what it computes changes), `SYNTHETIC` (it has a
synthetic-gradient model after every hidden layer), `CONDITIONED` (the model also sees the label)
and `step(network, x, labels)`, which writes every gradient of one update. It imports no torch when
loaded, so that a cell's identity can be computed without.
"""

import sys
from typing import Any

from .. import registry

_HERE = sys.modules[__name__]


def names() -> tuple[str, ...]:
    """Return the names of the learning rules."""
    return registry.names(_HERE)


def load(name: str) -> Any:
    """Return the module of the rule `name`."""
    return registry.load(_HERE, name)


def version(name: str) -> int:
    """Return the version of the rule `name`, part of every id of its cells."""
    return load(name).VERSION


def uses_synthetic_gradients(name: str) -> bool:
    """Tell whether the rule `name` has synthetic-gradient models."""
    return load(name).SYNTHETIC
