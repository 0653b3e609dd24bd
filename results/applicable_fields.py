"""The fields of a record that apply to its cell. Free of torch."""

from ..bench import datasets
from ..bench.configuration import applicable
from .metrics import FIELDS_BY_KIND
from .record import Record, describe

_OF_SPLIT = {  # fields of one split; validation bits, which choose the weights, are on both
    "test": ("test_error", "test_loss", "test_bits"),
    "validation": ("validation_error", "validation_loss"),
}


def not_applying(record: Record) -> set[str]:
    """Return the fields that are null because they do not apply to the record's cell.

    A result applies to a cell that failed, too. Where the record's rule or dataset is not
    registered, all fields that are null are returned.
    """
    if not record.known:
        return {name for name, value, *_ in describe(record) if value is None or value == []}
    fits = applicable(record.configuration)
    found = {name for name, applies in fits.items() if not applies}
    kind = datasets.kind(record.dataset)
    found.update(*(names for of, names in FIELDS_BY_KIND.items() if of != kind))
    found.update(*(names for split, names in _OF_SPLIT.items() if split != record.split))
    found.add("tokens_per_second" if record.T is None else "examples_per_second")
    if record.stages is None:
        found |= {"pipeline", "timeline"}
    return found | ({"error"} if record.status == "ok" else set())
