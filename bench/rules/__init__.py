"""The learning rules, one file each; the folder is the registry.

A rule's module has `VERSION` (raised when what it computes changes), `SYNTHETIC` (it has
synthetic-gradient models) and, for the networks that it trains:

    step(network, x, labels)            feed-forward: writes every gradient of one update;
                                        with `CONDITIONED` (M also sees the label), `TRAINS_HIDDEN`
    unroll(network, inputs, targets)    recurrent: the same, of T steps; with `AUXILIARY` (the
                                        core also predicts coming synthetic gradients)
    cycle(program, digits, odd, threes) two networks: one cycle of T * T steps, updates included

`UNLOCKS` is true where a layer can be active or idle on its own (the cell's `decoupled`).

It imports no torch when loaded, so that a cell's identity can be computed without.
"""

import functools
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


def unlocks(name: str) -> bool:
    """Tell whether the rule `name` can train decoupled layers, each active or idle on its own."""
    return getattr(load(name), "UNLOCKS", False)


@functools.cache
def names_for(entry: str) -> tuple[str, ...]:
    """Return the names of the rules that have the function `entry`: step, unroll or cycle."""
    return tuple(name for name in names() if hasattr(load(name), entry))
