"""Stale records and files that nobody needs, as `status --stale` and `prune` list them."""

from collections.abc import Sequence
from typing import Any

from ...bench.errors import one_line
from ...results.store.pruning import Stale, Waste
from ..analysis.naming import cell_names, count, short_id


def stale_text(stale: Stale) -> str:
    """Return a stale record, and why it is stale, on one line."""
    record, why = stale.record, "; ".join(one_line(words) for words in stale.why)
    (name,) = cell_names([record])
    return f"{short_id(record.id)}  {record.exhibit}, scale {record.scale}: {name}  {why}"


def stale_values(stale: Stale) -> dict[str, Any]:
    """Return the JSON values of a stale record."""
    names = ("id", "key", "exhibit", "scale", "status", "machine_class", "finished")
    known = {name: getattr(stale.record, name) for name in names}
    return {**known, "why": list(stale.why), "older_code": stale.replaceable}


def stale_summary(found: Sequence[Stale], records: int, store: str) -> str:
    """Return how many of a store's records are stale, and what removes them."""
    words = f"{len(found):,} of {count(records, 'record')} in {store} are stale"
    old = sum(one.replaceable for one in found)
    return words + (f"; sgbench prune removes {old:,} of older code" if old else "")


def waste_text(waste: Waste, store: str) -> str:
    """Return a file of a store that nobody needs, and why, on one line."""
    return f"{waste.kind:13}  {waste.path}  {waste.why}".replace(f"{store}/", "", 1)


def waste_values(waste: Waste) -> dict[str, Any]:
    """Return the JSON values of a file that nobody needs."""
    return {
        "kind": waste.kind,
        "path": str(waste.path),
        "why": waste.why,
        "bytes": waste.bytes,
    }


def waste_size(found: Sequence[Waste]) -> str:
    """Return the number of files and their size."""
    return f"{count(len(found), 'file')}, {sum(one.bytes for one in found) / 1e6:,.1f} MB"
