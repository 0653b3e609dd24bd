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


def entry(name: str) -> str:
    """Return which function of a rule trains the network `name`: step, unroll or cycle."""
    return {"lstm": "unroll", "two_lstms": "cycle"}.get(name, "step")
