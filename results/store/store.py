"""The store: a folder with one JSON file per cell and machine class. Everything else is derived.

records/      what was trained; how a file is written and read is said in `json_store`
timings/      how fast programs are (`timings`)
broken/       files that could not be read, moved here so that nothing trips on them again
checkpoints/  programs that were cut short
machines/     what was measured once about each machine
"""

from pathlib import Path

from ..record import Record
from ..timings import is_timings
from .codec import pack, unpack
from .json_store import JsonStore, StoredKind, short_hash


def encode(record: Record) -> bytes:
    """Return the line of JSON that stores `record`. Raises RecordError if it cannot be stored."""
    values = record.to_dict()
    Record.from_dict(values)  # what is written can be read back
    return pack("record", values)


def decode(data: bytes) -> Record:
    """Return the record that `data` stores.

    Raises RecordError if it is not whole, NewerSchemaError if it is whole and of a newer schema.
    """
    return Record.from_dict(unpack("record", data))


class Store(JsonStore[Record]):
    """The records in the folder `path`, which need not exist yet: an absent store is empty."""

    kind = StoredKind(
        folder="records",
        encode=encode,
        decode=decode,
        published=lambda name: not is_timings(name),
    )

    def record_path(self, id: str, machine_class: str) -> Path:  # noqa: A002
        """Return where the record of the cell `id` on such a machine lies."""
        return self.file_path(id, machine_class)

    def checkpoint_path(self, id: str, machine_class: str) -> Path:  # noqa: A002
        """Return where the checkpoint of the program `id` on such a machine lies."""
        return self.path / "checkpoints" / f"{id}.{short_hash(machine_class)}.pt"

    def checkpoints(self, machine_class: str | None) -> set[str]:
        """Return the ids of programs with a checkpoint of such a machine, of any where it is None.

        Whether a checkpoint is whole and of this version shows when a run reads it.
        """
        ending = ".pt" if machine_class is None else f".{short_hash(machine_class)}.pt"
        names = self._list(self.path / "checkpoints")
        return {name.partition(".")[0] for name in names if name.endswith(ending)}

    def machine_file(self, machine: str) -> Path:
        """Return where what was measured about `machine` lies."""
        return self.path / "machines" / f"{short_hash(machine)}.json"
