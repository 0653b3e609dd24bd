"""What `status --stale` says of a record, as text and as JSON values."""

from typing import Any

from ...bench.errors import UsageError
from ...results.store.pruning import Stale
from ..console.terminal import cell_names, short_id
from ..tables.table import plain


def text(stale: Stale) -> str:
    """Return a stale record, and why it is, on a line."""
    record, why = stale.record, "; ".join(plain(words) for words in stale.why)
    try:
        (name,) = cell_names([record.cell])
    except UsageError:  # its rule is not there
        name = f"{record.dataset} {record.network} {record.rule} seed {record.seed}"
    return f"{short_id(record.id)}  {record.exhibit}, scale {record.scale}: {name}  {why}"


def values(stale: Stale) -> dict[str, Any]:
    """Return what `text` tells, and more, as JSON values."""
    names = ("id", "key", "exhibit", "scale", "status", "machine_class", "finished")
    known = {name: getattr(stale.record, name) for name in names}
    return {**known, "why": list(stale.why), "older_code": stale.replaceable}
