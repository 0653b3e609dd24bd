"""A study: the declaration of a search of hyperparameters and its trials, one file of the store.

    studies/<name>.json    {"checksum": …, "study": {…}}

The file holds the declaration and the parameters of each trial in order, written before the trial
is trained; it is replaced as a whole. Results of trials are in the records of their cells and
nowhere else, so a study is derived from its file and the records, and Optuna stores nothing. Where
the file is lost, `sgbench tune --rebuild` restores it from the records. Free of Optuna.
"""

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ...bench.cell import canonical_json
from ...bench.errors import StoreError, UsageError, did_you_mean
from ..files.atomic_io import reason, write_atomic, writing
from ..files.codec import checksum, unpack
from ..files.schema import RecordError, check_items, check_object, json_types
from .store import Store

FORMAT = 1
MAY_CHANGE = ("trials", "fresh")
"""Fields of a declaration that may differ when a study is continued."""
_NAME = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The declaration of a search, and the parameters of its trials.

    Attributes:
        format: version of the file's form.
        name: the study's name.
        exhibit: the exhibit that is tuned.
        scale: its scale.
        where: the text of `--where`.
        set: the texts of `--set`.
        space: by field, the text of `--space`.
        trials: number of trials of each arm; an arm is what is compared, mostly a rule.
        seeds: number of seeds of a trial, counted from 0.
        fresh: number of further seeds on which the best trial is trained again.
        sampler: chooses the parameters of a trial.
        pruner: ends trials that are not worth their time.
        asked: by the arm's label, the parameters of its trials.
    """

    format: int = FORMAT
    name: str
    exhibit: str
    scale: str
    where: str
    set: list[str]
    space: dict[str, str]
    trials: int
    seeds: int
    fresh: int
    sampler: str
    pruner: str
    asked: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])

    def asking(self, arm: str, params: Mapping[str, Any]) -> "Study":
        """Return the study with one more trial of an arm, of the parameters `params`."""
        trials = [*self.asked.get(arm, ()), dict(params)]
        return dataclasses.replace(self, asked={**self.asked, arm: trials})

    def difference(self, other: "Study") -> str | None:
        """Return in words how another declaration differs; None where it does not."""
        for spec in dataclasses.fields(self):
            mine, theirs = getattr(self, spec.name), getattr(other, spec.name)
            if spec.name not in ("format", "name", "asked", *MAY_CHANGE) and mine != theirs:
                return f"{spec.name} is {_words(mine)} there, not {_words(theirs)}"
        return None


def _words(value: Any) -> str:
    if isinstance(value, dict):
        items = cast("dict[str, str]", value).items()
        return " ".join(f"{name}={text}" for name, text in items) or "nothing"
    return (" ".join(cast("list[str]", value)) if isinstance(value, list) else str(value)) or (
        "nothing"
    )


def check_name(name: str) -> str:
    """Return `name` if a study can have it; UsageError otherwise."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"--study {name!r}: a name has up to 100 letters, digits, . _ + and -, and does not"
            " begin with a dot"
        )
    return name


def names(store: Store) -> list[str]:
    """Return the names of the studies in a store, sorted. Raises StoreError."""
    folder, ending = _location(store)
    try:
        found = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StoreError(f"store {store.path} cannot be read: {reason(error)}") from error
    stems = (name.removesuffix(ending) for name in found if name.endswith(ending))
    return sorted(stem for stem in stems if _NAME.fullmatch(stem))


def load(store: Store, name: str) -> Study:
    """Return the study `name`.

    Raises UsageError where there is none, StoreError where its file cannot be read or is broken.
    """
    path = study_path(store, check_name(name))
    try:
        return decode(path.read_bytes())
    except FileNotFoundError:
        known = names(store)
        tail = did_you_mean(name, known) if known else "; sgbench tune makes one"
        raise UsageError(f"--study {name}: there is no such study in {store.path}{tail}") from None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {reason(error)}") from error
    except RecordError as error:
        raise StoreError(
            f"{path} is broken ({error}); the same sgbench tune with --rebuild makes it again"
            " from the records"
        ) from error


def save(store: Store, study: Study) -> None:
    """Write a study's file, durably. Raises StoreError (not writable, full)."""
    with writing(store.path):
        write_atomic(study_path(store, study.name), encode(study))


def study_path(store: Store, name: str) -> Path:
    """Return the path of the file of the study `name`."""
    folder, ending = _location(store)
    return folder / f"{name}{ending}"


def _location(store: Store) -> tuple[Path, str]:
    """Return the folder of a store's studies and the suffix of their files."""
    return (store.path, ".study.json") if store.read_only else (store.path / "studies", ".json")


def encode(study: Study) -> bytes:
    """Return the content of the file of `study`."""
    values = dataclasses.asdict(study)
    body = {"checksum": checksum(canonical_json(values).encode()), "study": values}
    return json.dumps(body, indent=1, allow_nan=False).encode() + b"\n"


def decode(data: bytes) -> Study:
    """Return the study that a file's content holds; RecordError where that cannot be used."""
    values = unpack("study", data)
    if type(values) is dict and cast("dict[str, Any]", values).get("format") != FORMAT:
        raise RecordError(f"its format is not {FORMAT}: another version of sgbench wrote it")
    fields = check_object("study", values, json_types(Study))
    check_items("study.set", fields["set"], frozenset({str}))
    check_items("study.space", fields["space"].values(), frozenset({str}))
    check_items("study.asked", fields["asked"].values(), frozenset({list}))
    for trials in fields["asked"].values():
        check_items("study.asked", trials, frozenset({dict}))
    return Study(**fields)
