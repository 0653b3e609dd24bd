"""Rules and datasets that a record names and that are not registered here.

An external rule or dataset, of a file or an installed package, is known only where it is given
again. Its records stay readable; what needs their cells leaves them out and says so.
"""

import functools
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

from ..bench.cell import Cell
from ..bench.configuration import FIELDS
from ..bench.registry import DATASETS, RULES


class NamesRuleAndDataset(Protocol):
    """A record or timing, as far as its exhibit, rule and dataset go."""

    @property
    def exhibit(self) -> str:
        """Name of the exhibit that it was made for."""
        ...

    @property
    def rule(self) -> str:
        """Name of its learning rule."""
        ...

    @property
    def dataset(self) -> str:
        """Name of its dataset."""
        ...

    @property
    def rule_source(self) -> str | None:
        """Hash of the rule's source; None for the package's own."""
        ...

    @property
    def dataset_source(self) -> str | None:
        """Hash of the dataset's source; None for the package's own."""
        ...


def unregistered(made: NamesRuleAndDataset) -> str | None:
    """Return which of its rule and dataset has no registered name, and the remedy."""
    if made.rule not in RULES.names():
        return f"rule {made.rule} is not registered; give its file with --rule-file"
    if made.dataset not in DATASETS.names():
        return f"dataset {made.dataset} is not registered; give its file with --dataset-file"
    return None


def missing(made: NamesRuleAndDataset) -> str | None:
    """Return which of its rule and dataset is not here as it was then, and the remedy."""
    return unregistered(made) or changed("rule", made) or changed("dataset", made)


def changed(kind: str, made: NamesRuleAndDataset) -> str | None:
    """Return that the source of its registered rule or dataset is another now, and the remedy.

    `kind` is `rule` or `dataset`.
    """
    source_hash = RULES.source_hash if kind == "rule" else DATASETS.source_hash
    name = getattr(made, kind)
    if source_hash(name) == getattr(made, f"{kind}_source"):
        return None
    return f"the source of {kind} {name} has changed; give its earlier file with --{kind}-file"


def cell_of(values: tuple[Any, ...], own: tuple[tuple[str, float], ...]) -> Cell:
    """Return the cell of a record's fields and hyperparameters, checked once: many ask for it."""
    return _cell(values, own, RULES.generation + DATASETS.generation)


@functools.lru_cache(maxsize=4096)
def _cell(values: tuple[Any, ...], own: tuple[tuple[str, float], ...], generation: int) -> Cell:
    del generation  # what was registered since may not have these fields
    return Cell.from_dict(dict(zip(FIELDS, values, strict=True)) | dict(own))


def left_out(made: Iterable[NamesRuleAndDataset], noun: str) -> list[str]:
    """Return a line for each reason why some cannot be used here, with how many they are."""
    reasons = Counter(reason for reason in map(missing, made) if reason is not None)
    return [
        f"{number:,} {noun}{'' if number == 1 else 's'} left out: {reason}"
        for reason, number in reasons.items()
    ]
