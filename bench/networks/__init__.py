"""The networks, one file each; the folder is the registry."""

import sys
from typing import Any

from .. import registry

_HERE = sys.modules[__name__]


def names() -> tuple[str, ...]:
    """Return the names of the networks."""
    return registry.names(_HERE)


def load(name: str) -> Any:
    """Return the module of the network `name`."""
    return registry.load(_HERE, name)


def recurrent(name: str) -> bool:
    """Tell whether the network `name` is unrolled over time, without loading it."""
    return name == "lstm"
