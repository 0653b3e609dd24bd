"""What may be the cause of a difference between results of one cell: how their machines differ."""

from collections.abc import Sequence

from ..bench.outcome import MACHINE_DETAILS
from .record import Record

_KNOWN = ("device", "threads", "matmul", "replicas", "torch", "numpy", "python", "platform")
"""Fields that every record has."""
_OF_CPU, _OF_GPU = MACHINE_DETAILS[:2], MACHINE_DETAILS[2:]


def causes(records: Sequence[Record]) -> list[str]:
    """Return in what the machines and programs of some records differ, or are not known to agree.

    A line each: the property, and its value in each record.
    """
    found: list[str] = []
    for name in (*_OF_CPU, *_OF_GPU, *_KNOWN):
        values = [getattr(record, name) for record in records]
        if len(set(values)) > 1:
            found.append(f"{name}: {'; '.join(_words(value) for value in values)}")
    unknown = [name for name in _OF_CPU if not found and _unknown(name, records)]
    if unknown:
        found.append(f"{' and '.join(unknown)}: not recorded")
    return found


def _unknown(name: str, records: Sequence[Record]) -> bool:
    """Tell whether none of the records, of processors, has a property."""
    return all(getattr(record, name) is None and record.cuda is None for record in records)


def _words(value: object) -> str:
    return "not recorded" if value is None else str(value)
