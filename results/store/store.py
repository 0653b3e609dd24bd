"""The store: a folder with one JSON file per cell and machine class.

    records/      results of cells; `json_store` says how files are written and read
    timings/      speeds of programs (`timings`)
    studies/      searches of hyperparameters (`study`)
    checkpoints/  states of programs that were cut short
    machines/     the matrix-product back-end chosen for each machine (`backend_file`)
    broken/       files that could not be read

Everything else (data frames, tables, figures, pages) is derived from these files.
"""

from pathlib import Path

from ...bench.hardware import known_before
from ..files.codec import pack, unpack
from ..files.json_store import JsonStore, StoredKind, short_hash
from ..record import Record
from ..timings import is_timings

USUAL = ".sgbench"
"""The store where none is named, in the folder one is in."""


def encode(record: Record) -> bytes:
    """Return the line of JSON that stores `record`. Raises RecordError if it cannot be stored."""
    values = record.to_dict()
    Record.from_dict(values)  # what is written can be read back
    return pack("record", values)


def decode(data: bytes) -> Record:
    """Return the record that the line `data` stores.

    Raises RecordError where the line is incomplete or changed, NewerSchemaError where the record is
    of a newer schema.
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
        """Return the path of the record of the cell `id` on that class of machines."""
        return self.file_path(id, machine_class)

    def checkpoint_path(self, id: str, machine_class: str) -> Path:  # noqa: A002
        """Return the path of the checkpoint of the cell `id` on that class of machines.

        One that an earlier version left, which knew less of a machine, goes on under its own name.
        """
        path, before = (
            self.path / "checkpoints" / f"{id}.{short_hash(name)}.pt"
            for name in (machine_class, known_before(machine_class))
        )
        return before if before.exists() and not path.exists() else path

    def checkpoints(self, machine_class: str | None) -> set[str]:
        """Return the ids of cells with a checkpoint of that machine class; None: of any class.

        Whether a checkpoint is complete and of this version shows only when a run reads it.
        """
        endings = (".pt",)
        if machine_class is not None:
            classes = (machine_class, known_before(machine_class))
            endings = tuple(f".{short_hash(name)}.pt" for name in classes)
        names = self._list(self.path / "checkpoints")
        return {name.partition(".")[0] for name in names if name.endswith(endings)}

    def machine_file(self, machine: str) -> Path:
        """Return the path of the back-end choice of `machine`."""
        return self.path / "machines" / f"{short_hash(machine)}.json"
