"""Declarations of datasets and of families of networks. Free of torch."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from .errors import UsageError, did_you_mean

DATA_KINDS = ("images", "counting", "episodes", "text")
"""images: labelled images; counting: streams of labelled digits to be counted; episodes: a task
that is generated, with a curriculum; text: characters to predict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """The declaration of a dataset.

    Attributes:
        name: the module's name.
        label: how tables write it.
        kind: of `DATA_KINDS`.
        version: raised when what is loaded from the same files changes.
        canonical: hash of the published content, 16 hexadecimal digits; empty where none is
            published.
        shape: [C, H, W] of an image (images, counting).
        classes: number of classes (images, counting, episodes).
        examples: training and test images (images, counting).
        pixel_max: the largest value of a pixel (images, counting).
        symbols: size of the input vocabulary (episodes, text).
        characters: of the training, validation and test parts (text).
        files_of: the dataset whose files these are in another use; None where it has its own.
    """

    name: str
    label: str
    kind: str
    version: int
    canonical: str = ""
    shape: tuple[int, int, int] | None = None
    classes: int | None = None
    examples: tuple[int, int] | None = None
    pixel_max: int | None = None
    symbols: int | None = None
    characters: tuple[int, int, int] | None = None
    files_of: str | None = None

    def need(self, name: str) -> Any:
        """Return the attribute `name`; UsageError where it is not declared."""
        found = getattr(self, name)
        if found is None:
            raise UsageError(f"dataset {self.name}: DATASET lacks {name}")
        return found


NEEDED = {
    "images": ("shape", "classes", "examples", "pixel_max"),
    "counting": ("shape", "classes", "examples", "pixel_max"),
    "episodes": ("symbols", "classes"),
    "text": ("symbols", "characters"),
}
"""The fields that a declaration must have, by kind."""
SIZES = {
    "version": (0, 10**9),
    "shape": (3, 10**6),
    "classes": (0, 10**6),
    "examples": (2, 10**9),
    "pixel_max": (0, 255),
    "symbols": (0, 10**6),
    "characters": (3, 10**12),
}
"""The numbers that each field has (0: one, and no tuple), and the largest; the smallest is 1."""


def checked_dataset(name: str, module: Any) -> Dataset:
    """Return the declaration of the dataset in `module`; UsageError where it is wrong."""
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
    for field in ("label", *SIZES):
        problem = _problem(field, getattr(found, field))
        if problem:
            raise UsageError(f"dataset {name}: {problem}")
    if not callable(getattr(module, "load", None)):
        raise UsageError(f"dataset {name} lacks the function load(folder)")
    return found


def _problem(field: str, value: Any) -> str:
    """Return what is wrong with an attribute of a declaration; nothing where it is right."""
    if field == "label":
        right = isinstance(value, str) and bool(value.strip())
        return "" if right else f"DATASET.label={value!r} must be a few words"
    count, most = SIZES[field]
    numbers = cast("tuple[object, ...]", value if count else (value,))
    whole = (
        isinstance(value, tuple) == bool(count)
        and len(numbers) == (count or 1)
        and all(isinstance(n, int) and type(n) is int and 1 <= n <= most for n in numbers)
    )
    if value is None or whole:
        return ""
    words = f"{count} whole numbers" if count else "a whole number"
    return f"DATASET.{field}={value!r} must be {words} from 1 to {most:,}"


def held_out(examples: int, split: str | None, patience: int | None) -> int | None:
    """Return how many of the last training images, a sixth, are held out; None where none are.

    They are its validation split, or decide when training ends.
    """
    return examples // 6 if split == "validation" or patience is not None else None


class FamilyDeclaration(Protocol):
    """A family of networks, as far as a cell's configuration goes; `families` has the rest.

    The functions take a cell's fields by name.

    Attributes:
        name: the package's name.
        label: how messages write it.
        networks: the names of its networks.
        data_kinds: the kinds of datasets that they are trained on.
    """

    name: str
    label: str
    networks: tuple[str, ...]
    data_kinds: tuple[str, ...]

    def fields(self, values: Mapping[str, Any]) -> Collection[str]:
        """Return those fields of the ones that only some cells have that such a cell has."""
        ...

    def check(self, values: Mapping[str, Any]) -> None:
        """Raise UsageError where the fields do not fit one another."""
        ...

    def data_steps(self, values: Mapping[str, Any]) -> int:
        """Return the steps of data in an iteration."""
        ...

    def training_version(self, values: Mapping[str, Any]) -> int:
        """Return the version of the code that trains such a cell."""
        ...


def checked_family(name: str, module: Any) -> FamilyDeclaration:
    """Return the family in `module`; UsageError where it declares none."""
    found = getattr(module, "FAMILY", None)
    if getattr(found, "name", None) != name:
        raise UsageError(f"family {name} lacks FAMILY, with that name")
    assert found is not None
    return found
