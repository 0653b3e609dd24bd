"""Declarations of data sets and of families of networks. Free of torch."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .errors import UsageError, did_you_mean

DATA_KINDS = ("images", "counting", "episodes", "text")
"""images: labelled images; counting: streams of labelled digits to be counted; episodes: a task
that is generated, with a curriculum; text: characters to predict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """The declaration of a data set.

    Attributes:
        name: the module's name.
        label: how tables write it.
        kind: of `DATA_KINDS`.
        version: raised when what is loaded from the same files changes.
        canonical: hash of the published content, 16 hexadecimal digits.
        shape: [C, H, W] of an image (images, counting).
        classes: number of classes (images, counting, episodes).
        examples: training and test images (images, counting).
        pixel_max: the largest value of a pixel (images, counting).
        symbols: size of the input vocabulary (episodes, text).
        characters: of the training, validation and test parts (text).
        files_of: the data set whose files these are in another use; None where it has its own.
    """

    name: str
    label: str
    kind: str
    version: int
    canonical: str
    shape: tuple[int, int, int] | None = None
    classes: int | None = None
    examples: tuple[int, int] | None = None
    pixel_max: int | None = None
    symbols: int | None = None
    characters: tuple[int, int, int] | None = None
    files_of: str | None = None


NEEDED = {
    "images": ("shape", "classes", "examples", "pixel_max"),
    "counting": ("shape", "classes", "examples", "pixel_max"),
    "episodes": ("symbols", "classes"),
    "text": ("symbols", "characters"),
}
"""The fields that a declaration must have, by kind."""


def checked_dataset(name: str, module: Any) -> Dataset:
    """Return the declaration of the data set in `module`; UsageError where it is wrong."""
    found = getattr(module, "DATASET", None)
    if not isinstance(found, Dataset):
        raise UsageError(
            f"dataset {name} lacks DATASET = Dataset(name={name!r}, …): a"
            " sgbench.bench.declarations.Dataset"
        )
    if found.name != name:
        raise UsageError(f"dataset {name}: DATASET.name is {found.name!r}; it is the file's name")
    if found.kind not in DATA_KINDS:
        raise UsageError(
            f"dataset {name}: kind {found.kind!r}{did_you_mean(found.kind, DATA_KINDS)}"
        )
    missing = [field for field in NEEDED[found.kind] if getattr(found, field) is None]
    if missing:
        raise UsageError(f"dataset {name}: DATASET lacks {', '.join(missing)}")
    if not callable(getattr(module, "load", None)):
        raise UsageError(f"dataset {name} lacks the function load(folder)")
    return found


class Family(Protocol):
    """A family of networks, as far as a cell's configuration goes; `families` has the rest.

    The functions take a cell's fields by name.

    Attributes:
        name: the package's name.
        label: how messages write it.
        networks: the names of its networks.
        reads: the kinds of data sets that they are trained on.
    """

    name: str
    label: str
    networks: tuple[str, ...]
    reads: tuple[str, ...]

    def fields(self, values: Mapping[str, Any]) -> Collection[str]:
        """Return those fields of the ones that only some cells have that such a cell has."""
        ...

    def refuse(self, values: Mapping[str, Any]) -> None:
        """Raise UsageError where the fields do not fit one another."""
        ...

    def data_steps(self, values: Mapping[str, Any]) -> int:
        """Return the steps of data in an iteration."""
        ...

    def protocol_version(self, values: Mapping[str, Any]) -> int:
        """Return the version of the code that trains such a cell."""
        ...


def checked_family(name: str, module: Any) -> Family:
    """Return the family in `module`; UsageError where it declares none."""
    found = getattr(module, "FAMILY", None)
    if getattr(found, "name", None) != name:
        raise UsageError(f"family {name} lacks FAMILY, with that name")
    assert found is not None
    return found
