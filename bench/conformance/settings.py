"""Settings: a rule on each network and kind of data that it trains, as cells of a few numbers.

Everything is small and float64: a program is made in milliseconds, and what should be equal is
equal to rounding.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .. import datasets, registry
from ..cell import Cell
from ..configuration import applicable
from ..contract import Hyperparameter, Rule
from ..datasets import Data, Episodes, Text

if TYPE_CHECKING:
    from ..families.family import Family

BATCH = 8
DATA = {
    "images": "digits",
    "counting": "counting_digits",
    "episodes": "copy",
    "text": "descriptions",
}
"""The dataset whose name cells have, by kind; what images and texts hold is drawn (`data`)."""
DEFAULTS: dict[str, Any] = {
    "split": "test",
    "iterations": 100,
    "batch_size": BATCH,
    "learning_rate": 0.02,
    "drops": (),
    "drop_factor": 0.1,
    "evaluate_every": 100,
    "precision": "float64",
}
SIZES: dict[str, Any] = {
    "depth": 4,
    "T": 2,
    "hidden_units": 6,
    "filters": 4,
    "kernel_size": 3,
    "sg_units": 7,
    "sg_scale": 3.0,
    "sg_factor": 0.5,
    "si_layers": 1,
    "si_units": 5,
    "p_update": 0.5,
    "solve_bits": 0.1,
    "solve_window": 10**6,
}
"""Fields that only some cells have."""
REPLICA_AXES = {"learning_rate": 0.01, "sg_scale": 5.0, "p_update": 0.7}
"""Second values of the fields that replicas of a program may differ in."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A rule on a network and a kind of data.

    Attributes:
        rule: the rule's declaration.
        family: the network's.
        network: the network's name.
        dataset: the dataset's name.
    """

    rule: Rule
    family: Family
    network: str
    dataset: str

    @property
    def kind(self) -> str:
        """The kind of the dataset."""
        return registry.DATASETS.declared(self.dataset).kind

    def __str__(self) -> str:
        several = len(self.family.data_kinds) > 1
        return f"{self.network} on {self.kind}" if several else self.network

    def baseline(self) -> Setting:
        """Return the setting with the family's baseline."""
        return replace(self, rule=baseline_of(self.family))

    def cell(self, seed: int = 0, *, second: bool = False, **changes: Any) -> Cell:
        """Return a small cell.

        Args:
            seed: its seed.
            second: whether all replica axes but the seed have their second values.
            changes: fields with other values.
        """
        own = {
            one.name: _value(one, second)
            for one in self.rule.hyperparameters
            if not one.optional or (second and one.replica_axis)
        }
        axes = REPLICA_AXES if second else {}
        least = max(SIZES["depth"], self.rule.least_depth)
        names = {"rule": self.rule.name, "network": self.network, "dataset": self.dataset}
        values = {
            **DEFAULTS,
            **SIZES,
            **axes,
            **own,
            **names,
            "depth": least,
            "sg_layers": 1 if self.rule.has_models else None,
            "patience": 0 if self.kind == "text" else None,  # images: no early stopping
            "seed": seed,
            **changes,
        }
        applies = applicable(values)
        refused = "decoupled" in changes  # by the family, in words of its own
        fit = {
            name: value
            for name, value in values.items()
            if applies.get(name, True) or (refused and name in ("decoupled", "p_update"))
        }
        return Cell.from_dict(fit)


def settings(rule: Rule) -> Iterator[Setting]:
    """Yield the settings of a rule: every network of its families, on every kind of data."""
    for name in rule.families:
        family: Any = registry.FAMILIES.declared(name)
        for network in rule.networks or family.networks:
            for kind in family.data_kinds:
                yield Setting(rule, family, network, DATA[kind])


def baseline_of(family: Family) -> Rule:
    """Return the baseline among the rules of a family: the package's own."""
    rules = [registry.RULES.declared(name) for name in registry.RULES.builtin_names()]
    return next(rule for rule in rules if rule.baseline and family.name in rule.families)


def _value(one: Hyperparameter, second: bool) -> float:
    """Return a value of a hyperparameter; a second one where it is a replica axis and `second`."""
    low = one.min if one.min is not None else one.above
    assert low is not None  # a rule's declaration is checked for it
    other = second and one.replica_axis
    if one.kind is int:
        return min(int(low) + 1 + other, int(one.max))
    if one.default is not None and not other:
        return one.default
    return low + min(0.25 if other else 0.5, (one.max - low) * (0.25 if other else 0.5))


@functools.cache
def data(kind: str) -> Data | Episodes | Text:
    """Return a few examples of a kind: noise, but for a generated task, which is itself."""
    import numpy as np

    rng = np.random.default_rng(0)
    if kind == "text":
        parts = [rng.integers(0, 5, size, np.uint8) for size in (400, 120, 120)]
        return Text(train=parts[0], valid=parts[1], test=parts[2], alphabet="abcde")
    if kind == "episodes":
        found = datasets.load(DATA[kind])
        assert isinstance(found, Episodes)
        return found

    def images() -> Any:
        return rng.integers(0, 17, (60, 2, 5, 5), dtype=np.uint8)

    return Data(
        train_images=images(),
        train_labels=rng.integers(0, 10, 60),
        test_images=images(),
        test_labels=rng.integers(0, 10, 60),
        classes=10,
        pixel_max=16,
    )
