"""Epochs as a unit of schedules: `iterations = "100 epochs"`, in an exhibit's file and in `--set`.

An epoch is a pass over the training examples of the cell's split. A cell counts updates, so epochs
are turned into them when it is made (`expansion`), by its data set, split, batch size and last
batch: 100 epochs of MNIST in batches of 128 are 46,800 updates, or 46,900 where the last batch of a
pass is a smaller one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...bench import registry
from ...bench.configuration import coerce
from ...bench.declarations import held_out
from ...bench.errors import UsageError

FIELDS = ("iterations", "evaluate_every")
"""The fields of a cell that may be given in epochs."""
_TEXT = re.compile(r"([1-9][0-9]{0,8}) epochs?")


@dataclass(frozen=True, slots=True)
class Epochs:
    """A number of passes over the training examples, until it is known how many updates it is."""

    number: int

    def __str__(self) -> str:
        """Return the text that `parse` reads."""
        return f"{self.number} epoch{'' if self.number == 1 else 's'}"


def parse(field: str, text: str) -> Epochs | None:
    """Return the epochs that `text` writes; None where it is a value of another kind.

    Raises UsageError where the field counts updates and the text speaks of epochs otherwise.
    """
    if field not in FIELDS or "epoch" not in text.lower():
        return None
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"{field}={text}: write a whole number of epochs, as in '100 epochs', or of updates"
        )
    return Epochs(int(found[1]))


def coerce_schedule(field: str, value: Any) -> Any:
    """Return `value` as the field holds it, or as epochs; UsageError where it is neither."""
    found = parse(field, value) if isinstance(value, str) else value
    return found if isinstance(found, Epochs) else coerce(field, value)


def in_updates(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a cell with its epochs as updates.

    Raises UsageError where the data has no passes, or a batch is more than all its examples.
    """
    given = {name: value for name, value in values.items() if isinstance(value, Epochs)}
    if not given:
        return dict(values)
    first = f"{next(iter(given))}={next(iter(given.values()))}"
    per_epoch = updates_per_epoch(values, first)
    return {**values, **{name: value.number * per_epoch for name, value in given.items()}}


def training_examples(values: Mapping[str, Any]) -> int | None:
    """Return how many examples a cell trains on; None of data that has no passes over examples.

    Args:
        values: dataset, and where they are given split and patience.
    """
    dataset = registry.DATASETS.declared(values["dataset"])
    if dataset.kind != "images" or dataset.examples is None:
        return None
    examples = dataset.examples[0]
    return examples - (held_out(examples, values.get("split"), values.get("patience")) or 0)


def updates_per_epoch(values: Mapping[str, Any], given: str) -> int:
    """Return the updates in a pass over the training examples of a cell with these fields.

    Args:
        values: dataset, batch_size, and where they are given split and last_batch.
        given: the field and its value in epochs, for messages.
    """
    dataset, examples = values["dataset"], training_examples(values)
    if examples is None:
        raise UsageError(
            f"{given}: {dataset} is not trained on in passes over examples; give a number of"
            " updates"
        )
    size = values.get("batch_size")
    if size is None:
        raise UsageError(f"{given}: batch_size is missing; give it, or a number of updates")
    if size > examples:
        raise UsageError(
            f"{given}: batch_size={size} is more than the {examples:,} training examples of"
            f" {dataset}; give at most {examples}"
        )
    return -(-examples // size) if values.get("last_batch") == "smaller" else examples // size
