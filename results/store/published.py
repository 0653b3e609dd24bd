"""Published records: those that come with the package, as a store that can only be read."""

from collections.abc import Iterable
from pathlib import Path

from ..files.json_store import publish_lines
from ..record import Record
from .store import Store, encode

PUBLISHED = Path(__file__).parents[1] / "published"


def open_published() -> Store:
    """Return the records that come with the package; they can only be read.

    It stands wherever a store is read. Timings and studies are in the same folder: open them with
    the store's `path` and `read_only`.
    """
    return Store(PUBLISHED, read_only=True)


def publish(records: Iterable[Record], folder: Path) -> list[Path]:
    """Write `records` into `folder`, a file per exhibit and scale; return the files.

    The same records give the same bytes, whatever their order. Raises StoreError.
    """
    return publish_lines(records, folder, lambda r: f"{r.exhibit}.{r.scale}.jsonl", encode)
