"""What `merge` has done, as text."""

import json

from ...results.store.merge import Conflict, Merged
from ..analysis.naming import count, short_id


def summary(merged: Merged) -> str:
    """Return how many records and other files were merged, on one line."""
    words = [
        f"{count(merged.added, 'record')} added",
        f"{merged.replaced:,} replaced",
        f"{merged.kept:,} already there",
    ]
    if merged.checkpoints:
        words.append(count(merged.checkpoints, "checkpoint"))
    if merged.studies:
        words.append("1 study" if merged.studies == 1 else f"{merged.studies:,} studies")
    return ", ".join(words)


def conflict_text(conflict: Conflict) -> str:
    """Return a cell whose results differ, with the values in each store."""
    place = f"{conflict.exhibit}, scale {conflict.scale}, on {conflict.machine_class}"
    lines = [f"{short_id(conflict.id)}  {place}"]
    for name, values in conflict.values.items():
        for store, value in zip(conflict.stores, values, strict=True):
            lines.append(f"  {name:16} {json.dumps(value)}  {store}")
    lines += [f"  may be the cause: {cause}" for cause in conflict.causes]
    return "\n".join(lines)
